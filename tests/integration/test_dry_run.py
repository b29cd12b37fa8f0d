"""A dry run reads and compares as a run does, says what it would land, and leaves everything as it was."""

from __future__ import annotations

import psycopg

from cx_warehouse.connectors.base import Page, Stream, Tombstone, Window
from cx_warehouse.landing import ingest
from tests.conftest import Warehouse
from tests.fake_connector import AS_OF, FakeConnector, Thing, thing

BEFORE = [[thing(1, subject="a"), thing(2), thing(3), thing(4)]]
PAGES = [
    [thing(1, subject="b"), thing(2), b'{"id": "five"}', thing(6)],
    [thing(6), thing(7, fresh_field=1), thing(4, deleted=True)],
    Page([thing(8)], {}, tombstones=[Tombstone("3")]),
    [thing(1, subject="c")],
    [thing(1, subject="b")],
]
EVERYTHING = (
    "select sequence, key, record::text, is_deleted from raw_zendesk.tickets",
    "select state, complete_through, fence from ops.cursors",
    "select * from ops.stream_fields",
    "select * from ops.schema_changes",
    "select * from ops.walk_keys",
    "select key from raw_zendesk.quarantine",
    "select status from ops.ingest_runs",
)


def run(warehouse: Warehouse, pages, **options):
    connector = FakeConnector(pages, stream=Stream("tickets", Thing, "things"))
    return ingest(connector, "tickets", Window(end=AS_OF), warehouse.dsn("cx_loader"), **options)


def held(warehouse: Warehouse) -> list[list[tuple]]:
    return [warehouse.rows(statement) for statement in EVERYTHING]


def test_a_dry_run_counts_what_a_run_lands_and_leaves_nothing(warehouse):
    run(warehouse, BEFORE)
    before = held(warehouse)
    dry = run(warehouse, PAGES, dry_run=True)
    assert held(warehouse) == before
    real = run(warehouse, PAGES)
    assert dry.counts == real.counts
    c = real.counts
    assert (c.fresh, c.changed, c.unchanged, c.deleted, c.quarantined) == (3, 3, 2, 2, 1)


def test_a_dry_run_counts_the_tombstones_of_a_restated_scope(warehouse):
    restated = [Page([thing(1), thing(2)], {}, scope="*"), Page([thing(3)], {}, scope="*", scope_complete=True)]
    run(warehouse, restated)
    fewer = [Page([thing(1)], {}, scope="*"), Page([thing(3)], {}, scope="*", scope_complete=True)]
    assert run(warehouse, fewer, dry_run=True).counts.deleted == 1
    assert warehouse.value("select count(*) from raw_zendesk.tickets where is_deleted") == 0


def test_a_dry_run_is_told_apart_and_does_not_hold_a_build_up(warehouse):
    """A build's freeze waits for writers of the table; a dry run is none."""

    def freeze(number: int) -> None:
        if number == 3:  # the first page is landed by now
            with psycopg.connect(warehouse.dsn(), options="-c lock_timeout=2s") as build:
                build.execute("select pg_advisory_xact_lock(hashtextextended('cx:table:zendesk.tickets', 0))")
                told.extend(build.execute("select pages > 0, status from ops.dry_runs").fetchall())

    told: list[tuple] = []
    connector = FakeConnector([[thing(n)] for n in range(5)], before_page=freeze)
    ingest(connector, "tickets", Window(end=AS_OF), warehouse.dsn("cx_loader"), dry_run=True)
    assert told == [(True, "running")]
    assert warehouse.rows("select status, records, fresh from ops.dry_runs") == [("succeeded", 5, 5)]
    assert warehouse.rows("select * from ops.ingest_runs") == []
