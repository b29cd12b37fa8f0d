"""What people add, change and delete by hand between two nights, beside the company's own life; and what breaks."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chaos.compare import Malformed
from sandbox.ledger import Ledger
from sandbox.world import World

Record = dict[str, Any]
FIRST_NUMBER = 7_000_000_000  # of records added here: no vendor's own ids reach so far
ADDED, CHANGED, DELETED = 3, 2, 1  # a night and stream
# What cannot be landed, though the page around it is whole. The first two do not even say who they are: such a record
# proves nothing about any other, so in a stream that is restated by parts the deletions of its part would wait for it.
KEYLESS = 2
BROKEN = (
    '{"%s": %s, "note": "\\ud800"}',
    '{"%s": %s, "depth": ' + "[" * 1_500 + "]" * 1_500 + "}",
    '{"%s": %s, "size": 1e400000}',
    '{"%s": %s}',
    '{"%s": %s, "created_at": "yesterday", "createdAt": "yesterday", "landed_at": 7}',
)


@dataclass(frozen=True)
class Shape:
    """How a vendor's record of a stream is made from another one: its id, its time of change, a text, its end."""

    identity: Callable[[int], tuple[str, str]]  # the field that holds the id, and its JSON
    number: Callable[[Record, int], None]
    touch: Callable[[Record, datetime], None]
    write: Callable[[Record, str], None]
    delete: Callable[[Record, datetime], None] | None = None


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text_id(name: str) -> Callable[[int], tuple[str, str]]:
    return lambda number: (name, f'"{number}"')


def _zendesk(text: str, delete: Callable[[Record, datetime], None] | None) -> Shape:
    def touch(record: Record, at: datetime) -> None:
        record["updated_at"] = _iso(at)
        if "generated_timestamp" in record:
            record["generated_timestamp"] = int(at.timestamp())

    return Shape(
        lambda number: ("id", str(number)),
        lambda record, number: record.update(id=number),
        touch,
        lambda record, said: record.update({text: said}),
        delete,
    )


def _hubspot(text: str, modified: str) -> Shape:
    def number(record: Record, number: int) -> None:
        record["id"] = record["properties"]["hs_object_id"] = str(number)
        record["properties"]["hs_merged_object_ids"] = None

    def touch(record: Record, at: datetime) -> None:
        record["updatedAt"] = record["properties"][modified] = _iso(at)

    def delete(record: Record, at: datetime) -> None:
        record.update(archived=True, archivedAt=_iso(at))

    return Shape(_text_id("id"), number, touch, lambda record, said: record["properties"].update({text: said}), delete)


def _typeform_number(record: Record, number: int) -> None:
    record["response"].update(token=f"added{number}", response_id=f"added{number}", landing_id=f"added{number}")


SHAPES: dict[tuple[str, str], Shape] = {
    ("zendesk", "users"): _zendesk("name", lambda record, at: record.update(active=False)),
    ("zendesk", "tickets"): _zendesk("subject", lambda record, at: record.update(status="deleted")),
    ("zendesk", "organizations"): _zendesk("notes", lambda record, at: record.update(deleted_at=_iso(at))),
    ("hubspot", "contacts"): _hubspot("lastname", "lastmodifieddate"),
    ("hubspot", "companies"): _hubspot("name", "hs_lastmodifieddate"),
    ("hubspot", "deals"): _hubspot("dealname", "hs_lastmodifieddate"),
    ("typeform", "responses"): Shape(
        _text_id("token"),
        _typeform_number,
        lambda record, at: None,
        lambda record, said: record["response"].update(hidden={"note": said}),
    ),
}


def change_records(world: World, ledgers: dict[str, Ledger], seed: int, night: int) -> list[Malformed]:
    """The night's changes by hand; returns the malformed records among them. The same for the same seed and night."""
    dice = random.Random(f"{seed}/{night}/changes")
    malformed = []
    for place, ((source, stream), shape) in enumerate(SHAPES.items()):
        entries = ledgers[source][stream]
        live = {
            key: entry.record
            for key, entry in sorted(entries.items())
            if entry.record and not entry.is_deleted and _takes(shape, entry.record, world.now())
        }
        added = sorted(filter(_is_added, live))
        patterns = [key for key in live if not _is_added(key)] or list(live)
        bodies: list[Record] = []
        for number in range(ADDED if patterns else 0):
            record = copy.deepcopy(live[dice.choice(patterns)])
            shape.number(record, FIRST_NUMBER + (night * 100 + place) * 100 + number)
            bodies.append(_touched(shape, record, world.now(), dice))
        for key in dice.sample(added, min(CHANGED + DELETED, len(added))):
            record = copy.deepcopy(live[key])
            bodies.append(_touched(shape, record, world.now(), dice))
            if shape.delete is not None and len(bodies) > ADDED + CHANGED:
                shape.delete(record, world.now() - timedelta(seconds=90))
        for body in bodies:
            world.add_record(source, stream, json.dumps(body).encode())
        if dice.random() < 0.2:
            number = FIRST_NUMBER * 10 + night * 100 + place
            broken = (dice.choice(BROKEN[KEYLESS if source == "typeform" else 0 :]) % shape.identity(number)).encode()
            world.add_record(source, stream, broken)
            malformed.append(Malformed(source, stream, broken))
    return malformed


def _takes(shape: Shape, record: Record, now: datetime) -> bool:
    """Whether a record still has its stream's shape: the vendors' faults rename fields and change their types."""
    tried = copy.deepcopy(record)
    try:
        shape.number(tried, FIRST_NUMBER)
        shape.touch(tried, now)
        shape.write(tried, "")
    except (AttributeError, KeyError, TypeError):
        return False
    return True


def _touched(shape: Shape, record: Record, now: datetime, dice: random.Random) -> Record:
    """Changed just now: also within the last minute, which some vendors show only later."""
    shape.touch(record, now - timedelta(seconds=dice.choice((5, 59, 60, 61, 90, 3_600))))
    shape.write(record, f"changed by hand {dice.randrange(10**9)}")
    return record


def _is_added(key: str) -> bool:
    number = key.rpartition(":")[2].removeprefix("added")
    return number.isdigit() and FIRST_NUMBER <= int(number) < FIRST_NUMBER * 10
