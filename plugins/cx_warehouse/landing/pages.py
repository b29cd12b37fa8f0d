"""Landing one page: new versions, tombstones, quarantine and the cursor, in one transaction."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import errors as pg
from psycopg import sql
from psycopg.types.json import Jsonb

from cx_warehouse.connectors.base import Page, Stream
from cx_warehouse.connectors.errors import CxError
from cx_warehouse.landing.counts import Counts
from cx_warehouse.landing.erased import ErasureKey, Guard, Marks
from cx_warehouse.landing.raw_tables import raw_table, writers_lock
from cx_warehouse.landing.schema_drift import Finding, Shape, keep_findings, tell
from cx_warehouse.landing.versions import COLUMNS, Preparer, Reject, Version, copy_data

log = logging.getLogger(__name__)
# What Postgres says of one record that it cannot hold; anything else is a fault of the database and ends the run.
RECORD_ERRORS = (psycopg.DataError, pg.StatementTooComplex, pg.ProgramLimitExceeded)
UNKNOWN_KEY = ""  # stands in walk_keys for a quarantined record whose key could not be read

_LATEST = sql.SQL("""
    select wanted.key, latest.content_hash, latest.is_deleted
    from json_array_elements_text(%s::json) as wanted (key)
    cross join lateral (
        select content_hash, is_deleted from {table} as stored
        where stored.key = wanted.key order by sequence desc limit 1
    ) as latest""")

_COMPARE = sql.SQL("""
    with compared as (
        select page.*,
            coalesce(lag(page.record - %(volatile)s::text[]) over one, latest.record - %(volatile)s::text[]) as former,
            coalesce(lag(page.is_deleted) over one, latest.is_deleted) as was_deleted
        from page
        left join lateral (
            select record, is_deleted from {table} as stored
            where stored.key = page.key order by sequence desc limit 1
        ) as latest on true
        window one as (partition by page.key order by page.ordinal)
    )
    insert into {table} (key, record, changed_at, run_id, content_hash, is_deleted, scope)
    select key, record, changed_at, run_id, content_hash, is_deleted, scope
    from compared
    where former is null or former <> record - %(volatile)s::text[] or was_deleted <> is_deleted
    order by ordinal
    returning is_deleted""")


class FencedOutError(CxError):
    """A newer run has taken the stream over: this one must not write any more."""


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """A page whose records were decoded: all that can be done to it without the database."""

    page: Page
    versions: list[Version]
    rejects: list[Reject]
    keys: str  # of the versions, as a JSON array: written and read faster than an array of SQL
    findings: list[Finding]  # what the records showed of the vendor's schema
    marks: list[Marks] | None = None  # whom each record names, where anybody was erased


class PageLander:
    """Lands the pages of one run of one stream over one connection."""

    seen_keys = sql.Identifier("ops", "walk_keys")

    def __init__(
        self,
        connection: psycopg.Connection,
        source: str,
        stream: Stream,
        *,
        run_id: str,
        as_of: datetime,
        fence: int,
        latest_plausible: datetime,
        shape: Shape,
        books: psycopg.Connection | None = None,
        erasure_key: ErasureKey | None = None,
    ) -> None:
        """`books` is given for a rehearsal: its pages are rolled back, and the account of them is kept over there.
        `erasure_key` is needed where people were erased: their records are dropped."""
        self._connection = connection
        self._books, self._rehearses = books or connection, books is not None
        self._shape = shape
        self._source, self._stream = source, stream
        self._run_id, self._as_of, self._fence = run_id, as_of, fence
        self._preparer = Preparer(stream.contract, latest_plausible)
        self._guard = Guard(source, stream.name, erasure_key)
        self._table = raw_table(source, stream.name)
        self._copy_raw = sql.SQL(f"copy {{}} ({COLUMNS}) from stdin (format binary)").format(self._table)
        self._copy_page = sql.SQL(f"copy page ({COLUMNS}) from stdin (format binary)").format()
        self._latest_sql = _LATEST.format(table=self._table).as_bytes(connection)
        self._compare_sql = _COMPARE.format(table=self._table).as_bytes(connection)
        connection.execute("""
            create temporary table if not exists page (
                ordinal bigint generated always as identity, key text, record jsonb, changed_at timestamptz,
                content_hash bytea, is_deleted boolean, run_id uuid, scope text
            ) on commit delete rows""")

    def prepare(self, page: Page) -> PreparedPage:
        """Decode the page's records. Needs no database, so it can be done while another page is being landed."""
        versions, rejects = self._preparer.prepare(page.records)
        findings = self._shape.look(
            [(version.raw, version.key) for version in versions] + [(reject.raw, reject.key) for reject in rejects]
        )
        rejects += [Reject(body, reason) for body, reason in page.malformed]
        keys = msgspec.json.encode([version.key for version in versions]).decode()
        return PreparedPage(page, versions, rejects, keys, findings, self._guard.marks(versions, rejects))

    def land(self, prepared: PreparedPage) -> Counts:
        """Land the page and save its state, or neither. Raises FencedOutError when a newer run owns the stream."""
        try:
            counts, findings = self._land(prepared, bisect=False)
        except RECORD_ERRORS:
            # Savepoints, which finding the bad record takes, are only paid for by the page that has one.
            counts, findings = self._land(prepared, bisect=True)
        tell(self._source, self._stream.name, findings)
        return counts

    def _land(self, prepared: PreparedPage, *, bisect: bool) -> tuple[Counts, list[Finding]]:
        page, marks = prepared.page, prepared.marks
        counts = Counts(pages=1, records=len(prepared.versions) + len(prepared.rejects))
        with self._connection.transaction():
            with self._connection.pipeline():  # one round trip; each statement sees what was committed before it
                # Writers of one table take turns, so that sequence order is commit order: a build's frozen high-water
                # mark can then never pass over a row that commits later. A rehearsal commits nothing.
                if not self._rehearses:
                    self._connection.execute(
                        "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
                        [writers_lock(self._source, self._stream.name)],
                    )
                saved = self._save_state(page)
                latest = self._latest_hashes(prepared.keys)
                erased = self._guard.look(self._connection, marks)
            if saved.rowcount != 1:
                raise FencedOutError(
                    f"{self._source}.{self._stream.name}: a newer run has taken this stream over; "
                    "nothing of this page was written"
                )
            known = {key: (content_hash, is_deleted) for key, content_hash, is_deleted in latest}
            left = self._guard.sift(self._connection, erased, prepared.versions, list(prepared.rejects), marks)
            versions, rejects, counts.erased = left.versions, left.rejects, left.erased
            findings = [one for one in prepared.findings if one.key is None or one.key not in left.dropped]
            self._write(versions, known, page.scope, counts, rejects, bisect)
            self._tombstone(page, counts)
            self._quarantine(rejects)
            counts.quarantined = len(rejects)
            met = [*rejects, Reject(b"", "erased")] if left.is_key_unknown else rejects
            self._note_scope(page, versions, met, counts)
            if findings:
                keep_findings(
                    self._connection,
                    self._source,
                    self._stream.name,
                    findings,
                    as_of=self._as_of,
                    run_id=self._run_id,
                )
            self._account(page, counts)
        return counts, findings

    def forget_walk(self, scope: str | None = None) -> None:
        """Drop the keys remembered for a walk that was given up (of one scope): a new walk begins."""
        self._connection.execute(
            sql.SQL("delete from {} where source = %s and stream = %s and scope = coalesce(%s, scope)").format(
                self.seen_keys
            ),
            [self._source, self._stream.name, scope],
        )

    def _note_scope(self, page: Page, versions: list[Version], rejects: list[Reject], counts: Counts) -> None:
        if page.scope is None:
            return
        if page.scope_begins:
            self.forget_walk(page.scope)
        self._remember(page.scope, versions, rejects)
        if page.scope_complete:
            self._tombstone_unseen(page.scope, counts)

    def _save_state(self, page: Page) -> psycopg.Cursor[Any]:
        return self._connection.execute(
            """update ops.cursors set state = %s, updated_at = now(),
                   complete_through = greatest(coalesce(%s, complete_through), complete_through)
               where source = %s and stream = %s and fence = %s""",
            [Jsonb(page.state), page.complete_through, self._source, self._stream.name, self._fence],
        )

    def _write(
        self,
        versions: list[Version],
        known: dict[str, tuple[bytes, bool]],
        scope: str | None,
        counts: Counts,
        rejects: list[Reject],
        bisect: bool,
    ) -> None:
        """New keys go straight into raw; known keys are compared with their latest version, in one statement."""
        times: dict[str, int] = {}
        for version in versions:
            times[version.key] = times.get(version.key, 0) + 1
        fresh, doubtful = [], []
        for version in versions:
            if times[version.key] > 1:
                doubtful.append(version)
            elif (latest := known.get(version.key)) is None:
                fresh.append(version)
            elif latest == (version.content_hash, version.is_deleted):
                counts.unchanged += 1
            else:
                doubtful.append(version)
        landed = self._copy(self._copy_raw, fresh, scope, rejects, bisect)
        counts.inserted += len(landed)
        counts.deleted += sum(version.is_deleted for version in landed)
        counts.fresh += sum(not version.is_deleted for version in landed)
        if doubtful:
            if self._rehearses:  # no commit empties the table
                self._connection.execute("truncate page")
            compared = self._copy(self._copy_page, doubtful, scope, rejects, bisect)
            written = self._connection.execute(self._compare_sql, {"volatile": list(self._stream.volatile)})
            deleted = [row[0] for row in written]
            counts.inserted += len(deleted)
            counts.deleted += sum(deleted)
            counts.unchanged += len(compared) - len(deleted)
            counts.fresh += len({v.key for v in compared if not v.is_deleted and v.key not in known})

    def _latest_hashes(self, keys: str) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._connection.execute(self._latest_sql, [keys], binary=True)

    def _copy(
        self,
        statement: sql.Composed,
        versions: list[Version],
        scope: str | None,
        rejects: list[Reject],
        bisect: bool,
    ) -> list[Version]:
        """COPY the versions. With `bisect`, where Postgres refuses one, halve the batch until it stands alone, and
        reject it."""
        if not versions:
            return []
        if not bisect:
            self._copy_in(statement, versions, scope)
            return versions
        try:
            with self._connection.transaction():
                self._copy_in(statement, versions, scope)
        except RECORD_ERRORS as error:
            if len(versions) == 1:
                # The primary message only: the detail quotes the record, which may be personal.
                rejects.append(Reject(versions[0].raw, f"postgres: {error.diag.message_primary}", versions[0].key))
                return []
            middle = len(versions) // 2
            return self._copy(statement, versions[:middle], scope, rejects, bisect) + self._copy(
                statement, versions[middle:], scope, rejects, bisect
            )
        return versions

    def _copy_in(self, statement: sql.Composed, versions: list[Version], scope: str | None) -> None:
        with self._connection.cursor().copy(statement) as copy:
            copy.write(copy_data(versions, self._run_id, scope))

    def _tombstone(self, page: Page, counts: Counts) -> None:
        if not page.tombstones:
            return
        gone = self._connection.execute(
            sql.SQL("""
            insert into {table} (key, record, changed_at, run_id, content_hash, is_deleted, scope)
            select latest.key, latest.record, coalesce(gone.changed_at, latest.changed_at), %s, latest.content_hash,
                true, latest.scope
            from (select distinct on (key) key, changed_at from unnest(%s::text[], %s::timestamptz[])
                  as listed (key, changed_at) order by key, changed_at desc nulls last) as gone
            cross join lateral (
                select * from {table} as stored where stored.key = gone.key order by sequence desc limit 1
            ) as latest
            where not latest.is_deleted""").format(table=self._table),
            [
                self._run_id,
                [tombstone.key for tombstone in page.tombstones],
                [tombstone.changed_at for tombstone in page.tombstones],
            ],
        )
        counts.inserted += gone.rowcount
        counts.deleted += gone.rowcount

    def _quarantine(self, rejects: list[Reject]) -> None:
        if not rejects:
            return
        with self._connection.cursor() as cursor:
            cursor.executemany(
                sql.SQL("""
                insert into {} as kept (stream, key, body, body_hash, reason, run_id, as_of)
                values (%s, %s, %s, %s, %s, %s, %s)
                on conflict (stream, body_hash) do update set times_seen = kept.times_seen + 1, last_seen_at = now(),
                    reason = excluded.reason""").format(raw_table(self._source, "quarantine")),
                [
                    (
                        self._stream.name,
                        reject.key,
                        reject.raw,
                        hashlib.sha256(reject.raw).digest(),
                        reject.reason,
                        self._run_id,
                        self._as_of,
                    )
                    for reject in rejects
                ],
            )

    def _remember(self, scope: str, versions: list[Version], rejects: list[Reject]) -> None:
        keys = {version.key for version in versions} | {reject.key or UNKNOWN_KEY for reject in rejects}
        self._connection.execute(
            sql.SQL("""insert into {} (source, stream, scope, key)
               select %s, %s, %s, unnest(%s::text[]) on conflict do nothing""").format(self.seen_keys),
            [self._source, self._stream.name, scope, sorted(keys)],
        )

    def _tombstone_unseen(self, scope: str, counts: Counts) -> None:
        """After the complete walk of a scope its unseen keys are gone at the source. A walk that met a record without a
        readable key proves nothing about any key, and tombstones none."""
        where = [self._source, self._stream.name, scope]
        if self._is_any_key_unknown(where):
            log.warning(
                "%s.%s: deletions in %s are held back while the vendor serves a record without a readable key "
                "(docs/runbook.md#quarantine)",
                self._source,
                self._stream.name,
                "the stream" if scope == "*" else scope,
            )
        else:
            gone = self._connection.execute(
                sql.SQL("""
                insert into {table} (key, record, changed_at, run_id, content_hash, is_deleted, scope)
                select key, record, changed_at, %s, content_hash, true, scope
                from (select distinct on (key) * from {table} where scope = %s order by key, sequence desc) as latest
                where not is_deleted
                    and not exists (select from {seen_keys} as seen where seen.source = %s and seen.stream = %s
                        and seen.scope = %s and seen.key = latest.key)""").format(
                    table=self._table, seen_keys=self.seen_keys
                ),
                [self._run_id, scope, *where],
            )
            counts.inserted += gone.rowcount
            counts.deleted += gone.rowcount
        self.forget_walk(scope)

    def _is_any_key_unknown(self, where: list[str]) -> bool:
        found = self._connection.execute(
            sql.SQL("select from {} where source = %s and stream = %s and scope = %s and key = %s").format(
                self.seen_keys
            ),
            [*where, UNKNOWN_KEY],
        )
        return found.fetchone() is not None

    def _account(self, page: Page, counts: Counts) -> None:
        self._books.execute(
            sql.SQL("""update {} set pages = pages + 1, records = records + %s, inserted = inserted + %s,
                   unchanged = unchanged + %s, deleted = deleted + %s, quarantined = quarantined + %s,
                   fresh = fresh + %s, erased = erased + %s, complete_through = coalesce(%s, complete_through)
               where run_id = %s""").format(runs_table(self._rehearses)),
            [
                counts.records,
                counts.inserted,
                counts.unchanged,
                counts.deleted,
                counts.quarantined,
                counts.fresh,
                counts.erased,
                page.complete_through,
                self._run_id,
            ],
        )


def runs_table(is_rehearsal: bool) -> sql.Identifier:
    """Where the account of a run is kept."""
    return sql.Identifier("ops", "dry_runs" if is_rehearsal else "ingest_runs")
