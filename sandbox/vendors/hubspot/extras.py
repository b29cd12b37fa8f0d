"""Records put in by hand: served as the bytes they are, in the place that their id gives them, if they have one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sandbox.vendors.hubspot.search import comparable
from sandbox.vendors.hubspot.wire import MODIFIED

# Records without a readable id come after all others; their place is as good as an id for paging.
FIRST_LOOSE = 10**18
MAINTAINED = {"hs_object_id", *MODIFIED.values()}
JUST_NOW = "9999-12-31T23:59:59Z"


@dataclass(frozen=True)
class Extra:
    """One record. `number` is its id or, for a loose one, its place; `fields` is what could be read of it."""

    body: bytes
    number: int
    fields: dict[str, Any]

    @property
    def is_loose(self) -> bool:
        """Whether the record has no readable id."""
        return self.number >= FIRST_LOOSE

    @property
    def is_archived(self) -> bool:
        """Whether it belongs into the archived list."""
        return self.fields.get("archived") is True

    def value(self, kind: str, name: str) -> Any:
        """A property as search compares it."""
        if name == "hs_object_id":
            return self.number
        properties = self.fields.get("properties")
        held = properties.get(name) if isinstance(properties, dict) else None
        if name != MODIFIED[kind]:
            return held
        changed = held if held is not None else self.fields.get("updatedAt")
        # one without a readable time counts as just changed: else no search would ever serve it
        return changed if isinstance(changed, str) and comparable(changed)[0] == 0 else JUST_NOW

    def found(self, filtered: set[str]) -> bool:
        """Whether a search by id and time finds it though it has no id to compare, so that it is served."""
        return self.is_loose and filtered <= MAINTAINED


def read_extras(bodies: Sequence[bytes], *, id_of: str = "id") -> dict[int, Extra]:
    """The records by number; a later record of the same id replaces the earlier. `id_of` "from" reads `from.id`."""
    extras: dict[int, Extra] = {}
    for place, body in enumerate(bodies):
        fields = _fields(body)
        near = fields.get("from")
        held = near.get("id") if id_of == "from" and isinstance(near, dict) else fields.get(id_of)
        readable = isinstance(held, str) and held.isascii() and held.isdigit() and len(held) < 18
        number = int(held) if readable and isinstance(held, str) else FIRST_LOOSE + place
        extras[number] = Extra(body, number, fields)
    return extras


def loose(extras: Iterable[Extra]) -> list[Extra]:
    """Those without a readable id."""
    return [extra for extra in extras if extra.is_loose]


def _fields(body: bytes) -> dict[str, Any]:
    """The record's fields; of one that cannot be read as a whole those that can: its id still gives it its place."""
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _readable(body)
    return decoded if isinstance(decoded, dict) else {}


def _readable(body: bytes) -> dict[str, Any]:
    fields = {}
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        for name, value in msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items():
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                fields[name] = msgspec.json.decode(value)
    return fields
