"""Broken records into a real Postgres: afterwards each is in raw under its key and equal, or in quarantine."""

from __future__ import annotations

import hashlib
import json
import re
import resource
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Connector, Page, State, Stream, Usage, Window
from cx_warehouse.connectors.http.envelope import Sliced, TruncatedBodyError, salvage_page, slice_page
from cx_warehouse.landing import ingest
from cx_warehouse.landing.raw_tables import raw_table
from tests.fuzz.broken import broken
from tests.fuzz.generated import generated
from tests.fuzz.recorded import Recording

PAGE = 200
AS_OF = datetime(2026, 4, 1, 2, tzinfo=UTC)
_BETWEEN = re.compile(rb"[\s,]+")


@dataclass
class Outcome:
    """What became of the records of a vendor."""

    records: int = 0
    landed: int = 0
    rows: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lost: int = 0


class _Envelope(msgspec.Struct):
    records: list[msgspec.Raw]
    more: bool


class Served(Connector):
    """A connector whose pages are given."""

    usage: Usage

    def __init__(self, source: str, stream: Stream, pages: Sequence[Page]) -> None:
        self.source, self.streams = source, {stream.name: stream}  # type: ignore[misc]
        self.usage, self._pages = Usage(), pages

    def read(self, stream: str, window: Window, state: State) -> Iterator[Page]:
        yield from self._pages


def fuzz_records(recording: Recording, count: int, number: int, dsn: str) -> Outcome:
    """Land `count` broken records of the vendor, spread over its streams, and look for each of them."""
    outcome = Outcome()
    streams = registry.connector_class(recording.source).streams
    having = [name for name in streams if recording.records.get(name)]
    for place, name in enumerate(having):
        share = count // len(having) + (place < count % len(having))
        samples = sorted(set(recording.records[name]))
        found = generated(broken(samples), share, number + place)
        _land(recording.source, streams[name], found, set(samples), dsn, outcome)
    return outcome


def _land(source: str, stream: Stream, records: Sequence[bytes], sound: set[bytes], dsn: str, outcome: Outcome) -> None:
    pages = [page for body in _bodies(records, min(sound, key=len)) if (page := _sliced(body, outcome)) is not None]
    ingest(Served(source, stream, pages), stream.name, Window(AS_OF), dsn)
    outcome.records += len(records)
    kept = _Kept(source, stream, dsn)
    outcome.rows += len(kept.rows)
    expected = set()
    for page in pages:
        for record in map(bytes, page.records):
            meant = _meaning(record, stream)
            expected.add(meant)
            if (reason := kept.reasons.get(hashlib.sha256(record).digest())) is not None:
                outcome.quarantined[reason] += 1
                if record in sound:
                    outcome.wrong.append(f"{stream.name}: a sound record is in quarantine: {reason}")
            elif meant is not None and meant in kept.rows:
                outcome.landed += 1
            else:
                outcome.lost += 1
                outcome.wrong.append(f"{stream.name}: neither landed nor quarantined as served: {record[:300]!r}")
        for body, reason in page.malformed:
            if hashlib.sha256(body).digest() in kept.reasons:
                outcome.quarantined[kind_of(reason)] += 1
            else:
                outcome.lost += 1
                outcome.wrong.append(f"{stream.name}: malformed and not in quarantine: {body[:300]!r}")
    if invented := kept.rows - expected:
        outcome.wrong.append(f"{stream.name}: {len(invented)} rows that nobody served")


def _bodies(records: Sequence[bytes], sound: bytes) -> Iterator[bytes]:
    """Bodies of up to PAGE records. One that does not stand for itself gets a page of its own, between two sound ones:
    what follows it cannot be told apart from it."""
    page: list[bytes] = []
    for record in records:
        if not _stands_alone(record):
            yield _body([sound, record, sound])
            continue
        page.append(record)
        if len(page) == PAGE:
            yield _body(page)
            page = []
    yield _body(page)


def _body(records: Sequence[bytes]) -> bytes:
    return b'{"records":[' + b",".join(records) + b'],"more":true}'


def _stands_alone(record: bytes) -> bool:
    try:
        sliced = slice_page(_body([record]), _Envelope, "records")
    except TruncatedBodyError:
        return False
    return [*map(bytes, sliced.records), *(piece for piece, _ in sliced.malformed)] == [record.strip()]


def _sliced(body: bytes, outcome: Outcome) -> Page | None:
    """The page as the client hands it over in the end. Every byte of the array has to be in one of its pieces."""
    sliced: Sliced[_Envelope]
    try:
        try:
            sliced = slice_page(body, _Envelope, "records")
        except TruncatedBodyError:
            sliced = salvage_page(body, _Envelope, "records")
    except TruncatedBodyError as error:
        outcome.quarantined[f"refused as a whole: {kind_of(str(error))}"] += 1
        return None
    pieces = [*map(bytes, sliced.records), *(piece for piece, _ in sliced.malformed)]
    inside = body[len(b'{"records":[') : -len(b'],"more":true}')]
    if sorted(_BETWEEN.sub(b"", b"".join(pieces))) != sorted(_BETWEEN.sub(b"", inside)):
        outcome.lost += 1
        outcome.wrong.append(f"slicing lost bytes of {inside[:300]!r}")
    return Page(sliced.records, {}, malformed=sliced.malformed)


class _Kept:
    """What the warehouse holds of a stream: (key, meaning) of every row, and the reason of every rejected body."""

    def __init__(self, source: str, stream: Stream, dsn: str) -> None:
        with psycopg.connect(dsn) as connection:
            kept = connection.execute(
                sql.SQL("select key, record::text from {}").format(raw_table(source, stream.name))
            )
            self.rows = {(key, _digest(_loaded(text, **_NUMBERS), stream)) for key, text in kept}
            rejected = connection.execute(
                sql.SQL("select body_hash, reason from {} where stream = %s").format(raw_table(source, "quarantine")),
                [stream.name],
            )
            self.reasons = {bytes(body_hash): kind_of(reason) for body_hash, reason in rejected}


_NUMBERS: Mapping[str, Any] = {"parse_int": Decimal, "parse_float": Decimal}


def _meaning(record: bytes, stream: Stream) -> tuple[str, bytes] | None:
    """The key and the content that a record has for a reader that is not ours; None where it can make nothing of it."""
    try:
        with _recursion(4_000):
            key = msgspec.convert(json.loads(record, parse_int=_whole), stream.contract).key()
        return key, _digest(_loaded(record, **_NUMBERS), stream)
    except (ValueError, RecursionError, OverflowError):
        return None


def _whole(digits: str) -> int | Decimal:
    """A whole number of any length: Python makes no int of more than 4,300 digits."""
    return int(digits) if len(digits) <= 4_300 else Decimal(digits)


@contextmanager
def _recursion(limit: int) -> Iterator[None]:
    """What is nested as deeply as landing takes it has to be read here too, from further down the stack."""
    former = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(former)


def _loaded(text: str | bytes, **options: Any) -> Any:
    with _recursion(4_000):
        return json.loads(text, **options)


def _digest(record: Any, stream: Stream) -> bytes:
    if isinstance(record, dict):
        record = {name: value for name, value in record.items() if name not in stream.volatile}
    with _recursion(20_000):
        return hashlib.sha256(repr(_plain(record)).encode("utf-8", "surrogatepass")).digest()


def _plain(value: Any) -> Any:
    """Equal for equal JSON, whatever the order of keys and the spelling of numbers."""
    if isinstance(value, dict):
        return "{}", sorted((key, _plain(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return "[]", [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        sign, digits, exponent = value.as_tuple()
        text = "".join(map(str, digits)).lstrip("0")
        short = text.rstrip("0")
        return ("#", sign, short, int(exponent) + len(text) - len(short)) if short else ("#", 0)
    return type(value).__name__, value


def kind_of(reason: str) -> str:
    """A reason without what belongs to the one record."""
    return re.sub(r"`[^`]*`|'[^']*'|\d+", "…", reason)[:60].strip()


def peak_megabytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
