"""Faults in the records: what happens at the vendor to the records of a page that was just served.

Each is a true change of what the vendor holds: later answers agree with it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.faults import Hit
from sandbox.vendor_faults import Asked, Edit, ListPage, Path

if TYPE_CHECKING:
    from sandbox.world import World

BULK = 10_001
FIRST_NEW_ID = 70_000_000_000
Record = dict[str, Any]


def edit(world: World, listed: ListPage, asked: Asked, body: bytes, hit: Hit) -> Edit | None:
    """What a kind does to the records of a page; None where it cannot be done to this one."""
    try:
        decoded = json.loads(body)
        rows = (decoded.get(listed.records) if listed.records else decoded) or []
    except (ValueError, RecursionError, AttributeError):
        return None
    records = [row for row in rows if isinstance(row, dict) and not listed.is_gone(row)]
    dice, kind = hit.dice(), hit.fault.kind
    if kind in listed.instead:
        return listed.instead[kind](world, asked, records, dice)
    if not records:
        return None
    change = _Change(listed, world.now(), dice, hit.fault.count or BULK)
    made = _CHANGES[kind](change, records)
    if made is None:
        return None
    what, changed = made
    encoded = [listed.wrap(asked, json.dumps(record, ensure_ascii=False).encode()) for record in changed]
    return Edit(what, listed.stream, encoded)


class _Change:
    """Makes changed records. The time of the change is always now, as the vendor writes it."""

    def __init__(self, listed: ListPage, now: datetime, dice: random.Random, count: int) -> None:
        self.listed, self.now, self.dice, self.count = listed, now, dice, count

    def one(self, records: list[Record]) -> Record:
        record = copy.deepcopy(self.dice.choice(records))
        self.touch(record)
        return record

    def touch(self, record: Record) -> None:
        for path in self.listed.times:
            held = _get(record, path)
            if held is not None:
                _set(record, path, stamp(self.now, held))

    def name(self, record: Record) -> str:
        return str(_get(record, self.listed.ids[0]))

    def fields(self, record: Record) -> list[Path]:
        """The fields that have a value and that neither identify the record nor date it."""
        kept = {*self.listed.ids, *self.listed.times}
        found: list[Path] = []
        for name, value in record.items():
            if isinstance(value, dict) and any(path[0] == name for path in kept):
                found += [(name, inner) for inner, held in value.items() if held is not None]
            elif value is not None:
                found.append((name,))
        return [path for path in found if path not in kept and path != ("archived",)]

    def renumber(self, record: Record, new: int) -> None:
        for path in self.listed.ids:
            held = _get(record, path)
            if held is not None:
                _set(record, path, new if isinstance(held, int) else str(new))


def _changed(change: _Change, records: list[Record]) -> tuple[str, list[Record]] | None:
    record = change.one(records)
    before = _get(record, change.listed.text)
    _set(record, change.listed.text, f"{before or ''} (edited {change.dice.randrange(10**6)})".strip())
    return f"{change.listed.stream} {change.name(record)} changed", [record]


def _deleted(change: _Change, records: list[Record]) -> tuple[str, list[Record]] | None:
    record = change.one(records)
    assert change.listed.delete is not None
    change.listed.delete(record, stamp(change.now, ""))
    return f"{change.listed.stream} {change.name(record)} deleted", [record]


def _new_field(change: _Change, records: list[Record]) -> tuple[str, list[Record]] | None:
    record = change.one(records)
    name = f"new_field_{change.dice.randrange(1_000)}"
    record[name] = {"since": stamp(change.now, ""), "values": [1, "two", None]}
    return f"{change.listed.stream} {change.name(record)} has {name}", [record]


def _type_flip(change: _Change, records: list[Record]) -> tuple[str, list[Record]] | None:
    record = change.one(records)
    paths = change.fields(record)
    if not paths:
        return None
    path = change.dice.choice(paths)
    before = _get(record, path)
    _set(record, path, {"value": before} if isinstance(before, (str, list)) else str(before))
    return f"{change.listed.stream} {change.name(record)}: {'.'.join(path)} has another type", [record]


def _renamed(change: _Change, records: list[Record]) -> tuple[str, list[Record]] | None:
    record = change.one(records)
    paths = change.fields(record)
    if not paths:
        return None
    path = change.dice.choice(paths)
    parent = _get(record, path[:-1]) if path[:-1] else record
    parent[f"{path[-1]}_v2"] = parent.pop(path[-1])
    return f"{change.listed.stream} {change.name(record)}: {'.'.join(path)} is {path[-1]}_v2 now", [record]


def _reused(change: _Change, records: list[Record]) -> tuple[str, list[Record]] | None:
    if len(records) < 2:
        return None
    former, other = change.dice.sample(records, 2)
    record = copy.deepcopy(other)
    for path in change.listed.ids:
        held = _get(former, path)
        if held is not None:
            _set(record, path, held)
    change.touch(record)
    return f"{change.listed.stream} {change.name(former)} is another one now", [record]


def _bulk(change: _Change, records: list[Record]) -> tuple[str, list[Record]] | None:
    like = change.one(records)
    first = FIRST_NEW_ID + change.dice.randrange(10**6) * 10**6
    made = []
    for number in range(first, first + change.count):
        record = copy.deepcopy(like)
        change.renumber(record, number)
        made.append(record)
    return f"{change.count} {change.listed.stream} of one instant", made


_CHANGES: dict[str, Callable[[_Change, list[Record]], tuple[str, list[Record]] | None]] = {
    "changed_during_walk": _changed,
    "deleted_during_walk": _deleted,
    "new_field": _new_field,
    "type_flip": _type_flip,
    "renamed_field": _renamed,
    "reused_id": _reused,
    "same_timestamp_10k": _bulk,
}


def stamp(now: datetime, like: Any) -> Any:
    """A time as the vendor writes it: seconds since 1970 where a number stood, else ISO 8601 with Z."""
    if isinstance(like, (int, float)):
        return int(now.timestamp())
    timespec = "milliseconds" if "." in str(like) else "seconds"
    return now.isoformat(timespec=timespec).replace("+00:00", "Z")


def _get(record: Any, path: Path) -> Any:
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _set(record: Record, path: Path, value: Any) -> None:
    for name in path[:-1]:
        record = record[name]
    record[path[-1]] = value
