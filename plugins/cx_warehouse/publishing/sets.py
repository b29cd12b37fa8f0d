"""A set is one whole night: schemas renamed together. The first one's comment says which build it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, cast

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from cx_warehouse.connectors.errors import CxError

CANDIDATE, MARTS, PREVIOUS = "candidate", "marts", "previous"
# suffixes; a dbt custom schema is one of them, and what identity resolution and the scoring of comments keep are others
LAYERS = ("", "_staging", "_intermediate", "_settings", "_identity", "_voice")

State = Literal["building", "published", "former", "rolled back"]

# What another session's locks raise: nothing is wrong, it is to be tried again.
BLOCKED = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected)

_COMMENT = re.compile(r"build (\d+|by hand)( \(full\))?: (building|published|former|rolled back)")


class PublishError(CxError):
    """A set cannot be prepared, published or rolled back; what readers see is as it was."""


@dataclass(frozen=True)
class NightSet:
    """A set that stands under `name`: which build it is, whether that build started from nothing, and its
    state."""

    name: str
    build_number: int | None = None
    full: bool = False
    state: State | None = None

    @property
    def description(self) -> str:
        """As kept in the schema's comment."""
        build = "by hand" if self.build_number is None else str(self.build_number)
        return f"build {build}{' (full)' if self.full else ''}: {self.state}"


@contextmanager
def own_transaction(connection: psycopg.Connection, lock_timeout_seconds: float) -> Iterator[None]:
    """One transaction, in which sets are changed by nobody else and no lock is waited for longer than the
    timeout."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise PublishError("publishing needs a connection without an open transaction")
    with connection.transaction():
        connection.execute("select set_config('lock_timeout', %s, true)", [f"{int(lock_timeout_seconds * 1000)}ms"])
        connection.execute("set local client_min_messages = warning")
        connection.execute("select pg_advisory_xact_lock(hashtextextended('cx:sets', 0))")
        yield


def find_set(connection: psycopg.Connection, name: str) -> NightSet | None:
    """The set that stands under `name`, if any."""
    row = connection.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [name]
    ).fetchone()
    if row is None:
        return None
    known = _COMMENT.fullmatch(row[0] or "")
    if known is None:
        return NightSet(name)
    number, full = known[1], bool(known[2])
    state = cast(State, known[3])
    return NightSet(name, None if number == "by hand" else int(number), full, state)


def describe_set(connection: psycopg.Connection, night: NightSet) -> None:
    """Keep in the schema's comment which build it is."""
    connection.execute(
        sql.SQL("comment on schema {} is {}").format(sql.Identifier(night.name), sql.Literal(night.description))
    )


def create_set(connection: psycopg.Connection, name: str) -> None:
    """Create the schemas of a set that are not there yet, owned by the publisher."""
    for layer in LAYERS:
        connection.execute(
            sql.SQL("create schema if not exists {} authorization cx_publisher").format(sql.Identifier(name + layer))
        )


def drop_set(connection: psycopg.Connection, name: str) -> None:
    """Drop a set with all that is in it."""
    for layer in LAYERS:
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(name + layer)))


def rename_set(connection: psycopg.Connection, old: str, new: str) -> None:
    """Rename the schemas of a set. Takes no lock that a reader of its tables would wait for."""
    for layer in LAYERS:
        if connection.execute("select 1 from pg_namespace where nspname = %s", [old + layer]).fetchone():
            connection.execute(
                sql.SQL("alter schema {} rename to {}").format(sql.Identifier(old + layer), sql.Identifier(new + layer))
            )


def blockers(connection: psycopg.Connection, name: str) -> list[tuple[int, str]]:
    """(process id, role) of the sessions that hold a lock on something in the set's schemas."""
    with connection.transaction():
        return connection.execute(
            """select distinct session.pid, coalesce(session.usename, '?')
               from pg_locks as held
               join pg_class as relation on relation.oid = held.relation
               join pg_namespace as space on space.oid = relation.relnamespace
               join pg_stat_activity as session on session.pid = held.pid
               where held.granted and held.pid <> pg_backend_pid() and space.nspname = any(%s)
                   and held.database = (select oid from pg_database where datname = current_database())
               order by 1""",
            [[name + layer for layer in LAYERS]],
        ).fetchall()


def name_blockers(connection: psycopg.Connection, *names: str) -> str:
    """The sessions in the way, for an error message."""
    found = [f"{role} (process {pid})" for name in names for pid, role in blockers(connection, name)]
    return ", ".join(found) or "a session that is gone by now"
