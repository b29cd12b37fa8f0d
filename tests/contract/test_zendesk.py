"""The Zendesk connector against its look-alike: nothing lost, nothing doubled, whatever the pages and the nights.

Numbers after "bug" are those of the vendor facts' regression list."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from cx_warehouse.connectors.base import Window
from sandbox.vendors.zendesk.shelf import Shelf
from sandbox.world import World
from tests.contract.harness import Fault
from tests.contract.zendesk_account import STREAMS, Account, account, served_keys, stamps
from tests.contract.zendesk_company import (
    AGENT,
    DELETED,
    FIRST_TICKET,
    FIRST_USER,
    LATE_AGENT,
    MERGED,
    OLD,
    OPENS_AT,
    RATED,
    TIE,
    TOUCHED,
    WINNER,
)

MINUTE = timedelta(minutes=1)
WHOLE = ("groups", "schedules", "holidays", "sla_policies")  # listed whole every night
PAGED = [stream for stream in STREAMS if stream not in WHOLE]


@pytest.fixture(scope="module")
def acme():  # type: ignore[no-untyped-def]
    """The made company at its first night; for tests that change nothing."""
    with account() as served_here:
        yield served_here


# --- everything arrives ---
@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("page_size", [5, 1000])
def test_every_record_arrives_whatever_the_page_size(acme: Account, stream: str, page_size: int) -> None:
    landed = acme.read(acme.landed(stream), page_size=page_size)
    assert set(landed.records) == served_keys(acme, stream) != set()
    assert not landed.quarantined
    assert "walk" not in landed.state


@pytest.mark.parametrize("stream", ["users", "tickets", "ticket_events", "satisfaction_ratings"])
def test_every_record_arrives_when_the_company_is_a_whole_one(stream: str) -> None:
    with account(world=World(customers=40, days=40)) as acme:
        landed = acme.read(acme.landed(stream), page_size=100)
        assert set(landed.records) == served_keys(acme, stream) != set()
        assert not landed.quarantined


@pytest.mark.parametrize("stream", ["tickets", "ticket_events", "metric_events"])
def test_ties_at_a_page_edge_all_arrive_when_many_rows_share_one_second_bug_11(acme: Account, stream: str) -> None:
    rows = [row for row in Shelf(acme.world).exported(stream) if row.at == int(TIE.timestamp())]
    assert len(rows) > 8  # more than a page
    landed = acme.read(acme.landed(stream), page_size=3)
    assert {row.key for row in rows} <= set(landed.records)


@pytest.mark.parametrize("stream", STREAMS)
def test_nothing_is_complete_beyond_what_the_vendor_shows(acme: Account, stream: str) -> None:
    landed = acme.read(acme.landed(stream))
    assert landed.complete_through == (OPENS_AT if stream in WHOLE else OPENS_AT - MINUTE)


# --- it goes on where it stopped ---
@pytest.mark.parametrize("stream", PAGED)
def test_a_run_killed_after_any_page_goes_on_to_exactly_the_same_set(acme: Account, stream: str) -> None:
    size = {"tickets": 8, "ticket_events": 12, "metric_events": 60}.get(stream, 3)
    whole = acme.read(acme.landed(stream), page_size=size)
    assert whole.pages > 2
    for page in range(1, whole.pages):
        landed = acme.read(acme.landed(stream), pages=page, page_size=size)
        acme.read(landed, page_size=size)
        assert landed.records == whole.records
        assert landed.deleted == whole.deleted
        assert landed.state == whole.state
        assert landed.pages == whole.pages  # taken up, not begun again


@pytest.mark.parametrize("stream", STREAMS)
def test_a_second_run_on_the_same_night_changes_nothing(stream: str) -> None:
    with account() as acme:
        landed = acme.read(acme.landed(stream), page_size=5)
        written, state = list(landed.written), landed.state
        acme.read(landed, page_size=5)
        assert landed.written == written
        assert landed.state == state


@pytest.mark.parametrize("stream", ["tickets", "users"])
def test_the_cursor_is_carried_over_and_start_time_is_sent_once_bug_10(stream: str) -> None:
    with account() as acme:
        landed = acme.read(acme.landed(stream), page_size=3)
        acme.world.advance(1)
        acme.read(landed, page_size=3)
        asked = acme.asked(f"incremental/{stream}/cursor")
    assert [("start_time" in params, "cursor" in params) for params in asked] == (
        [(True, False)] + [(False, True)] * (len(asked) - 1)
    )
    assert asked[0]["start_time"] == "0"


def test_the_second_night_brings_what_changed_and_only_that() -> None:
    with account() as acme:
        nights = {stream: acme.read(acme.landed(stream)) for stream in STREAMS}
        first = {stream: len(landed.written) for stream, landed in nights.items()}
        acme.world.advance(1)
        for landed in nights.values():
            acme.read(landed)
        new = {stream: set(landed.written[first[stream] :]) for stream, landed in nights.items()}
        assert new["users"] == {str(LATE_AGENT)}  # who became an agent
        assert new["tickets"] >= {"501", str(FIRST_TICKET + 21), str(RATED)}
        assert str(OLD) not in new["tickets"]
        assert nights["tickets"].records["501"]["requester_id"] == FIRST_USER
        assert new["survey_responses"] == {"01HSURVEYA"}  # answered before, changed since
        assert new["satisfaction_ratings"] == {"602"}
        assert all(new[stream] == set() for stream in ("organizations", *WHOLE))
        for stream, landed in nights.items():
            assert set(landed.records) == served_keys(acme, stream)


def test_a_re_pull_reads_again_from_its_date_and_does_not_move_the_watermark_back() -> None:
    with account() as acme:
        for stream in ("tickets", "ticket_events", "satisfaction_ratings"):
            landed = acme.read(acme.landed(stream))
            state, everything = landed.state, dict(landed.records)
            landed.records.clear()
            start = TIE + timedelta(hours=20)
            acme.read(landed, start=start)
            assert 0 < len(landed.records) < len(everything) or stream == "satisfaction_ratings"
            if stream == "tickets":
                assert min(stamps(landed).values()) >= start.timestamp()
            assert landed.state["watermark"]["time"] == state["watermark"]["time"]


def test_a_re_pull_before_the_first_walk_has_ended_goes_on_with_that_walk() -> None:
    """Else the time between where it stopped and the date would never be read."""
    with account() as acme:
        landed = acme.read(acme.landed("tickets"), pages=2, page_size=3)
        acme.read(landed, start=OPENS_AT - timedelta(days=1), page_size=3)
        assert set(landed.records) == served_keys(acme, "tickets")


# --- what Zendesk does differently from what one expects ---
def test_deleted_tickets_and_users_arrive_as_deleted_rows(acme: Account) -> None:
    tickets, users = (acme.read(acme.landed(stream)) for stream in ("tickets", "users"))
    assert tickets.deleted == {str(DELETED)}
    assert tickets.records[str(DELETED)]["status"] == "deleted"
    assert users.deleted == {str(FIRST_USER + 3), str(FIRST_USER + 5)}  # merged away, deleted
    assert users.records[str(FIRST_USER + 3)]["email"] is None


def test_a_deleted_tickets_comments_stay_and_nobody_asks_for_them_one_by_one_bug_17(acme: Account) -> None:
    landed = acme.read(acme.landed("ticket_events"))
    bodies = [
        child["body"]
        for record in landed.records.values()
        if record["ticket_id"] == DELETED
        for child in record["child_events"]
        if child["event_type"] == "Comment"
    ]
    assert len(bodies) == 2
    assert not acme.asked("comments")


def test_archived_tickets_arrive_although_the_lists_leave_them_out_bug_14(acme: Account) -> None:
    landed = acme.read(acme.landed("tickets"))
    assert landed.records[str(OLD)]["status"] == "closed"
    connector = acme.connector()
    listed, _ = connector._client.json(dict, "GET", "api/v2/tickets.json", params={"page[size]": 100})
    assert OLD not in {ticket["id"] for ticket in listed["tickets"]}


def test_a_system_change_that_leaves_updated_at_alone_arrives_bug_13(acme: Account) -> None:
    """The export filters by generated_timestamp: it gives rows whose updated_at lies before start_time."""
    closed_at = OPENS_AT - timedelta(days=25)
    landed = acme.landed("tickets")
    landed.state = {"watermark": {"time": (closed_at + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")}}
    acme.read(landed)
    touched = landed.records[str(TOUCHED)]
    assert touched["updated_at"] == closed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert touched["generated_timestamp"] == (closed_at + timedelta(hours=36)).timestamp()


def test_end_of_stream_ends_the_walk_although_the_page_carries_a_cursor(acme: Account) -> None:
    acme.app.seen.clear()
    landed = acme.read(acme.landed("tickets"), page_size=1000)
    assert landed.pages == len(acme.asked("incremental/tickets")) == 1
    assert landed.state["watermark"]["cursor"]


def test_a_short_page_does_not_end_the_walk_bug_28() -> None:
    """The time export gives about as many rows as asked for, and a page with fewer is not the last one."""
    with account() as acme:
        landed = acme.read(acme.landed("ticket_events"), page_size=7)
        assert landed.pages > 3
        acme.world.advance(1)
        acme.read(landed, page_size=1)
        assert set(landed.records) == served_keys(acme, "ticket_events")


def test_only_the_incremental_exports_and_cursor_lists_are_asked_bugs_14_15_16() -> None:
    """Not /ticket_audits (without archived tickets), page numbers (end at 10,000) or /ticket_metrics (by creation)."""
    with account() as acme:
        for stream in STREAMS:
            acme.read(acme.landed(stream), page_size=2)
        paths = {path.partition("?")[0] for path in acme.app.seen}
        assert paths == {
            "/api/v2/incremental/users/cursor.json",
            "/api/v2/incremental/tickets/cursor.json",
            "/api/v2/incremental/organizations.json",
            "/api/v2/incremental/ticket_events.json",
            "/api/v2/incremental/ticket_metric_events.json",
            "/api/v2/satisfaction_ratings.json",
            "/api/v2/guide/survey_responses",
            "/api/v2/groups.json",
            "/api/v2/business_hours/schedules.json",
            *(f"/api/v2/business_hours/schedules/36080000000{n}/holidays.json" for n in (1, 2, 3)),
            "/api/v2/slas/policies.json",
            "/api/v2/users/count.json",  # what the first walk of all is compared with
            "/api/v2/organizations/count.json",
        }
        # policies have pages with numbers only; there are never ten thousand of them
        lists = [path for path in acme.app.seen if "slas/policies" not in path]
        assert not any(re.search("[?&]page=", path) for path in lists)


def test_the_start_time_is_never_too_recent_for_the_vendor() -> None:
    with account() as acme:
        for stream in ("tickets", "ticket_events"):
            landed = acme.landed(stream)
            landed.state = {"watermark": {"time": "2026-03-02T01:59:59Z"}}
            acme.read(landed)
            asked = acme.asked(f"incremental/{stream.split('/')[0]}")[-1]
            assert int(asked["start_time"]) <= (OPENS_AT - MINUTE).timestamp()


def test_a_policy_that_is_no_longer_listed_becomes_a_tombstone(acme: Account) -> None:
    landed = acme.read(acme.landed("sla_policies"))
    landed.records["1"], landed.scopes["1"] = {"id": 1}, "*"
    acme.read(landed)
    assert landed.deleted == {"1"}


def test_a_holiday_carries_its_schedule_and_is_served_otherwise_as_it_came() -> None:
    holiday = b'{"id":7, "name":"Stocktaking","start_date":"2026-03-05","end_date":"2026-03-06"}'
    with account() as acme:
        for schedule in (b"360800000001", b"360800000002"):  # an id is unique within its schedule only
            acme.world.add_record(
                "zendesk", "holidays", b'{"schedule_id":' + schedule + b',"holiday":' + holiday + b"}"
            )
        landed = acme.read(acme.landed("holidays"))
        assert {"360800000001:7", "360800000002:7"} <= set(landed.records)
        assert landed.records["360800000002:7"] == {"schedule_id": 360_800_000_002, "holiday": json.loads(holiday)}


def test_a_holiday_that_ends_before_it_begins_is_quarantined() -> None:
    with account() as acme:
        wrong = b'{"id":7,"name":"Stocktaking","start_date":"2026-03-06","end_date":"2026-03-05"}'
        acme.world.add_record("zendesk", "holidays", wrong)
        landed = acme.read(acme.landed("holidays"))
        assert [reason for _, reason in landed.quarantined] == [
            "contract: the holiday ends on 2026-03-05, before it begins on 2026-03-06 - at `$.holiday`"
        ]


def test_a_holiday_that_is_no_longer_listed_becomes_a_tombstone(acme: Account) -> None:
    landed = acme.read(acme.landed("holidays"))
    landed.records["360800000001:1"], landed.scopes["360800000001:1"] = {"schedule_id": 1}, "*"
    acme.read(landed)
    assert landed.deleted == {"360800000001:1"}


def test_the_holidays_of_a_schedule_that_cannot_be_read_are_not_taken_for_gone() -> None:
    with account() as acme:
        landed = acme.read(acme.landed("holidays"))
        acme.world.add_record("zendesk", "schedules", b'{"id":"360800000002","name":"Tier 2"}')
        acme.read(landed)
        assert landed.deleted == set() and landed.complete_through == acme.world.now()


def test_a_schedule_that_was_deleted_since_it_was_listed_has_no_holidays() -> None:
    with account() as acme:
        landed = acme.read(acme.landed("holidays"))
        of_york = {key for key in landed.records if key.startswith("360800000002:")}
        gone = b'{"error":"RecordNotFound","description":"Not found"}'
        acme.app.faults.append(Fault(lambda path: "360800000002/holidays" in path, 404, body=gone))
        acme.read(landed)
        assert of_york and landed.deleted == of_york


def test_metric_sets_are_read_with_the_tickets_that_changed_bug_16() -> None:
    """/ticket_metrics comes by creation and leaves archived tickets out (estuary #1895)."""
    with account() as acme:
        landed = acme.read(acme.landed("ticket_metrics"), page_size=4)
        assert {str(OLD), str(DELETED), str(MERGED)} <= set(landed.records)
        first = len(landed.written)
        acme.world.advance(1)
        acme.app.seen.clear()
        acme.read(landed)
        assert {str(RATED), "501"} <= set(landed.written[first:]) and str(OLD) not in landed.written[first:]
        assert all("include=metric_sets" in path for path in acme.app.seen)


def test_a_broken_ticket_costs_its_neighbours_metric_sets_nothing() -> None:
    with account() as acme:
        acme.world.add_record("zendesk", "tickets", b'{"id": 9001, "subject": broken}')
        landed = acme.read(acme.landed("ticket_metrics"))
        assert set(landed.records) == served_keys(acme, "ticket_metrics") and not landed.quarantined


def test_a_purged_ticket_s_metric_set_is_gone_too() -> None:
    with account() as acme:
        acme.world.purge("zendesk", "tickets", str(RATED))
        assert str(RATED) not in acme.read(acme.landed("ticket_metrics")).records
        assert acme.connector().still_there("ticket_metrics", [str(RATED), str(WINNER)]) == {str(WINNER)}


def test_a_deleted_group_arrives_as_a_deleted_row(acme: Account) -> None:
    landed = acme.read(acme.landed("groups"))
    assert [landed.records[key]["name"] for key in landed.deleted] == ["Showroom"]


def test_comments_come_with_author_text_and_visibility(acme: Account) -> None:
    landed = acme.read(acme.landed("ticket_events"))
    comments = {
        (child["author_id"], child["public"])
        for record in landed.records.values()
        if record["ticket_id"] == RATED
        for child in record["child_events"]
        if child["event_type"] == "Comment"
    }
    assert comments >= {(AGENT, True), (AGENT, False), (-1, True), (FIRST_USER + 2, True)}


def test_a_merged_ticket_is_closed_and_tagged(acme: Account) -> None:
    landed = acme.read(acme.landed("tickets"))
    assert landed.records[str(MERGED)]["status"] == "closed"
    assert "closed_by_merge" in landed.records[str(MERGED)]["tags"]
    assert "closed_by_merge" not in landed.records[str(WINNER)]["tags"]


def test_the_check_names_the_account(acme: Account) -> None:
    assert acme.connector().check() == f"Warehouse Reader (admin) at {acme.url}"


def test_an_oauth_token_works_when_there_is_no_email(acme: Account) -> None:
    connector = acme.connector(email="", token=acme.world.credentials.zendesk.oauth_token)
    assert "admin" in connector.check()
    pages = list(connector.read("users", Window(acme.world.now()), {}))
    assert len(pages[0].records) > 5
