"""The records that every contender reads: the committed ticket, stamped with ids, ready as bytes in a file.

All have one length, so a page of any size is a slice of the file, and serving it costs the server nothing."""

from __future__ import annotations

from math import gcd
from pathlib import Path

FIXTURE = Path(__file__).parent / "fixtures" / "ticket.json"
PLACEHOLDER = b"1000000000"  # stands wherever the fixture has the ticket's id or a number that goes with it
FIRST_ID = 1_000_000_000
ID_SPREAD = 10_000
CHANGED_EVERY = 100  # the changed edition: 1 % of the tickets
# What changes in a ticket that was worked on; equal lengths keep the file sliceable.
CHANGES = (
    (b'"status":"open"', b'"status":"hold"'),
    (b'"updated_at":"2026-01-16T15:03:10Z"', b'"updated_at":"2026-01-17T08:41:59Z"'),
    (b'"generated_timestamp":1768575790', b'"generated_timestamp":1768639319'),
)
_BATCH = 1_000


def template() -> bytes:
    """The committed record, 1.4 kB of JSON without its line end."""
    return FIXTURE.read_bytes().strip()


def stride() -> int:
    """Bytes from one record to the next in the file: the record and a comma."""
    return len(template()) + 1


def write_records(path: Path, count: int, *, changed: bool = False) -> None:
    """Write `count` records, each followed by a comma; `changed` applies CHANGES to every hundredth.

    Ids rise over the file and are scattered within ID_SPREAD: an export is ordered by last change, and tickets rest
    some weeks after they were opened."""
    record = template()
    offsets = [at for at in range(len(record)) if record.startswith(PLACEHOLDER, at)]
    assert offsets, "the fixture lost its placeholder"
    worked_on = record
    for before, after in CHANGES:
        assert worked_on.count(before) == 1 and len(before) == len(after), before
        worked_on = worked_on.replace(before, after)
    spread = min(count, ID_SPREAD)
    step = _coprime(spread)
    with path.open("wb") as file:
        batch: list[bytes] = []
        for position in range(count):
            line = bytearray(worked_on if changed and position % CHANGED_EVERY == 0 else record)
            block = position - position % spread
            scattered = block + (position - block) * step % spread if block + spread <= count else position
            stamp = b"%d" % (FIRST_ID + scattered)
            for offset in offsets:
                line[offset : offset + len(stamp)] = stamp
            batch.append(line)
            if len(batch) == _BATCH or position == count - 1:
                file.write(b",".join(batch) + b",")
                batch.clear()


def _coprime(count: int) -> int:
    step = int(count * 0.618) | 1
    while gcd(step, count) != 1:
        step += 2
    return step
