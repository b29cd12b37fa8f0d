"""Raw against the ledger: what is lost, stale, doubled, or went by without anybody having been told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import psycopg
from psycopg import sql

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Stream
from cx_warehouse.landing.raw_tables import raw_table
from sandbox.ledger import Entry, Ledger

Kind = Literal["lost", "stale", "duplicated", "unnoticed"]
KINDS: tuple[Kind, ...] = ("lost", "stale", "duplicated", "unnoticed")


@dataclass(frozen=True)
class Difference:
    """One thing that raw has wrong. `fact` says what, in words."""

    kind: Kind
    source: str
    stream: str
    key: str
    fact: str

    @property
    def name(self) -> str:
        """What identifies the difference from night to night."""
        return f"{self.kind} {self.source}.{self.stream} {self.key}"


@dataclass(frozen=True)
class _Latest:
    record: dict[str, Any]
    is_deleted: bool


@dataclass(frozen=True)
class Malformed:
    """A record that was served and cannot be landed: it has to be in quarantine, with a reason."""

    source: str
    stream: str
    body: bytes


def compare(dsn: str, ledgers: Mapping[str, Ledger], malformed: Iterable[Malformed] = ()) -> list[Difference]:
    """Everything in which raw differs from the ledgers; nothing if landing lost nothing."""
    found: list[Difference] = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        for source, ledger in ledgers.items():
            streams = registry.connector_class(source).streams
            for name, entries in ledger.items():
                found += _stream(connection, source, streams[name], entries)
                found += _doubled(connection, source, streams[name])
        for record in malformed:
            found += _not_held(connection, record)
        found += _unreported(connection)
    return found


def _stream(connection: psycopg.Connection, source: str, stream: Stream, entries: dict[str, Entry]) -> list[Difference]:
    latest, held = _latest(connection, source, stream), _quarantined(connection, source, stream)
    fits = _fits(stream)
    found = []

    def differs(kind: Kind, key: str, fact: str) -> None:
        found.append(Difference(kind, source, stream.name, key, fact))

    for key, entry in entries.items():
        landed = latest.get(key)
        if entry.record is None:
            if landed is not None and not landed.is_deleted:
                differs("unnoticed", key, "the vendor has it no more; raw has it as live")
        elif not fits(entry.record):
            if key not in held:
                differs("unnoticed", key, "the vendor serves it malformed, and it is not in quarantine")
        elif landed is None:
            differs("lost", key, "the vendor has it; raw never had it")
        elif landed.is_deleted != entry.is_deleted:
            if entry.is_deleted:
                differs("unnoticed", key, "the vendor says that it is deleted; raw has it as live")
            else:
                differs("lost", key, "the vendor has it; raw has it as deleted")
        elif (now := _meant(entry.record, stream)) != (then := _meant(landed.record, stream)):
            differs("stale", key, f"raw's latest version is not the vendor's: {_where(then, now)}")
    for key, landed in latest.items():
        if key not in entries and not landed.is_deleted:
            differs("unnoticed", key, "raw has it as live; the vendor never had it")
    return found


def _latest(connection: psycopg.Connection, source: str, stream: Stream) -> dict[str, _Latest]:
    rows = connection.execute(
        sql.SQL("select distinct on (key) key, record, is_deleted from {} order by key, sequence desc").format(
            raw_table(source, stream.name)
        )
    )
    return {key: _Latest(record, is_deleted) for key, record, is_deleted in rows}


def _quarantined(connection: psycopg.Connection, source: str, stream: Stream) -> set[str]:
    rows = connection.execute(
        sql.SQL("select key, body from {} where stream = %s and reason <> ''").format(raw_table(source, "quarantine")),
        [stream.name],
    ).fetchall()
    keys = {key for key, _ in rows if key is not None}
    for _, body in rows:  # a record whose shape is broken may still say who it is
        try:
            told = msgspec.json.decode(body)
            keys |= {str(told[name]) for name in ("id", "key", "token") if name in told}
            if "response" in told:
                keys.add(f"{told['form_id']}:{told['response']['token']}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, KeyError):
            continue
    return keys


def _doubled(connection: psycopg.Connection, source: str, stream: Stream) -> list[Difference]:
    rows = connection.execute(
        sql.SQL("""
        select key, count(*) from (
            select key, record - %(volatile)s::text[] as record, is_deleted,
                lag(record - %(volatile)s::text[]) over one as former, lag(is_deleted) over one as was_deleted
            from {} window one as (partition by key order by sequence)
        ) as versions
        where record = former and is_deleted = was_deleted group by key""").format(raw_table(source, stream.name)),
        {"volatile": list(stream.volatile)},
    )
    return [
        Difference("duplicated", source, stream.name, key, f"{times + 1} versions in a row that say the same")
        for key, times in rows
    ]


def _not_held(connection: psycopg.Connection, record: Malformed) -> list[Difference]:
    row = connection.execute(
        sql.SQL("select count(*) from {} where stream = %s and position(%s in body) > 0 and reason <> ''").format(
            raw_table(record.source, "quarantine")
        ),
        [record.stream, record.body],
    ).fetchone()
    if row and row[0]:
        return []
    shown = record.body[:60].decode(errors="replace")
    return [Difference("unnoticed", record.source, record.stream, shown, "served malformed, and not in quarantine")]


def _unreported(connection: psycopg.Connection) -> list[Difference]:
    """Runs that failed without a word, or that nobody knows the end of."""
    rows = connection.execute(
        """select source, stream, run_id::text, status from ops.ingest_runs
           where status = 'running' or (status = 'failed' and coalesce(error, '') = '')"""
    )
    return [
        Difference(
            "unnoticed",
            source,
            stream,
            run_id,
            "the run failed and does not say why" if status == "failed" else "the run is still marked as running",
        )
        for source, stream, run_id, status in rows
    ]


def _fits(stream: Stream) -> Callable[[dict[str, Any]], bool]:
    decoder = msgspec.json.Decoder(stream.contract)

    def fits(record: dict[str, Any]) -> bool:
        try:
            return bool(decoder.decode(msgspec.json.encode(record)).key())
        except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError, OverflowError):
            return False

    return fits


def _meant(record: dict[str, Any], stream: Stream) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in stream.volatile}


def _where(then: Any, now: Any) -> str:
    """The names of the fields that differ, never their values: those are customers' words."""
    if not (isinstance(then, dict) and isinstance(now, dict)):
        return "another value"
    names = [
        f"{name}.{_where(then.get(name), now.get(name))}"
        if isinstance(then.get(name), dict) and isinstance(now.get(name), dict)
        else name
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]
    return ", ".join(names)
