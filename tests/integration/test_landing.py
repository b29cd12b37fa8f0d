"""Landing into a real Postgres: every version once, nothing lost or doubled, nothing stopped by one bad record."""

from __future__ import annotations

import threading

import psycopg
import pytest

from cx_warehouse.connectors.base import Page, Stream, Tombstone, Window
from cx_warehouse.connectors.errors import CxError, RetryableError
from cx_warehouse.landing import ingest
from cx_warehouse.landing.pages import FencedOutError
from tests.conftest import Warehouse
from tests.fake_connector import AS_OF, FakeConnector, Thing, thing

WINDOW = Window(end=AS_OF)


def land(warehouse: Warehouse, *pages, **options):
    return ingest(FakeConnector(pages, **options), "tickets", WINDOW, warehouse.dsn("cx_loader"))


def versions(warehouse: Warehouse) -> list[tuple]:
    return warehouse.rows("select key, record->>'subject', is_deleted from raw_zendesk.tickets order by sequence")


def test_every_distinct_version_is_kept_when_a_record_changes_and_changes_back(warehouse):
    for subject in ("a", "b", "a", "a"):
        land(warehouse, [thing(1, subject=subject)])
    assert versions(warehouse) == [("1", "a", False), ("1", "b", False), ("1", "a", False)]


def test_versions_within_one_page_are_kept_in_the_order_served(warehouse):
    result = land(warehouse, [thing(1, subject="a"), thing(2), thing(1, subject="b"), thing(1, subject="b")])
    assert versions(warehouse) == [("2", None, False), ("1", "a", False), ("1", "b", False)]
    assert (result.counts.inserted, result.counts.unchanged) == (3, 1)


def test_nothing_is_written_when_only_bytes_or_volatile_fields_differ(warehouse):
    land(warehouse, [b'{"id": 1, "subject": "a", "generated_timestamp": 1}'])
    result = land(warehouse, [b'{"generated_timestamp":2,"subject":"a","id":1}'])
    assert (result.counts.inserted, result.counts.unchanged) == (0, 1)


def test_a_deletion_is_a_version_and_a_return_another(warehouse):
    for deleted in (False, True, True, False):
        land(warehouse, [thing(1, subject="a", deleted=deleted)])
    assert [row[2] for row in versions(warehouse)] == [False, True, False]


def test_a_tombstone_keeps_the_last_known_record(warehouse):
    land(warehouse, [thing(1, subject="a")])
    result = land(warehouse, Page([], {}, tombstones=[Tombstone("1"), Tombstone("1"), Tombstone("never seen")]))
    assert versions(warehouse) == [("1", "a", False), ("1", "a", True)]
    assert (result.counts.inserted, result.counts.deleted) == (1, 1)


def test_a_tombstone_is_written_once_although_each_night_tells_of_it(warehouse):
    land(warehouse, [thing(1)])
    for _ in range(3):
        land(warehouse, Page([], {}, tombstones=[Tombstone("1")]))
    assert [row[2] for row in versions(warehouse)] == [False, True]


def test_a_record_comes_back_when_it_is_served_as_it_was_before_its_tombstone(warehouse):
    for page in ([thing(1)], Page([], {}, tombstones=[Tombstone("1")]), [thing(1)], [thing(1)]):
        land(warehouse, page)
    assert [row[2] for row in versions(warehouse)] == [False, True, False]


POISON = {
    "missing id": b'{"subject": "no id"}',
    "wrong type": b'{"id": "one"}',
    "invalid utf-8": b'{"id": 5, "subject": "\xff\xfe"}',
    "null character": b'{"id": 6, "subject": "a\\u0000b"}',
    "lone surrogate": b'{"id": 7, "subject": "\\ud800"}',
    "number beyond numeric": b'{"id": 8, "n": 1e400000}',
    "changed in the far future": b'{"id": 9, "updated_at": "9999-12-31T00:00:00Z"}',
    "made in the far future": b'{"id": 9, "created_at": "9999-12-31T00:00:00Z"}',
    "deep nesting": b'{"id": 10, "n": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "control character": b'{"id": 11, "subject": "a\x01b"}',
    "key of null bytes": b'{"id": 12.5}',
}


@pytest.mark.parametrize("name", POISON)
def test_one_poisoned_record_goes_to_quarantine_and_its_neighbours_land(warehouse, name):
    body = POISON[name]
    result = land(warehouse, [thing(1), thing(2), body, thing(3), thing(4)], [thing(100)])
    assert [row[0] for row in sorted(versions(warehouse))] == ["1", "100", "2", "3", "4"]
    [(kept, reason)] = warehouse.rows("select body, reason from raw_zendesk.quarantine")
    assert bytes(kept) == body
    assert reason.startswith(("contract: ", "postgres: "))
    assert result.counts.quarantined == 1 and result.counts.records == 6
    assert warehouse.value("select quarantined from ops.ingest_runs") == 1


def test_a_text_of_five_megabytes_lands_whole(warehouse):
    land(warehouse, [thing(1, subject="x" * 5_000_000)])
    assert warehouse.value("select length(record->>'subject') from raw_zendesk.tickets") == 5_000_000


def test_the_same_poison_is_kept_once_and_counted_each_time(warehouse):
    for _ in range(3):
        land(warehouse, [POISON["wrong type"]])
    assert warehouse.rows("select times_seen from raw_zendesk.quarantine") == [(3,)]


def scoped(*numbers, complete=True, records=None, scope="*"):
    return Page(
        records if records is not None else [thing(n) for n in numbers], {}, scope=scope, scope_complete=complete
    )


def live(warehouse: Warehouse) -> set[str]:
    return {
        key
        for (key,) in warehouse.rows(
            """select key from (select distinct on (key) key, is_deleted from raw_zendesk.tickets
           order by key, sequence desc) as latest where not is_deleted"""
        )
    }


def test_keys_unseen_in_a_complete_walk_become_tombstones(warehouse):
    land(warehouse, scoped(1, 2, complete=False), scoped(3))
    land(warehouse, scoped(1, complete=False), scoped(3))
    assert live(warehouse) == {"1", "3"}
    assert warehouse.value("select count(*) from ops.walk_keys") == 0


def test_another_scope_is_left_alone(warehouse):
    land(warehouse, scoped(1, 2, scope="monday"))
    land(warehouse, scoped(3, scope="tuesday"))
    assert live(warehouse) == {"1", "2", "3"}


def test_an_incomplete_walk_deletes_nothing(warehouse):
    land(warehouse, scoped(1, 2))
    land(warehouse, scoped(1, complete=False))
    assert live(warehouse) == {"1", "2"}


def test_a_walk_with_an_unreadable_record_deletes_nothing_and_says_so(warehouse, caplog):
    """The unreadable record may be the very one that would seem to be gone."""
    land(warehouse, scoped(1, 2))
    assert "held back" not in caplog.text
    land(warehouse, scoped(records=[thing(1), b'{"id": "two"}']))
    assert live(warehouse) == {"1", "2"}
    assert "zendesk.tickets: deletions in the stream are held back" in caplog.text


def test_a_run_that_broke_off_is_taken_up_at_its_page(warehouse):
    served: list[int] = []

    def break_at_two(number: int) -> None:
        served.append(number)
        if number == 2 and served.count(2) == 1:
            raise RetryableError("the vendor went away")

    pages = [[thing(n)] for n in range(4)]
    with pytest.raises(RetryableError):
        land(warehouse, *pages, before_page=break_at_two)
    land(warehouse, *pages, before_page=break_at_two)
    assert served == [0, 1, 2, 2, 3]
    assert [row[0] for row in versions(warehouse)] == ["0", "1", "2", "3"]
    assert warehouse.rows("select status, error from ops.ingest_runs order by started_at") == [
        ("failed", "the vendor went away"),
        ("succeeded", None),
    ]


def test_the_page_and_its_cursor_are_both_rolled_back_when_the_page_fails(warehouse):
    warehouse.rows("alter table raw_zendesk.tickets add constraint no_threes check (key <> '3')")
    with pytest.raises(psycopg.errors.CheckViolation):
        land(warehouse, [thing(1)], [thing(2), thing(3)])
    assert [row[0] for row in versions(warehouse)] == ["1"]
    assert warehouse.value("select state->'walk'->>'page' from ops.cursors") == "1"


def test_a_second_run_of_the_stream_waits_and_then_says_so(warehouse):
    inside, release = threading.Event(), threading.Event()

    def hold(number: int) -> None:
        inside.set()
        release.wait(20)

    first = threading.Thread(target=lambda: land(warehouse, [thing(1)], before_page=hold))
    first.start()
    inside.wait(20)
    with pytest.raises(RetryableError, match="another run"):
        ingest(FakeConnector([[thing(2)]]), "tickets", WINDOW, warehouse.dsn("cx_loader"), lock_wait_seconds=0.5)
    release.set()
    first.join()
    assert [row[0] for row in versions(warehouse)] == ["1"]


def test_a_run_that_lost_its_stream_cannot_write(warehouse):
    def newer_run_takes_over(number: int) -> None:
        if number == 1:
            warehouse.rows("update ops.cursors set fence = fence + 1")

    with pytest.raises(FencedOutError):
        # page 0 is landed while page 1 is fetched, so the takeover may strike either; never both are written
        land(warehouse, [thing(1)], [thing(2)], before_page=newer_run_takes_over)
    assert "2" not in live(warehouse)


def test_a_cursor_is_not_used_for_another_account(warehouse):
    land(warehouse, [thing(1)])
    with pytest.raises(CxError, match="belongs to account"):
        ingest(FakeConnector([[thing(2)]]), "tickets", WINDOW, warehouse.dsn("cx_loader"), account="other")


def test_sequence_order_is_commit_order_when_two_streams_of_a_table_write(warehouse):
    """A build freezes max(sequence): a lower number that commits later would be passed over for ever."""
    stream = Stream("tickets", Thing, "things")
    with psycopg.connect(warehouse.dsn("cx_loader")) as other:
        other.execute("select pg_advisory_xact_lock(hashtextextended('cx:table:zendesk.tickets', 0))")
        waiting = threading.Thread(target=lambda: land(warehouse, [thing(1)], stream=stream))
        waiting.start()
        waiting.join(1.0)
        assert waiting.is_alive() and versions(warehouse) == []
        other.rollback()
        waiting.join(20)
    assert len(versions(warehouse)) == 1
