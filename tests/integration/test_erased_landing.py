"""Landing keeps erased people out: by one look a page, by dropping or blanking, and by refusing to go on blindly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Page, Total
from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.persons import EMAIL, USER
from cx_warehouse.landing.counts import Counts
from cx_warehouse.landing.erased import ErasureKey
from cx_warehouse.landing.pages import PageLander
from cx_warehouse.landing.schema_drift import load_shape
from cx_warehouse.landing.totals import compare_total
from tests.conftest import Warehouse

KEY = ErasureKey.of("a key that is only for tests, and long enough")
AS_OF = datetime(2026, 3, 2, 2, tzinfo=UTC)
ANNA = 380_000_000_001


def ticket(number: int, requester: int = 5, **more: Any) -> bytes:
    fields = {"id": number, "status": "open", "requester_id": requester, "created_at": "2026-03-01T00:00:00Z"}
    return json.dumps({**fields, "updated_at": "2026-03-01T00:00:00Z", "generated_timestamp": 1, **more}).encode()


@contextmanager
def lander(warehouse: Warehouse, key: ErasureKey | None = KEY) -> Iterator[PageLander]:
    stream = registry.connector_class("zendesk").streams["tickets"]
    with psycopg.connect(warehouse.dsn("cx_loader"), autocommit=True) as connection:
        fence = connection.execute(
            """insert into ops.cursors as kept (source, stream, account, fence) values ('zendesk', 'tickets', 'a', 1)
               on conflict (source, stream) do update set fence = kept.fence + 1 returning fence"""
        ).fetchone()
        assert fence
        yield PageLander(
            connection,
            "zendesk",
            stream,
            run_id=str(uuid4()),
            as_of=AS_OF,
            fence=fence[0],
            latest_plausible=AS_OF,
            shape=load_shape(connection, "zendesk", "tickets", was_whole=False),
            erasure_key=key,
        )


def land(one: PageLander, *records: bytes, **page: Any) -> Counts:
    return one.land(one.prepare(Page(list(records), {}, **page)))


def erase(warehouse: Warehouse, *named: tuple[str, str], key: ErasureKey = KEY) -> None:
    for kind, value in named:
        warehouse.rows(
            "insert into ops.erasure_tombstones (mark, kind, key_id, erasure_id) values (%s, %s, %s, 1)",
            key.mark(kind, value),
            kind,
            key.key_id,
        )


@pytest.fixture
def ready(warehouse: Warehouse) -> Warehouse:
    from cx_warehouse.database import bootstrap

    bootstrap(warehouse.dsn())
    return warehouse


def keys(warehouse: Warehouse) -> list[str]:
    return [row[0] for row in warehouse.rows("select key from raw_zendesk.tickets order by sequence")]


def test_a_record_about_an_erased_person_is_dropped_and_counted(ready: Warehouse) -> None:
    erase(ready, (USER, str(ANNA)))
    with lander(ready) as one:
        counts = land(one, ticket(1), ticket(2, requester=ANNA), ticket(3))
        assert (counts.records, counts.inserted, counts.erased) == (3, 2, 1)
        assert land(one, ticket(2, requester=ANNA)).erased == 1  # the second page is marked beforehand
    assert keys(ready) == ["1", "3"]


def test_an_erasure_in_the_middle_of_a_run_holds_from_the_next_page_on(ready: Warehouse) -> None:
    with lander(ready) as one:
        prepared = one.prepare(Page([ticket(2, requester=ANNA)], {}))
        erase(ready, (USER, str(ANNA)))
        assert one.land(prepared).erased == 1
    assert keys(ready) == []


def test_what_others_records_tell_of_the_person_is_blanked_and_a_second_reading_changes_nothing(
    ready: Warehouse,
) -> None:
    erase(ready, (USER, str(ANNA)), (EMAIL, "anna@x.example"))
    served = ticket(1, description="ask Anna@X.example or bob@x.example", email_cc_ids=[ANNA, 7])
    with lander(ready) as one:
        assert (land(one, served).inserted, land(one, served).unchanged) == (1, 1)
    record = ready.value("select record from raw_zendesk.tickets")
    assert record["description"] == "ask [erased] or bob@x.example" and record["email_cc_ids"] == [None, 7]


def test_a_broken_record_that_names_the_person_does_not_even_reach_quarantine(ready: Warehouse) -> None:
    erase(ready, (USER, str(ANNA)), (EMAIL, "anna@x.example"))
    broken = json.dumps({"id": None, "requester_id": ANNA}).encode()
    with lander(ready) as one:
        counts = land(one, broken, b'{"from": "anna@x.example", broken', b'{"from": "bob@x.example", broken')
    assert (counts.erased, counts.quarantined) == (2, 1)
    bodies = [bytes(row[0]) for row in ready.rows("select body from raw_zendesk.quarantine")]
    assert bodies == [b'{"from": "bob@x.example", broken']


def test_a_dropped_record_without_a_key_still_holds_deletions_back(ready: Warehouse) -> None:
    """A walk that met a record without a readable key proves nothing of any key."""
    with lander(ready) as one:
        land(one, ticket(1), scope="*", scope_begins=True, scope_complete=True)
    erase(ready, (EMAIL, "anna@x.example"))
    with lander(ready) as one:
        land(one, b'{"from": "anna@x.example", broken', scope="*", scope_begins=True, scope_complete=True)
    assert ready.value("select count(*) from raw_zendesk.tickets where is_deleted") == 0


def test_the_first_record_that_showed_a_new_field_is_not_remembered_when_it_is_dropped(ready: Warehouse) -> None:
    erase(ready, (USER, str(ANNA)))
    with lander(ready) as one:
        land(one, ticket(1))
        land(one, ticket(2, requester=ANNA, secret_field="x"))
    assert ready.value("select count(*) from ops.schema_changes where key = '2'") == 0


@pytest.mark.parametrize("key", [None, ErasureKey.of("another key, which is long enough as well")])
def test_without_the_right_key_nothing_lands(ready: Warehouse, key: ErasureKey | None) -> None:
    with lander(ready, key) as one:
        land(one, ticket(1))
        erase(ready, (EMAIL, "anna@x.example"))
        with pytest.raises(ConfigError, match="cx_erasure"):
            land(one, ticket(2))
    assert keys(ready) == ["1"]


def test_a_key_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ConfigError, match="shorter than"):
        ErasureKey.of("short")


@pytest.mark.parametrize(("counted", "is_off"), [(2, False), (3, False), (4, True), (1, True)])
def test_what_was_erased_is_not_missed_when_the_vendor_counts(ready: Warehouse, counted: int, is_off: bool) -> None:
    erase(ready, ("zendesk.tickets", "3"))
    with lander(ready) as one:
        land(one, ticket(1), ticket(2), ticket(3))
    with psycopg.connect(ready.dsn("cx_loader"), autocommit=True) as connection:
        page = Page([], {}, total=Total(counted))
        compare_total(connection, "zendesk", "tickets", page, run_id=str(uuid4()), as_of=AS_OF)
    assert ready.value("select is_off from ops.reconciliations") is is_off
