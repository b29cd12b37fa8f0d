"""Comparing what landed with how many records the vendor says that there are."""

from __future__ import annotations

import logging
from datetime import datetime

import psycopg
from psycopg import sql

from cx_warehouse.connectors.base import Page
from cx_warehouse.landing.raw_tables import raw_table

log = logging.getLogger(__name__)
WHOLE = "*"  # the part that is the whole stream


def compare_total(
    connection: psycopg.Connection, source: str, stream: str, page: Page, *, run_id: str, as_of: datetime
) -> None:
    """Count the live records of the part that `page` ends, and record the vendor's count beside it. A difference is a
    warning, never an error: what landed is landed."""
    assert page.total is not None
    row = connection.execute(
        sql.SQL("""
        select count(*) from (
            select distinct on (key) is_deleted from {table} where {part} order by key, sequence desc
        ) as latest where not is_deleted""").format(
            table=raw_table(source, stream),
            part=sql.SQL("true") if page.scope is None else sql.SQL("scope = {}").format(sql.Literal(page.scope)),
        )
    ).fetchone()
    assert row is not None
    total, landed, part = page.total, int(row[0]), page.scope or WHOLE
    difference = total.count - landed
    # what was erased here the vendor may still have; it is not missed
    is_off = not -total.slack <= difference <= total.slack + _erased(connection, source, stream, run_id)
    connection.execute(
        """insert into ops.reconciliations
               (run_id, source, stream, part, kind, as_of, finished_at, status, vendor_total, landed, is_off)
           values (%s, %s, %s, %s, 'total', %s, clock_timestamp(), 'succeeded', %s, %s, %s)
           on conflict (run_id, source, stream, part, kind) do update
           set vendor_total = excluded.vendor_total, landed = excluded.landed, is_off = excluded.is_off""",
        [run_id, source, stream, part, as_of, total.count, landed, is_off],
    )
    if is_off:
        log.warning(
            "%s.%s: the vendor counts %d records%s, %d are in raw (docs/runbook.md#a-reconcile-difference)",
            source,
            stream,
            total.count,
            "" if part == WHOLE else f" of {part}",
            landed,
        )


def _erased(connection: psycopg.Connection, source: str, stream: str, run_id: str) -> int:
    """How many records of the stream the vendor may have more because of erasures, at most: those that have a
    tombstone of their own, and those that this run dropped by what they name."""
    row = connection.execute(
        """select (select count(*) from ops.erasure_tombstones where kind = %s || '.' || %s)
               + coalesce((select erased from ops.ingest_runs where run_id = %s), 0)""",
        [source, stream, run_id],
    ).fetchone()
    return int(row[0]) if row else 0
