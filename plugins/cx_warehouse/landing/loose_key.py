"""The key of a record that is broken elsewhere: a walk that met it knows then that this key still exists."""

from __future__ import annotations

import json
from typing import Any, get_args, get_type_hints

import msgspec

from cx_warehouse.connectors.base import RecordContract


def loose_key(contract: type[RecordContract], raw: bytes) -> str | None:
    """The key by the contract's own rule, from those fields alone that the rule asks for. None where they cannot be
    read, or are not what they have to be: a key that may be wrong is worse than none."""
    try:
        fields = json.loads(raw.decode("utf-8", "replace"))
        key = contract.key(_Loose(contract, fields))  # type: ignore[arg-type]
        key.encode()
    except (msgspec.MsgspecError, ValueError, AttributeError, TypeError, KeyError, IndexError, RecursionError):
        return None
    return key if key and "\0" not in key and "\ufffd" not in key else None


class _Loose:
    """Stands in for a record of `kind`: a field is read and judged only when it is asked for."""

    def __init__(self, kind: type[msgspec.Struct], fields: Any) -> None:
        self._kind, self._fields = kind, fields

    def __getattr__(self, name: str) -> Any:
        field = next((field for field in msgspec.structs.fields(self._kind) if field.name == name), None)
        if field is None or not isinstance(self._fields, dict):
            raise AttributeError(name)
        if field.encode_name not in self._fields and field.default is not msgspec.NODEFAULT:
            return field.default
        value, wanted = self._fields[field.encode_name], get_type_hints(self._kind)[name]
        for kind in (wanted, *get_args(wanted)):
            if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                return _Loose(kind, value)
        # An id that has become text, or was text and has become a number, is the same id.
        if wanted is str and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return msgspec.convert(value, wanted, strict=False)
