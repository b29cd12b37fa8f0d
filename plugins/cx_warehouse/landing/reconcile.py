"""Reading again what the vendor has, whatever the cursors say: what raw lacks or has old is landed, what is gone is
deleted, and the differences are counted.

Such a walk may take hours of the vendor's budget. It keeps its place with each page, apart from the stream's cursor,
and gives way to every ordinary run that wants the stream."""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from cx_warehouse.connectors.base import Confirms, Connector, Page, State, Tombstone, Window
from cx_warehouse.connectors.errors import CxError
from cx_warehouse.landing.ahead import ahead
from cx_warehouse.landing.counts import Counts
from cx_warehouse.landing.erased import ErasureKey
from cx_warehouse.landing.hold import connect, is_wanted, let_go, take_lock, take_over
from cx_warehouse.landing.ingest import describe, latest_plausible
from cx_warehouse.landing.pages import UNKNOWN_KEY, PageLander
from cx_warehouse.landing.raw_tables import raw_table
from cx_warehouse.landing.schema_drift import load_shape
from cx_warehouse.landing.totals import WHOLE, compare_total
from cx_warehouse.landing.versions import Reject, Version

log = logging.getLogger(__name__)
LOCK_WAIT_SECONDS = 6 * 3600.0  # a night's run of the stream may take as long
TAKEN_UP_FOR = timedelta(days=6)  # an interrupted walk; an older one is begun anew
ALL_GONE = 0.2  # a walk that misses all live records, or more than this and than a few of them, is not believed
A_FEW = 20
ASKED_SINGLY = 500  # records of which the vendor is asked one by one whether they are gone


class NothingToReconcileError(CxError):
    """Reading this stream again would tell nothing."""


@dataclass(frozen=True)
class Reconciliation:
    """What one reconciling walk found, all of it mended but `unmended`."""

    run_id: str
    source: str
    stream: str
    missing: int
    stale: int
    gone: int
    unmended: int
    problem: str | None
    requests: int
    seconds: float

    @property
    def is_off(self) -> bool:
        """Whether raw and the vendor differed."""
        return bool(self.missing or self.stale or self.gone or self.unmended)

    def __str__(self) -> str:
        found = f"{self.missing} missing, {self.stale} stale, {self.gone} gone" if self.is_off else "no difference"
        return (
            f"{self.source}.{self.stream}: {found}{f'; {self.problem}' if self.problem else ''}; "
            f"{self.requests} requests, {self.seconds:.1f} s"
        )


@dataclass(frozen=True)
class _Run:
    """A reconciliation as it is written down."""

    run_id: str
    as_of: datetime
    state: State
    before_sequence: int


class RecheckLander(PageLander):
    """Lands pages as ever, but keeps the walk's place in ops.reconciliations, and remembers every key it meets."""

    seen_keys = sql.Identifier("ops", "recheck_keys")

    def _save_state(self, page: Page) -> psycopg.Cursor[Any]:
        return self._connection.execute(
            """update ops.reconciliations set state = %s
               where run_id = %s and kind = 'reread'
                 and exists (select from ops.cursors where source = %s and stream = %s and fence = %s for share)""",
            [Jsonb(page.state), self._run_id, self._source, self._stream.name, self._fence],
        )

    def _note_scope(self, page: Page, versions: list[Version], rejects: list[Reject], counts: Counts) -> None:
        if self._stream.recheck == "parts":
            super()._note_scope(page, versions, rejects, counts)
        else:
            self._remember(WHOLE, versions, rejects)

    def _account(self, page: Page, counts: Counts) -> None:
        self._connection.execute(
            "update ops.reconciliations set records = records + %s where run_id = %s and kind = 'reread'",
            [counts.records, self._run_id],
        )


def reconcile(
    connector: Connector,
    stream: str,
    as_of: datetime,
    dsn: str,
    *,
    account: str = "default",
    believe_all: bool = False,
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
    erasure_key: ErasureKey | None = None,
) -> Reconciliation:
    """Compare the stream with the vendor and mend raw. Takes up an interrupted walk of the last days.

    Where most records seem to be gone, none is deleted unless `believe_all`: a vendor that shows a part only is more
    likely. Raises NothingToReconcileError for a stream that was never whole, or is whole each night; other errors as
    `ingest` does."""
    if connector.streams[stream].recheck is None:
        raise NothingToReconcileError(
            f"{connector.source}.{stream}: every night reads it whole, or re-reading tells nothing more"
        )
    began = time.monotonic()
    with connect(dsn, f"cx reconcile {connector.source}.{stream}") as connection:
        take_lock(connection, connector.source, stream, lock_wait_seconds)
        run = _begin(connection, connector.source, stream, as_of, account)
        try:
            while not _walk(connection, connector, stream, run, account, erasure_key):
                log.info("%s.%s: gives way to another run", connector.source, stream)
                let_go(connection, connector.source, stream)
                time.sleep(1)  # the one that waits is served first
                take_lock(connection, connector.source, stream, lock_wait_seconds)
                run = _taken_up(connection, run)
            result = _Ending(connection, connector, stream, run, account, began, erasure_key).close(believe_all)
        except BaseException as error:
            _fail(connection, run, connector, describe(error))
            raise
    log.log(logging.WARNING if result.is_off else logging.INFO, "%s", result)
    return result


def _begin(connection: psycopg.Connection, source: str, stream: str, as_of: datetime, account: str) -> _Run:
    found = connection.execute(
        """select run_id::text, as_of, state, before_sequence from ops.reconciliations
           where source = %s and stream = %s and kind = 'reread' and account = %s and status <> 'succeeded'
             and started_at > now() - %s
             and started_at > coalesce((select max(started_at) from ops.reconciliations as done
                 where done.source = %s and done.stream = %s and done.kind = 'reread' and status = 'succeeded'),
                 '-infinity')
           order by started_at desc limit 1""",
        [source, stream, account, TAKEN_UP_FOR, source, stream],
    ).fetchone()
    if found is not None:
        connection.execute(
            "update ops.reconciliations set status = 'running', error = null where run_id = %s and kind = 'reread'",
            [found[0]],
        )
        return _Run(*found)
    whole = connection.execute(
        "select from ops.cursors where source = %s and stream = %s and complete_through is not null", [source, stream]
    ).fetchone()
    if whole is None:
        raise NothingToReconcileError(f"{source}.{stream}: its first walk is not over; the next night goes on with it")
    connection.execute(
        """update ops.reconciliations set status = 'failed', error = 'the run was killed', finished_at = now()
           where source = %s and stream = %s and status = 'running'""",
        [source, stream],
    )
    connection.execute("delete from ops.recheck_keys where source = %s and stream = %s", [source, stream])
    run_id = str(uuid.uuid4())
    row = connection.execute(
        sql.SQL("""
        insert into ops.reconciliations (run_id, source, stream, kind, as_of, account, before_sequence, whole_before)
        select %s, %s, %s, 'reread', %s, %s, coalesce((select max(sequence) from {}), 0),
            (select complete_through from ops.cursors where source = %s and stream = %s)
        returning before_sequence""").format(raw_table(source, stream)),
        [run_id, source, stream, as_of, account, source, stream],
    ).fetchone()
    assert row is not None
    return _Run(run_id, as_of, {}, int(row[0]))


def _taken_up(connection: psycopg.Connection, run: _Run) -> _Run:
    row = connection.execute(
        "select state from ops.reconciliations where run_id = %s and kind = 'reread'", [run.run_id]
    ).fetchone()
    assert row is not None
    return _Run(run.run_id, run.as_of, row[0], run.before_sequence)


def _lander(
    connection: psycopg.Connection,
    connector: Connector,
    stream: str,
    run: _Run,
    account: str,
    erasure_key: ErasureKey | None,
) -> RecheckLander:
    source = connector.source
    _, fence, was_whole = take_over(connection, source, stream, account)
    return RecheckLander(
        connection,
        source,
        connector.streams[stream],
        run_id=run.run_id,
        as_of=run.as_of,
        fence=fence,
        latest_plausible=latest_plausible(Window(run.as_of)),
        shape=load_shape(connection, source, stream, was_whole=was_whole),
        erasure_key=erasure_key,
    )


def _walk(
    connection: psycopg.Connection,
    connector: Connector,
    stream: str,
    run: _Run,
    account: str,
    erasure_key: ErasureKey | None,
) -> bool:
    """Walk on from where the run stands. False: another run wants the stream, and what was fetched ahead is dropped,
    since that run may land something newer."""
    source = connector.source
    lander = _lander(connection, connector, stream, run, account, erasure_key)
    pages = ahead(map(lander.prepare, connector.read(stream, Window(run.as_of, recheck=True), run.state)))
    with contextlib.closing(pages):
        for prepared in pages:
            lander.land(prepared)
            if prepared.page.total is not None:
                compare_total(connection, source, stream, prepared.page, run_id=run.run_id, as_of=run.as_of)
            if is_wanted(connection, source, stream):
                return False
    return True


@dataclass
class _Ending:
    """The end of a walk: what it did not meet is gone, unless there is a reason to doubt it; then the account."""

    connection: psycopg.Connection
    connector: Connector
    stream: str
    run: _Run
    account: str
    began: float
    erasure_key: ErasureKey | None = None

    def close(self, believe_all: bool) -> Reconciliation:
        """Delete what is gone, count what was off, and write it down."""
        unmended, problem = 0, None
        missing, stale, deleted = self._counted()
        if self.connector.streams[self.stream].recheck == "whole":
            gone, unmended, problem = self._gone(believe_all)
            if gone:
                lander = _lander(self.connection, self.connector, self.stream, self.run, self.account, self.erasure_key)
                state = _taken_up(self.connection, self.run).state
                page = Page((), state, tombstones=[Tombstone(key) for key in gone])
                deleted += lander.land(lander.prepare(page)).deleted
        usage, source = self.connector.usage, self.connector.source
        result = Reconciliation(
            self.run.run_id,
            source,
            self.stream,
            missing,
            stale,
            deleted,
            unmended,
            problem,
            usage.requests,
            time.monotonic() - self.began,
        )
        with self.connection.transaction():
            self.connection.execute(
                """update ops.reconciliations set status = 'succeeded', finished_at = now(), missing = %s, stale = %s,
                       gone = %s, unmended = %s, is_off = %s, error = %s where run_id = %s and kind = 'reread'""",
                [missing, stale, deleted, unmended, result.is_off, problem, self.run.run_id],
            )
            _add_usage(self.connection, self.run, self.connector)
            self.connection.execute(
                "delete from ops.recheck_keys where source = %s and stream = %s", [source, self.stream]
            )
        return result

    def _gone(self, believe_all: bool) -> tuple[Sequence[str], int, str | None]:
        """The keys that the vendor no longer has, how many more the walk did not meet, and why those stay."""
        live, unseen, has_unknown = self._unseen()
        if not unseen:
            return (), 0, None
        if has_unknown:
            return (), len(unseen), "the walk met a record without a readable key, so nothing is taken for gone"
        if (len(unseen) == live or len(unseen) > max(A_FEW, live * ALL_GONE)) and not believe_all:
            return (), len(unseen), f"the walk met {live - len(unseen)} of {live} live records: nothing is deleted"
        if isinstance(self.connector, Confirms):
            asked = unseen[:ASKED_SINGLY]
            there = self.connector.still_there(self.stream, asked)
            if there is not None:
                gone = [key for key in asked if key not in there]
                left = len(unseen) - len(asked)
                return gone, left, f"{left} more are looked at next time" if left else None
        return unseen, 0, None

    def _unseen(self) -> tuple[int, list[str], bool]:
        """How many live records were in raw before the walk, which of them it did not meet, and whether it met one
        whose key is unknown. What landed since the walk began exists."""
        source = self.connector.source
        rows = self.connection.execute(
            sql.SQL("""
            select latest.key, seen.key is null
            from (select distinct on (key) key, sequence, is_deleted from {} order by key, sequence desc) as latest
            left join ops.recheck_keys as seen
                on seen.source = %s and seen.stream = %s and seen.scope = %s and seen.key = latest.key
            where not latest.is_deleted and latest.sequence <= %s
            order by latest.key""").format(raw_table(source, self.stream)),
            [source, self.stream, WHOLE, self.run.before_sequence],
        ).fetchall()
        unknown = self.connection.execute(
            "select from ops.recheck_keys where source = %s and stream = %s and scope = %s and key = %s",
            [source, self.stream, WHOLE, UNKNOWN_KEY],
        ).fetchone()
        return len(rows), [key for key, is_unseen in rows if is_unseen], unknown is not None

    def _counted(self) -> tuple[int, int, int]:
        """Missing, stale and gone: what the walk wrote and no night would have any more. What changed since the
        stream was last whole, or so shortly before that the next night looks there again, is no difference."""
        row = self.connection.execute(
            sql.SQL("""
            select
                count(*) filter (where not written.is_deleted and former.key is null),
                count(*) filter (where not written.is_deleted and former.key is not null),
                count(*) filter (where written.is_deleted and not former.is_deleted)
            from {table} as written
            left join lateral (
                select key, is_deleted from {table} as earlier
                where earlier.key = written.key and earlier.sequence < written.sequence
                order by sequence desc limit 1
            ) as former on true
            where written.sequence > %s and written.run_id = %s
                and (written.changed_at is null or written.changed_at <= (
                    select whole_before from ops.reconciliations where run_id = %s and kind = 'reread') - %s)
            """).format(table=raw_table(self.connector.source, self.stream)),
            [
                self.run.before_sequence,
                self.run.run_id,
                self.run.run_id,
                self.connector.streams[self.stream].lookback,
            ],
        ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1]), int(row[2])


def _add_usage(connection: psycopg.Connection, run: _Run, connector: Connector) -> None:
    usage = connector.usage
    connection.execute(
        """update ops.reconciliations set requests = requests + %s, bytes = bytes + %s, wait_seconds = wait_seconds + %s
           where run_id = %s and kind = 'reread'""",
        [usage.requests, usage.bytes, round(usage.wait_seconds, 3), run.run_id],
    )


def _fail(connection: psycopg.Connection, run: _Run, connector: Connector, error: str) -> None:
    try:
        connection.execute(
            """update ops.reconciliations set status = 'failed', error = %s, finished_at = now()
               where run_id = %s and kind = 'reread'""",
            [error, run.run_id],
        )
        _add_usage(connection, run, connector)
    except psycopg.OperationalError:
        log.warning("the end of reconciliation %s could not be recorded: the database is gone", run.run_id)
