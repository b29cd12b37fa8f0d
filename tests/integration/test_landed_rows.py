"""A landed row, column by column: what COPY is handed in binary must read back as what the record said."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest

from cx_warehouse.connectors.base import Page, Stream, Window
from cx_warehouse.landing import ingest
from tests.conftest import Warehouse
from tests.fake_connector import AS_OF, FakeConnector, Thing, thing


def land(warehouse: Warehouse, *pages, **options):
    return ingest(FakeConnector(pages, **options), "tickets", Window(end=AS_OF), warehouse.dsn("cx_loader"))


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("2026-01-14T09:12:45Z", "2026-01-14 09:12:45+00"),
        ("2026-01-14T09:12:45.123456Z", "2026-01-14 09:12:45.123456+00"),
        ("2026-01-14T09:12:45+02:00", "2026-01-14 07:12:45+00"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59.999999+00"),
        ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00+00"),
        (None, None),
    ],
)
def test_the_change_time_is_the_moment_that_the_source_said(warehouse, said, stored):
    land(warehouse, [thing(1, updated_at=said)])
    assert warehouse.value("select (changed_at at time zone 'UTC')::text || '+00' from raw_zendesk.tickets") == stored


def test_every_column_reads_back_as_it_was_served(warehouse):
    body = json.dumps({"id": 1, "subject": 'a "quoted" \\ ł 漢 🙂\n\t\u0002'}, ensure_ascii=False).encode()
    result = land(warehouse, Page([body, thing(2)], {}, scope="dzień|1"))
    rows = warehouse.rows(
        """select key, record, content_hash, is_deleted, run_id::text, scope, extracted_at is not null
           from raw_zendesk.tickets order by sequence"""
    )
    assert rows == [
        ("1", json.loads(body), hashlib.blake2b(body, digest_size=16).digest(), False, result.run_id, "dzień|1", True),
        ("2", {"id": 2}, hashlib.blake2b(thing(2), digest_size=16).digest(), False, result.run_id, "dzień|1", True),
    ]


def test_a_key_of_any_characters_lands_and_is_found_again(warehouse):
    class Named(Thing, frozen=True):
        name: str = ""

        def key(self) -> str:
            return self.name

    stream = Stream("tickets", Named, "things")
    names = ["a,b", '{"x"}', "NULL", "null", "\\N", "a b", "ł漢🙂", "x" * 512, "a\x1fb", "a\nb\t"]
    for _ in range(2):
        result = land(warehouse, [thing(1, name=name) for name in names], stream=stream)
    assert {key for (key,) in warehouse.rows("select key from raw_zendesk.tickets")} == set(names)
    assert (result.counts.inserted, result.counts.unchanged) == (0, len(names))


def test_a_key_that_no_index_can_hold_is_rejected_in_a_complete_walk_too(warehouse):
    class Named(Thing, frozen=True):
        name: str = ""

        def key(self) -> str:
            return self.name or str(self.id)

    page = Page([thing(1), thing(2, name="x" * 10_000)], {}, scope="*", scope_complete=True)
    result = land(warehouse, page, stream=Stream("tickets", Named, "things"))
    assert (result.counts.inserted, result.counts.quarantined) == (1, 1)


def test_a_changed_record_that_postgres_refuses_is_rejected_and_its_neighbours_land(warehouse):
    land(warehouse, [thing(1, subject="a"), thing(2, subject="a")])
    result = land(warehouse, [thing(1, subject="b"), b'{"id": 2, "subject": "a\\u0000b"}', thing(3)])
    assert (result.counts.inserted, result.counts.quarantined, result.counts.records) == (2, 1, 3)
    assert warehouse.rows("select key, record->>'subject' from raw_zendesk.tickets order by key, sequence") == [
        ("1", "a"),
        ("1", "b"),
        ("2", "a"),
        ("3", None),
    ]


def test_the_interpreter_is_left_as_it_was_found(warehouse):
    before = sys.getswitchinterval()
    land(warehouse, [thing(1)])
    assert sys.getswitchinterval() == before
