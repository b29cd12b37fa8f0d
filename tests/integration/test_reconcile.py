"""Reconciling: what the nights could not see is found, reported and mended; what cannot be trusted is left alone."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

import pytest

from cx_warehouse.connectors.base import Page, Stream, Total, Window
from cx_warehouse.connectors.errors import RetryableError
from cx_warehouse.landing import ingest
from cx_warehouse.landing.reconcile import NothingToReconcileError, reconcile
from tests.conftest import Warehouse
from tests.fake_connector import AS_OF, FakeConnector, Thing, thing

WEEK = AS_OF + timedelta(days=7)
OLD = "2026-03-01T00:00:00Z"  # before the night, which should have seen it
NEW = "2026-03-08T00:00:00Z"  # after the last night: its successor's
WHOLE = Stream("tickets", Thing, "things", recheck="whole")
PARTS = Stream("tickets", Thing, "things", recheck="parts")


def old(number: int, **fields) -> bytes:
    return thing(number, updated_at=OLD, **fields)


class Asked(FakeConnector):
    """A vendor that can be asked for single records."""

    there: frozenset[str] = frozenset()
    asked: tuple[str, ...] = ()

    def still_there(self, stream, keys):
        self.asked += tuple(keys)
        return {key for key in keys if key in self.there}


def night(warehouse: Warehouse, *pages, stream=WHOLE, as_of=AS_OF):
    return ingest(FakeConnector(pages, stream=stream), "tickets", Window(as_of), warehouse.dsn("cx_loader"))


def again(warehouse: Warehouse, *pages, stream=WHOLE, kind=FakeConnector, **options):
    connector = kind(pages, stream=stream, **options)
    return reconcile(connector, "tickets", WEEK, warehouse.dsn("cx_loader"))


def latest(warehouse: Warehouse) -> dict[str, tuple]:
    rows = warehouse.rows(
        """select distinct on (key) key, record->>'subject', is_deleted from raw_zendesk.tickets
           order by key, sequence desc"""
    )
    return {key: (subject, is_deleted) for key, subject, is_deleted in rows}


def reports(warehouse: Warehouse) -> list[tuple]:
    return warehouse.rows(
        """select status, is_off, missing, stale, gone, unmended from ops.reconciliations
           where kind = 'reread' order by started_at"""
    )


def test_what_is_missing_stale_and_gone_is_reported_and_mended(warehouse, caplog):
    night(warehouse, [old(1, subject="a"), old(2), old(3)])
    before = warehouse.rows("select state, complete_through from ops.cursors")
    with caplog.at_level(logging.WARNING):
        found = again(warehouse, [old(1, subject="b")], [old(2), old(4)])
    assert (found.missing, found.stale, found.gone, found.unmended) == (1, 1, 1, 0)
    assert latest(warehouse) == {"1": ("b", False), "2": (None, False), "3": (None, True), "4": (None, False)}
    assert reports(warehouse) == [("succeeded", True, 1, 1, 1, 0)]
    assert "zendesk.tickets: 1 missing, 1 stale, 1 gone" in caplog.text
    assert warehouse.rows("select state, complete_through from ops.cursors") == before
    assert warehouse.value("select count(*) from ops.recheck_keys") == 0


def test_what_the_next_night_would_bring_is_no_difference(warehouse):
    night(warehouse, [old(1, subject="a"), old(2)])
    changed = [thing(1, subject="b", updated_at=NEW), thing(2, deleted=True, updated_at=NEW), thing(3, updated_at=NEW)]
    found = again(warehouse, changed)
    assert not found.is_off and latest(warehouse)["1"] == ("b", False)


def test_a_second_reconcile_finds_nothing(warehouse):
    night(warehouse, [old(1), old(2)])
    assert again(warehouse, [old(1)]).gone == 1
    assert not again(warehouse, [old(1)]).is_off
    assert [row[0:2] for row in reports(warehouse)] == [("succeeded", True), ("succeeded", False)]


def test_a_record_that_came_in_during_the_walk_is_not_gone(warehouse):
    night(warehouse, [old(1), old(2)])

    def lands(number: int) -> None:
        if number == 1:
            warehouse.rows(
                """insert into raw_zendesk.tickets (key, record, run_id, content_hash, is_deleted)
                   values ('9', '{"id": 9}', gen_random_uuid(), '', false)"""
            )

    assert not again(warehouse, [old(1)], [old(2)], before_page=lands).is_off


def test_a_vendor_that_shows_a_part_only_deletes_nothing(warehouse):
    night(warehouse, [old(number) for number in range(100)])
    found = again(warehouse, [old(number) for number in range(50)])
    assert (found.gone, found.unmended) == (0, 50)
    assert found.problem == "the walk met 50 of 100 live records: nothing is deleted"
    believed = reconcile(
        FakeConnector([[old(number) for number in range(50)]], stream=WHOLE),
        "tickets",
        WEEK,
        warehouse.dsn("cx_loader"),
        believe_all=True,
    )
    assert believed.gone == 50


def test_a_vendor_that_shows_nothing_deletes_nothing(warehouse):
    night(warehouse, [old(1), old(2)])
    assert (found := again(warehouse, [])).unmended == 2 and found.gone == 0


def test_a_walk_that_met_an_unreadable_record_deletes_nothing(warehouse):
    night(warehouse, [old(1), old(2)])
    found = again(warehouse, [old(1), b'{"id": "two"}'])
    assert (found.gone, found.unmended) == (0, 1) and latest(warehouse)["2"] == (None, False)


def test_the_vendor_is_asked_for_a_record_that_its_list_left_out(warehouse):
    night(warehouse, [old(1), old(2), old(3)])

    class Busy(Asked):
        there = frozenset({"2"})

    found = again(warehouse, [old(1)], kind=Busy)
    assert found.gone == 1
    assert latest(warehouse) == {"1": (None, False), "2": (None, False), "3": (None, True)}


def test_an_interrupted_walk_is_taken_up_at_its_page(warehouse):
    night(warehouse, [old(1), old(2), old(3)])
    served: list[int] = []

    def break_at_one(number: int) -> None:
        served.append(number)
        if served.count(1) == 1 and number == 1:
            raise RetryableError("the vendor went away")

    pages = [[old(1)], [old(2)]]
    with pytest.raises(RetryableError):
        again(warehouse, *pages, before_page=break_at_one)
    assert reports(warehouse)[0][0] == "failed"
    found = again(warehouse, *pages, before_page=break_at_one)
    assert served == [0, 1, 1]
    assert (found.missing, found.stale, found.gone) == (0, 0, 1)
    assert len(reports(warehouse)) == 1


def test_a_night_does_not_wait_for_a_reconcile_and_is_not_overwritten_by_it(warehouse):
    """What the reconcile had fetched ahead is older than what the night brings, so it must not land behind it."""
    night(warehouse, [old(1, subject="a"), old(2)])
    walks_on, night_waits, night_is_over = threading.Event(), threading.Event(), threading.Event()
    in_vain: list[bool] = []

    class Vendor(FakeConnector):
        """Serves record 1 as it stands when its page, the last, is asked for."""

        def read(self, stream, window, state):
            for number in range((state.get("walk") or {}).get("page", 0), 2):
                record = old(1, subject="b" if night_is_over.is_set() else "a") if number else old(2)
                if number == 0:
                    walks_on.set()
                    night_waits.wait(20)
                elif not in_vain:
                    in_vain.append(not night_is_over.wait(9))
                yield Page([record], {"walk": {"page": number + 1}})

    walk = threading.Thread(target=lambda: reconcile(Vendor([], stream=WHOLE), "tickets", WEEK, warehouse.dsn()))
    walk.start()
    assert walks_on.wait(20)

    def run_night() -> None:
        night(warehouse, [thing(1, subject="b", updated_at=OLD)], as_of=WEEK)
        night_is_over.set()

    run = threading.Thread(target=run_night)
    run.start()
    while not warehouse.value("select exists (select from pg_locks where locktype = 'advisory' and not granted)"):
        time.sleep(0.05)
    night_waits.set()
    run.join(30)
    walk.join(30)
    assert in_vain == [False]
    assert latest(warehouse)["1"] == ("b", False)
    assert reports(warehouse) == [("succeeded", False, 0, 0, 0, 0)]


def test_parts_are_compared_each_for_itself(warehouse):
    def part(day: str, *records: bytes) -> Page:
        return Page(records, {}, scope=day, scope_begins=True, scope_complete=True, complete_through=AS_OF)

    night(warehouse, part("monday", old(1), old(2)), part("tuesday", old(3)), stream=PARTS)
    found = again(warehouse, part("monday", old(1)), stream=PARTS)
    assert (found.missing, found.stale, found.gone) == (0, 0, 1)
    assert latest(warehouse)["3"] == (None, False)


def test_the_keys_that_a_night_has_seen_are_not_touched(warehouse):
    """A night that was interrupted within a day goes on afterwards, and must not take for gone what it saw before."""
    stream = PARTS
    first = Page([old(1)], {}, scope="monday", scope_begins=True)
    last = Page([old(2)], {}, scope="monday", scope_complete=True, complete_through=AS_OF)
    night(warehouse, first, last, stream=stream)

    def die(number: int) -> None:
        if number == 1:
            raise RetryableError("the vendor went away")

    connector = FakeConnector([first, last], stream=stream, before_page=die)
    with pytest.raises(RetryableError):
        ingest(connector, "tickets", Window(WEEK), warehouse.dsn("cx_loader"))
    again(warehouse, first, last, stream=stream)
    night(warehouse, first, last, stream=stream, as_of=WEEK)
    assert latest(warehouse) == {"1": (None, False), "2": (None, False)}


def test_what_an_earlier_walk_of_the_scope_saw_does_not_save_a_key(warehouse):
    """A walk that was given up leaves keys behind; the next walk of the scope begins with none."""
    first = Page([old(1), old(2)], {}, scope="monday", scope_begins=True)
    night(warehouse, first, Page([old(3)], {}, scope="monday", scope_complete=True), stream=PARTS)

    def die(number: int) -> None:
        if number == 1:
            raise RetryableError("the vendor went away")

    given_up = FakeConnector([first, Page([], {})], stream=PARTS, before_page=die)
    with pytest.raises(RetryableError):
        ingest(given_up, "tickets", Window(WEEK), warehouse.dsn("cx_loader"))
    fewer = Page([old(1), old(3)], {}, scope="monday", scope_begins=True, scope_complete=True)
    ingest(FakeConnector([None, fewer], stream=PARTS), "tickets", Window(WEEK), warehouse.dsn("cx_loader"))
    assert latest(warehouse)["2"] == (None, True)


def test_a_stream_with_nothing_to_reconcile_says_so(warehouse):
    with pytest.raises(NothingToReconcileError, match="every night reads it whole"):
        again(warehouse, [], stream=Stream("tickets", Thing, "things"))


def test_a_stream_that_was_never_whole_is_left_to_its_first_walk(warehouse):
    with pytest.raises(NothingToReconcileError, match="its first walk is not over"):
        again(warehouse, [old(1)])
    assert reports(warehouse) == []


@pytest.mark.parametrize(("count", "slack", "is_off"), [(3, 0, False), (4, 0, True), (4, 1, False), (2, 0, True)])
def test_a_full_walk_is_compared_with_the_vendors_total(warehouse, caplog, count, slack, is_off):
    page = Page([old(1), old(2), old(3), old(4, deleted=True)], {}, total=Total(count, slack))
    with caplog.at_level(logging.WARNING):
        night(warehouse, page)
    assert warehouse.rows("select vendor_total, landed, difference, is_off, part from ops.reconciliations") == [
        (count, 3, count - 3, is_off, "*")
    ]
    assert (f"the vendor counts {count} records, 3 are in raw" in caplog.text) == is_off


def test_a_record_with_a_broken_field_does_not_keep_others_from_being_taken_for_gone(warehouse):
    """Its key can be read, so the walk knows that it exists."""
    night(warehouse, [old(1), old(2), old(3)])
    found = again(warehouse, [old(1), b'{"id": 2, "updated_at": 17}'])
    assert (found.gone, found.unmended) == (1, 0)
    assert latest(warehouse) == {"1": (None, False), "2": (None, False), "3": (None, True)}
    assert warehouse.rows("select key from raw_zendesk.quarantine") == [("2",)]
