"""Builds: claim one, freeze what it reads, and say how it ended."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import psycopg

from cx_warehouse import identity, voice
from cx_warehouse.landing.raw_tables import raw_table, writers_lock
from cx_warehouse.transform.dbt import PROJECT

_FREEZE = """
    insert into ops.build_high_water
        (build_number, source, stream, sequence, complete_through, last_status, last_error)
    select
        %(build)s, %(source)s, %(stream)s,
        coalesce(pg_sequence_last_value(pg_get_serial_sequence(%(table)s, 'sequence')::regclass), 0),
        cursor.complete_through, run.status, run.error
    from (values (1)) as one
    left join ops.cursors as cursor on cursor.source = %(source)s and cursor.stream = %(stream)s
    left join lateral (
        select status, error from ops.ingest_runs
        where source = %(source)s and stream = %(stream)s order by started_at desc limit 1
    ) as run on true"""


def claim_build(connection: psycopg.Connection, as_of: datetime) -> int:
    """Start a build of the night `as_of` with the code as it stands, and return its number.

    One build runs at a time (the transform DAG sees to it), so one that is still marked as running was killed."""
    connection.execute(
        """update ops.builds set status = 'failed', finished_at = now(), error = 'the build was killed'
           where status = 'running'"""
    )
    row = connection.execute(
        "insert into ops.builds (as_of, kind, code_version) values (%s, 'incremental', %s) returning build_number",
        [as_of, code_version()],
    ).fetchone()
    assert row is not None
    return int(row[0])


def code_version() -> str:
    """Changes when a model, a macro, a rule of identity or the scoring of comments does.

    What other code built cannot be built upon."""
    digest = hashlib.sha256()
    for folder, pattern in (
        (PROJECT / "models", "**/*.sql"),
        (PROJECT / "macros", "**/*.sql"),
        (PROJECT, "dbt_project.yml"),
        (Path(identity.__file__).parent, "**/*"),
        (Path(voice.__file__).parent, "**/*"),
    ):
        for file in sorted(folder.glob(pattern)):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(f"{file.relative_to(folder)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def is_of_other_code(connection: psycopg.Connection, build_number: int, set_build: int | None) -> bool:
    """Whether the set that `set_build` made is of other code than the build that would go on with it."""
    if set_build is None:
        return False
    versions = connection.execute(
        "select count(distinct coalesce(code_version, '')) from ops.builds where build_number in (%s, %s)",
        [build_number, set_build],
    ).fetchone()
    return versions != (1,)


def is_before_erasure(connection: psycopg.Connection, set_build: int | None) -> bool:
    """Whether somebody was erased since the set that `set_build` made was begun. Rows of the person are gone from it,
    but sums over many people still count them: built upon, it would not be what a full build gives."""
    found = connection.execute(
        """select from ops.erasures as erasure, ops.builds as build
           where build.build_number = %s and erasure.planned_at is not null
               and coalesce(erasure.finished_at, 'infinity') > build.started_at
           limit 1""",
        [set_build],
    ).fetchone()
    return found is not None


def set_kind(connection: psycopg.Connection, build_number: int, *, full: bool) -> None:
    """Record whether the build starts from nothing."""
    connection.execute(
        "update ops.builds set kind = %s where build_number = %s", ["full" if full else "incremental", build_number]
    )


def freeze(connection: psycopg.Connection, build_number: int, streams: Mapping[str, Sequence[str]]) -> None:
    """Record how far each raw table is committed: the build reads up to there and no further.

    Waiting for the table's writers' lock makes the identity sequence's last value exactly that, without reading the
    table: numbers are handed out only under it."""
    with connection.transaction():
        connection.execute("delete from ops.build_high_water where build_number = %s", [build_number])
        for source, names in streams.items():
            for stream in names:
                connection.execute(
                    "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [writers_lock(source, stream)]
                )
                named = {"build": build_number, "source": source, "stream": stream}
                named["table"] = raw_table(source, stream).as_string(connection)
                connection.execute(_FREEZE, named)


def note_error(connection: psycopg.Connection, build_number: int, error: str) -> None:
    """Keep the latest error of a build that may yet succeed on a retry."""
    connection.execute(
        "update ops.builds set error = %s where build_number = %s and status = 'running'", [error, build_number]
    )


def fail_running(connection: psycopg.Connection) -> str:
    """Close the running build as failed and return why; what readers see stays as it was."""
    row = connection.execute(
        """update ops.builds set status = 'failed', finished_at = now(),
               error = coalesce(error, 'a task failed before it could say why; see its log')
           where status = 'running' returning error"""
    ).fetchone()
    return str(row[0]) if row else "it failed before a build began; see the log of task 'begin'"
