"""The little that a walk has to know of a record, read without trusting it: landing is what judges it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

_ID = re.compile(r"[0-9]{1,19}")


class Glance(msgspec.Struct, frozen=True, rename="camel"):
    """A CRM object's id, times and merged ids, of whatever types they came in."""

    id: Any = None
    updated_at: Any = None
    archived: Any = None
    archived_at: Any = None
    properties: Any = None

    def number(self) -> int | None:
        """The record's id, if it is one."""
        return int(self.id) if isinstance(self.id, str) and _ID.fullmatch(self.id) else None

    def changed_at(self) -> datetime | None:
        """When the record last changed, or was archived; None where it does not say so properly."""
        try:
            moment = msgspec.convert(self.archived_at if self.archived is True else self.updated_at, datetime)
        except msgspec.ValidationError:
            return None
        return moment if moment.tzinfo else None

    def merged_ids(self) -> tuple[str, ...]:
        """Ids of the records that were merged into this one and are gone."""
        merged = self.properties.get("hs_merged_object_ids") if isinstance(self.properties, dict) else None
        if not isinstance(merged, str):
            return ()
        return tuple(part for part in merged.split(";") if _ID.fullmatch(part) and part != self.id)


_decoder = msgspec.json.Decoder(Glance)
_UNREADABLE = Glance()


def glance(record: bytes | Raw) -> Glance:
    """Look at a record. One that cannot be read has no id and no time."""
    try:
        return _decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _UNREADABLE


def ids(records: Iterable[bytes | Raw]) -> list[str]:
    """The ids of the records that have one."""
    return [str(number) for record in records if (number := glance(record).number()) is not None]
