"""Holding a stream: one run at a time lands it, and a run that lost it cannot write any more."""

from __future__ import annotations

import psycopg
from psycopg import sql

from cx_warehouse.connectors.base import State
from cx_warehouse.connectors.errors import CxError, RetryableError

_LOCK = "hashtextextended(%s, 0)"


def connect(dsn: str, purpose: str) -> psycopg.Connection:
    """A connection for one run. A worker that is lost lets go of its stream within a minute, also over a network."""
    connection = psycopg.connect(
        dsn, autocommit=True, application_name=purpose, keepalives_idle=20, keepalives_interval=10, keepalives_count=3
    )
    connection.execute("set timezone = 'UTC'")
    # A session that waits for a lock would not notice that its worker was killed, and hold on to the stream.
    connection.execute("set client_connection_check_interval = '1s'")
    return connection


def take_lock(connection: psycopg.Connection, source: str, stream: str, wait_seconds: float) -> None:
    """Hold the stream as long as the connection lives. Raises RetryableError when another run holds it so long."""
    connection.execute(sql.SQL("set lock_timeout = {}").format(sql.Literal(f"{max(1, int(wait_seconds * 1000))}ms")))
    try:
        # Waiting in the database, where a run that can give way sees that somebody waits.
        connection.execute(f"select pg_advisory_lock({_LOCK})", [_name(source, stream)])
    except psycopg.errors.LockNotAvailable:
        raise RetryableError(
            f"{source}.{stream}: another run is landing this stream; waited {wait_seconds:.0f} s"
        ) from None
    finally:
        connection.execute("set lock_timeout = 0")


def let_go(connection: psycopg.Connection, source: str, stream: str) -> None:
    """Let another run have the stream."""
    connection.execute(f"select pg_advisory_unlock({_LOCK})", [_name(source, stream)])


def is_wanted(connection: psycopg.Connection, source: str, stream: str) -> bool:
    """Whether another run waits for the stream that this one holds."""
    row = connection.execute(
        f"""select exists (
                select from pg_locks as waiting
                where waiting.locktype = 'advisory' and not waiting.granted and waiting.objsubid = 1
                    and waiting.database = (select oid from pg_database where datname = current_database())
                    and waiting.classid::bigint << 32 | waiting.objid::bigint = {_LOCK})""",
        [_name(source, stream)],
    ).fetchone()
    return row == (True,)


def take_over(connection: psycopg.Connection, source: str, stream: str, account: str) -> tuple[State, int, bool]:
    """Raise the stream's fence, so that no page of an older run can be written any more; return state, fence, and
    whether the stream was ever whole.

    Holding the lock, an earlier run that is still marked as running must have died: it is marked failed."""
    connection.execute(
        """update ops.ingest_runs set status = 'failed', finished_at = now(), error = 'the run was killed'
           where source = %s and stream = %s and status = 'running'
             and started_at < (select max(started_at) from ops.ingest_runs where source = %s and stream = %s)""",
        [source, stream, source, stream],
    )
    row = connection.execute(
        """insert into ops.cursors as kept (source, stream, account, fence) values (%s, %s, %s, 1)
           on conflict (source, stream) do update set fence = kept.fence + 1
           returning state, fence, account, complete_through is not null""",
        [source, stream, account],
    ).fetchone()
    assert row is not None
    state, fence, known, was_whole = row
    if known != account:
        raise CxError(
            f"{source}.{stream}: the cursor belongs to account {known!r}, the connection is for {account!r}; "
            "point the connection back, or land the new account in a database of its own"
        )
    return state, fence, was_whole


def _name(source: str, stream: str) -> str:
    return f"cx:stream:{source}.{stream}"
