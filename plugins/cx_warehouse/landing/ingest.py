"""One run of one stream: take the stream over, walk it page by page, land each page, and keep the account of it."""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from cx_warehouse.connectors.base import Connector, State, Window
from cx_warehouse.connectors.errors import CxError, RetryableError
from cx_warehouse.landing.pages import Counts, PageLander, PreparedPage

log = logging.getLogger(__name__)
LOCK_WAIT_SECONDS = 30.0
SWITCH_SECONDS = 0.0005


@dataclass(frozen=True)
class RunResult:
    """What one run brought in."""

    run_id: str
    source: str
    stream: str
    counts: Counts
    requests: int
    bytes: int
    wait_seconds: float
    seconds: float

    def __str__(self) -> str:
        c = self.counts
        return (
            f"{self.source}.{self.stream}: {c.records} records in {c.pages} pages: {c.inserted} new versions "
            f"({c.deleted} deleted), {c.unchanged} unchanged, {c.quarantined} quarantined; {self.requests} "
            f"requests, {self.wait_seconds:.1f} s waited on limits, {self.seconds:.1f} s"
        )


def ingest(
    connector: Connector,
    stream: str,
    window: Window,
    dsn: str,
    *,
    account: str = "default",
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
) -> RunResult:
    """Bring `stream` in up to `window.end` and return what landed.

    Safe to kill at any instant and to run again: each page and its cursor commit together. Raises RetryableError when
    another run holds the stream, the connector's errors as they are, and FencedOutError when a newer run took over."""
    source, run_id, began = connector.source, str(uuid.uuid4()), time.monotonic()
    # keepalives so that a lost worker's lock is let go within a minute, also over a network
    with psycopg.connect(
        dsn,
        autocommit=True,
        application_name=f"cx ingest {source}.{stream}",
        keepalives_idle=20,
        keepalives_interval=10,
        keepalives_count=3,
    ) as connection:
        connection.execute("set timezone = 'UTC'")
        # A session that waits for a lock would not notice that its worker was killed, and hold on to the stream.
        connection.execute("set client_connection_check_interval = '1s'")
        _take_lock(connection, source, stream, lock_wait_seconds)
        connection.execute(
            "insert into ops.ingest_runs (run_id, source, stream, as_of) values (%s, %s, %s, %s)",
            [run_id, source, stream, window.end],
        )
        counts = Counts()
        try:
            state, fence = _take_over(connection, source, stream, account)
            lander = PageLander(
                connection,
                source,
                connector.streams[stream],
                run_id=run_id,
                as_of=window.end,
                fence=fence,
                latest_plausible=max(window.end, datetime.now(UTC)) + timedelta(days=1),
            )
            if not state.get("walk"):
                lander.forget_walk()
            for prepared in _ahead(map(lander.prepare, connector.read(stream, window, state))):
                _add(counts, lander.land(prepared))
                if counts.pages % 20 == 0:
                    log.info("%s.%s: %d records so far", source, stream, counts.records)
        except BaseException as error:
            _finish(connection, run_id, connector, "failed", describe(error))
            raise
        _finish(connection, run_id, connector, "succeeded", None)
    usage = connector.usage
    return RunResult(
        run_id, source, stream, counts, usage.requests, usage.bytes, usage.wait_seconds, time.monotonic() - began
    )


def describe(error: BaseException) -> str:
    """One line for ops: our own errors as they stand; of others the kind, since their text may quote personal data."""
    if isinstance(error, CxError):
        return str(error)
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return f"{type(error).__name__}: {error.diag.message_primary}"
    return type(error).__name__


def _take_lock(connection: psycopg.Connection, source: str, stream: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        row = connection.execute(
            "select pg_try_advisory_lock(hashtextextended(%s, 0))", [f"cx:stream:{source}.{stream}"]
        ).fetchone()
        if row and row[0]:
            return
        if time.monotonic() >= deadline:
            raise RetryableError(f"{source}.{stream}: another run is landing this stream; waited {wait_seconds:.0f} s")
        time.sleep(0.2)


def _take_over(connection: psycopg.Connection, source: str, stream: str, account: str) -> tuple[State, int]:
    """Raise the stream's fence, so that no page of an older run can be written any more; return state and fence.

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
           returning state, fence, account""",
        [source, stream, account],
    ).fetchone()
    assert row is not None
    state, fence, known = row
    if known != account:
        raise CxError(
            f"{source}.{stream}: the cursor belongs to account {known!r}, the connection is for {account!r}; "
            "point the connection back, or land the new account in a database of its own"
        )
    return state, fence


def _finish(connection: psycopg.Connection, run_id: str, connector: Connector, status: str, error: str | None) -> None:
    usage = connector.usage
    try:
        connection.execute(
            """update ops.ingest_runs set status = %s, error = %s, finished_at = now(), requests = %s, bytes = %s,
                   wait_seconds = %s where run_id = %s""",
            [status, error, usage.requests, usage.bytes, round(usage.wait_seconds, 3), run_id],
        )
    except psycopg.OperationalError:
        log.warning("the end of run %s could not be recorded: the database is gone", run_id)


def _add(total: Counts, more: Counts) -> None:
    for name in total.__dataclass_fields__:
        setattr(total, name, getattr(total, name) + getattr(more, name))


def _ahead(pages: Iterator[PreparedPage]) -> Iterator[PreparedPage]:
    """Fetch and decode the next page while the current one is landed: a page that lands waits for Postgres, most of the
    time. At most one page waits, so memory stays at three pages."""
    handed: queue.Queue[Any] = queue.Queue(maxsize=1)
    stopped = threading.Event()
    end = object()

    def put(item: Any) -> bool:
        while not stopped.is_set():
            try:
                handed.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def fetch() -> None:
        try:
            for page in pages:
                if not put(page):
                    return
        except BaseException as error:  # handed to the consumer, who raises it
            put(error)
        else:
            put(end)

    thread = threading.Thread(target=fetch, name="fetch-ahead", daemon=True)
    # Decoding holds the interpreter for up to the switch interval each time; at the default of 5 ms Postgres would run
    # out of rows while the thread that feeds it waits for its turn.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(min(interval, SWITCH_SECONDS))
    thread.start()
    try:
        while (item := handed.get()) is not end:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join(timeout=5)
        sys.setswitchinterval(interval)
