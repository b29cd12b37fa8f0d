"""One run of one stream: take the stream over, walk it page by page, land each page, and keep the account of it."""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from cx_warehouse.connectors.base import Connector, Window
from cx_warehouse.connectors.errors import CxError
from cx_warehouse.landing.ahead import ahead
from cx_warehouse.landing.counts import Counts
from cx_warehouse.landing.erased import ErasureKey
from cx_warehouse.landing.hold import connect, take_lock, take_over
from cx_warehouse.landing.pages import PageLander, runs_table
from cx_warehouse.landing.schema_drift import load_shape
from cx_warehouse.landing.totals import compare_total

log = logging.getLogger(__name__)
LOCK_WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class RunResult:
    """What one run brought in, or would have."""

    run_id: str
    source: str
    stream: str
    counts: Counts
    requests: int
    bytes: int
    wait_seconds: float
    seconds: float
    is_dry: bool = False

    def __str__(self) -> str:
        c = self.counts
        erased = f", {c.erased} dropped as erased" if c.erased else ""
        return (
            f"{self.source}.{self.stream}: {'would land: ' if self.is_dry else ''}{c.records} records in {c.pages} "
            f"pages: {c.inserted} new versions ({c.deleted} deleted), {c.unchanged} unchanged, {c.quarantined} "
            f"quarantined{erased}; {self.requests} requests, {self.wait_seconds:.1f} s waited on limits, "
            f"{self.seconds:.1f} s"
        )


def ingest(
    connector: Connector,
    stream: str,
    window: Window,
    dsn: str,
    *,
    account: str = "default",
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
    dry_run: bool = False,
    erasure_key: ErasureKey | None = None,
) -> RunResult:
    """Bring `stream` in up to `window.end` and return what landed.

    Safe to kill at any instant and to run again: each page and its cursor commit together. With `dry_run` the same is
    read and compared, in one transaction that is taken back at its end; only ops.dry_runs keeps the counts. Raises
    RetryableError when another run holds the stream, the connector's errors as they are, and FencedOutError when a
    newer run took over."""
    source, run_id, began = connector.source, str(uuid.uuid4()), time.monotonic()
    with contextlib.ExitStack() as open_:
        connection = open_.enter_context(connect(dsn, f"cx ingest {source}.{stream}"))
        take_lock(connection, source, stream, lock_wait_seconds)
        books = open_.enter_context(connect(dsn, f"cx dry run {source}.{stream}")) if dry_run else None
        _begin(books or connection, run_id, source, stream, window, dry_run)
        counts = Counts()
        try:
            with connection.transaction(force_rollback=True) if dry_run else contextlib.nullcontext():
                _walk(connection, connector, stream, window, account, run_id, counts, books, erasure_key)
        except BaseException as error:
            _finish(books or connection, run_id, connector, "failed", describe(error), dry_run)
            raise
        _finish(books or connection, run_id, connector, "succeeded", None, dry_run)
    usage, seconds = connector.usage, time.monotonic() - began
    return RunResult(run_id, source, stream, counts, usage.requests, usage.bytes, usage.wait_seconds, seconds, dry_run)


def _walk(
    connection: psycopg.Connection,
    connector: Connector,
    stream: str,
    window: Window,
    account: str,
    run_id: str,
    counts: Counts,
    books: psycopg.Connection | None,
    erasure_key: ErasureKey | None,
) -> None:
    source = connector.source
    state, fence, was_whole = take_over(connection, source, stream, account)
    lander = PageLander(
        connection,
        source,
        connector.streams[stream],
        run_id=run_id,
        as_of=window.end,
        fence=fence,
        latest_plausible=latest_plausible(window),
        shape=load_shape(connection, source, stream, was_whole=was_whole),
        books=books,
        erasure_key=erasure_key,
    )
    if not state.get("walk"):
        lander.forget_walk()
    for prepared in ahead(map(lander.prepare, connector.read(stream, window, state))):
        counts.add(lander.land(prepared))
        if prepared.page.total is not None:
            compare_total(connection, source, stream, prepared.page, run_id=run_id, as_of=window.end)
        if counts.pages % 20 == 0:
            log.info("%s.%s: %d records so far", source, stream, counts.records)


def latest_plausible(window: Window) -> datetime:
    """When a record may have changed at the latest: clocks differ, but not by more than a day."""
    return max(window.end, datetime.now(UTC)) + timedelta(days=1)


def describe(error: BaseException) -> str:
    """One line for ops: our own errors as they stand; of others the kind, since their text may quote personal data."""
    if isinstance(error, CxError):
        return " ".join(str(error).split())
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return f"{type(error).__name__}: {error.diag.message_primary}"
    return type(error).__name__


def _begin(
    connection: psycopg.Connection, run_id: str, source: str, stream: str, window: Window, dry_run: bool
) -> None:
    connection.execute(
        sql.SQL("insert into {} (run_id, source, stream, as_of) values (%s, %s, %s, %s)").format(runs_table(dry_run)),
        [run_id, source, stream, window.end],
    )


def _finish(
    connection: psycopg.Connection, run_id: str, connector: Connector, status: str, error: str | None, dry_run: bool
) -> None:
    usage = connector.usage
    try:
        connection.execute(
            sql.SQL("""update {} set status = %s, error = %s, finished_at = now(), requests = %s, bytes = %s,
                   wait_seconds = %s where run_id = %s""").format(runs_table(dry_run)),
            [status, error, usage.requests, usage.bytes, round(usage.wait_seconds, 3), run_id],
        )
    except psycopg.OperationalError:
        log.warning("the end of run %s could not be recorded: the database is gone", run_id)
