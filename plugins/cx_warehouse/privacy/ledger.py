"""What has to be erased again after a restore: the tombstones of every erasure, in a file beside the backups.

A backup is older than the erasures that came after it. The file names nobody (it holds keyed hashes), so it may be kept
as long as the backups are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.persons import PERSONS
from cx_warehouse.landing.erased import ErasureKey, Marker
from cx_warehouse.landing.raw_tables import raw_table
from cx_warehouse.privacy.erase import save_plan
from cx_warehouse.privacy.subject import RECORDS, Bridge, Subject, complete, registered

FOLDER, DUE = "erasures", "due_after_restore.jsonl"
BATCH = 5_000


def write_certificates(dsn: str, home: Path, erasure_ids: Iterable[int]) -> list[Path]:
    """One file for each certificate, and the list of what a restore has to erase again, whole."""
    folder = home / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = []
    with psycopg.connect(dsn) as connection:
        for erasure_id, certificate in connection.execute(
            "select erasure_id, certificate from ops.erasures where erasure_id = any(%s)", [list(erasure_ids)]
        ):
            path = folder / f"certificate_{erasure_id:06d}.json"
            _write(path, json.dumps(certificate, indent=1) + "\n")
            written.append(path)
        known = {line["erased_at"]: line for line in read_due(folder / DUE)}
        for requested_by, erased_at, key_id, marks in connection.execute(
            """select requested_by, planned_at::text, min(key_id), jsonb_object_agg(encode(mark, 'hex'), kind)
               from ops.erasures join ops.erasure_tombstones using (erasure_id)
               where planned_at is not null group by erasure_id, requested_by, planned_at"""
        ):
            line = {"erased_at": erased_at, "requested_by": requested_by, "key_id": key_id, "marks": marks}
            known.setdefault(erased_at, line)
    _write(folder / DUE, "".join(json.dumps(known[at]) + "\n" for at in sorted(known)))
    return written


def read_due(path: Path) -> list[dict[str, Any]]:
    """The list as it stands; empty where there is none."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def request_due(dsn: str, key: ErasureKey, path: Path) -> int:
    """After a restore: plan again every listed erasure that the restored warehouse does not know; how many these are.

    `erase_due` then does them. Raises ConfigError when the list was made with another key."""
    planned = 0
    with psycopg.connect(dsn) as connection:
        held = {
            row[0] for row in connection.execute("select encode(mark, 'hex') from ops.erasure_tombstones").fetchall()
        }
        for line in read_due(path):
            if set(line["marks"]) <= held:
                continue
            held |= set(line["marks"])
            if line["key_id"] != key.key_id:
                raise ConfigError(f"{path.name} was written with another erasure key: restore that key first")
            row = connection.execute(
                "insert into ops.erasures (reason, requested_by) values ('restore', %s) returning erasure_id",
                [line["requested_by"]],
            ).fetchone()
            assert row is not None
            subject = _found(connection, key, {bytes.fromhex(mark) for mark in line["marks"]})
            save_plan(connection, row[0], subject, key)
            _keep_marks(connection, row[0], line)
            planned += 1
    return planned


def _keep_marks(connection: psycopg.Connection, erasure_id: int, line: Mapping[str, Any]) -> None:
    """Also those that nothing in the restored raw was found by: the vendor may serve it tonight."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """insert into ops.erasure_tombstones (mark, kind, key_id, erasure_id) values (%s, %s, %s, %s)
               on conflict (mark) do nothing""",
            [(bytes.fromhex(mark), kind, line["key_id"], erasure_id) for mark, kind in line["marks"].items()],
        )


def _found(connection: psycopg.Connection, key: ErasureKey, marks: set[bytes]) -> Subject:
    """The person whom the tombstones are about, as far as raw has them."""
    subject, bridge = Subject(), Bridge(connection)
    for stream in registered():
        if not PERSONS[stream]:
            continue
        source, _, name = stream.partition(".")
        marker = Marker(source, name, key)
        for record_key, body in _records(connection, stream):
            if marker.marks(body.encode(), record_key).about & marks:
                subject.records[stream].add(record_key)
    for source, stream in RECORDS.items():
        if source != "ga4":
            subject.identities |= {f"{source}:{one}" for one in subject.records[stream]}
    for identity in subject.identities:
        subject.customers |= bridge.customers_of(identity)
    subject.identities |= bridge.members(subject.customers)
    complete(connection, subject, bridge)
    return subject


def _records(connection: psycopg.Connection, stream: str) -> Iterator[tuple[str, str]]:
    with connection.cursor(f"look for marks in {stream}") as cursor:
        cursor.itersize = BATCH
        cursor.execute(sql.SQL("select key, record::text from {}").format(raw_table(*stream.split("."))))
        yield from cursor


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)
