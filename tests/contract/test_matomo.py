"""The Matomo connector against its look-alike: whole days, although the log is alive and its offsets shift.

Numbers after "bug" are those of the vendor facts' regression list."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
import pytest

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ContractError
from cx_warehouse.connectors.matomo.visits import Walk
from sandbox.model import VisitsCounted
from sandbox.vendors.matomo.visits import ZONE
from sandbox.world import World
from tests.contract.ga4_property import NIGHT
from tests.contract.harness import Fault, company_of
from tests.contract.matomo_site import DAY, TOTALS, VISITS, by_day, day_of, days, during_the_walk, matomo, noon, visit


# --- everything arrives -----------------------------------------------------------------------------------------
def test_a_day_has_as_many_visits_as_ga4_counts_sessions_when_the_company_is_a_whole_one() -> None:
    world = World(customers=80, days=30)
    expected: Counter[str] = Counter()
    users: Counter[str | None] = Counter()
    for event in world.events():
        if isinstance(event, VisitsCounted):
            expected[event.day.isoformat()] += event.sessions
            users[event.user_id] += event.sessions
    with matomo(world=world) as site:
        landed = site.read(history_days=40, page_size=20)
    assert by_day(landed) == expected
    assert Counter(record["visit"]["userId"] for record in landed.live.values()) == users
    assert not landed.quarantined and len(users) > 40


def test_a_record_is_the_visit_as_served_with_its_day_and_zone() -> None:
    late = datetime(2026, 3, 8, 23, 30, tzinfo=UTC)  # half past midnight in Warsaw: the 9th
    counted = visit(7, late, user_id="151001", page_views=3, engaged_sessions=1, engagement_seconds=120, key_events=1)
    with matomo([counted]) as site:
        landed = site.read()
    record = landed.records["700"]
    assert (record["visit_date"], record["time_zone"]) == ("2026-03-09", "Europe/Warsaw")
    visited = record["visit"]
    assert visited["serverDate"] == "2026-03-08"  # the vendor's own date is that of UTC
    assert (visited["userId"], visited["visitDuration"], visited["actions"]) == ("151001", 120, 3)
    assert [action["type"] for action in visited["actionDetails"]] == ["action", "action", "action", "goal"]
    assert landed.scopes == {"700": "2026-03-09"}
    assert landed.complete_through == NIGHT and landed.state == {"watermark": "2026-03-10"}


def test_every_visit_arrives_when_a_day_has_many_pages() -> None:
    with matomo(days(3, a_day=23)) as site:
        landed = site.read(page_size=5)
    assert by_day(landed) == {f"2026-03-{day:02d}": 23 for day in (7, 8, 9)}
    assert not landed.deleted


@pytest.mark.parametrize("ties", [4, 5, 6, 23])
def test_ties_all_arrive_when_many_visits_share_one_second_bug_11(ties: int) -> None:
    tied = [visit(100 + number, noon()) for number in range(ties)]
    around = [visit(1, noon(1, -1)), visit(2, noon(1, -1)), visit(900, noon(1, 1))]
    with matomo([*tied, *around]) as site:
        landed = site.read(page_size=5)
    assert by_day(landed) == {"2026-03-09": ties + 3}


def test_a_short_page_is_not_taken_for_the_end_when_the_server_serves_fewer_than_asked_bug_28() -> None:
    def fewer(body: bytes) -> bytes:
        return json.dumps(json.loads(body)[:4]).encode()

    with matomo(days(1, a_day=10)) as site:
        site.app.faults = [Fault(VISITS, alter=fewer)] * 60
        landed = site.read(page_size=1_000)
    assert by_day(landed) == {"2026-03-09": 10}


def test_nothing_fails_when_no_day_has_a_visit() -> None:
    with matomo([]) as site:
        landed = site.read()
    assert landed.records == {} and landed.state == {"watermark": "2026-03-10"}


def test_the_first_night_reads_history_days() -> None:
    with matomo(days(30)) as site:
        assert len(site.read().records) == 10
        assert len(site.read(history_days=25).records) == 25


@pytest.mark.parametrize("clock_change", [date(2026, 3, 29), date(2025, 10, 26)], ids=["23 hours", "25 hours"])
def test_no_visit_is_lost_on_a_day_of_23_or_25_hours(clock_change: date) -> None:
    midnight = datetime.combine(clock_change - DAY, time(), ZONE).astimezone(UTC)
    hours = [midnight + timedelta(hours=number, minutes=30) for number in range(71)]
    events = [visit(number, at, day=at.astimezone(ZONE).date()) for number, at in enumerate(hours)]
    world = World(company=company_of(events, hours[-1] + DAY))
    with matomo(world=world) as site:
        landed = site.read(page_size=3)
    assert by_day(landed) == Counter(at.astimezone(ZONE).date().isoformat() for at in hours)


def test_a_visit_of_midnight_is_of_one_day_although_the_vendor_lists_it_on_both() -> None:
    midnight = datetime(2026, 3, 8, 23, tzinfo=UTC)
    with matomo([visit(1, midnight - timedelta(seconds=1)), visit(2, midnight)]) as site:
        landed = site.read()
        assert by_day(landed) == {"2026-03-08": 1, "2026-03-09": 1}
        landed.written.clear()
        site.read(landed)
    assert landed.written == [] and not landed.deleted


# --- a log that is alive ----------------------------------------------------------------------------------------
def test_nothing_is_lost_or_deleted_when_visits_go_on_while_a_day_is_read_bug_27() -> None:
    """Every visit that goes on moves to the end of the log, and offsets shift by one."""
    events = days(1, a_day=40, apart=30)
    longer = [
        replace(event, engaged_sessions=1, engagement_seconds=9_000, page_views=2)
        for event in (events[0], events[7], events[20], events[3], events[35])
    ]  # fmt: skip
    with matomo(events) as site:
        during_the_walk(site, *([event] for event in longer))
        landed = site.read(page_size=5)
    assert len(landed.live) == 40 and not landed.deleted
    grown = [key for key, record in landed.live.items() if record["visit"]["actions"] == 2]
    assert sorted(map(int, grown)) == [0, 300, 700, 2000, 3500]


def test_nothing_is_lost_when_visits_are_erased_while_a_day_is_read() -> None:
    events = days(1, a_day=40, apart=30)
    gone = [replace(events[number], sessions=0, engaged_sessions=0) for number in (0, 1, 8, 13)]
    with matomo(events) as site:
        during_the_walk(site, *([event] for event in gone))
        landed = site.read(page_size=5)
        assert {str(number * 100) for number in range(40)} - {"0", "100", "800", "1300"} <= landed.live.keys()
        site.read(landed)
    assert len(landed.live) == 36


def test_a_naive_reader_by_offset_loses_visits_of_a_longer_period_bug_27() -> None:
    """Why one day is asked for at a time, and never by offset alone: matomo #16394."""
    with matomo(days(6, a_day=50)) as site:
        client = site.connector()._client

        def page(offset: int) -> list[Any]:
            params = client._params(
                "Live.getLastVisitsDetails", period="range", date="2026-03-04,2026-03-09", filter_limit=20,
                filter_offset=offset,
            )  # fmt: skip
            return client.http.json(list, "POST", "index.php", params=params)[0]

        naive = {visited["idVisit"] for offset in range(0, 300, 20) for visited in page(offset)}
        site.app.seen.clear()
        ours = site.read(page_size=20)
    assert len(naive) < 300
    assert len(ours.live) == 300
    assert all(asked["date"] == asked["date"][:10] and asked["period"] == "day" for asked in site.asked())


def test_a_day_is_read_again_when_the_report_counts_more_visits_than_the_log_gave_bug_27() -> None:
    def hollow(body: bytes) -> bytes:
        return json.dumps([one for number, one in enumerate(json.loads(body)) if number % 3]).encode()

    with matomo(days(1, a_day=12)) as site:
        site.app.faults = [Fault(lambda path: VISITS(path) and "2026-03-09" in path, alter=hollow)]
        landed = site.read()
    assert by_day(landed) == {"2026-03-09": 12}
    assert landed.complete_through == NIGHT


def test_nothing_is_taken_for_erased_when_the_log_falls_short_of_the_report_bug_27() -> None:
    def more(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "nb_visits": 9}).encode()

    events = days(3, a_day=5)
    with matomo(events) as site:
        landed = site.read()
        site.world.happen(replace(events[5], sessions=0, engaged_sessions=0))  # a visit of the 8th
        site.app.faults = [Fault(lambda path: TOTALS(path) and "2026-03-08" in path, alter=more)]
        site.read(landed)
        assert len(landed.live) == 15
        assert landed.state == {"watermark": "2026-03-08"}
        site.app.faults = []
        site.read(landed)
    assert len(landed.live) == 14 and landed.state == {"watermark": "2026-03-10"}


def test_freshness_tells_of_a_day_that_fell_short() -> None:
    def more(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "nb_visits": 9}).encode()

    with matomo(days(3, a_day=5)) as site:
        site.app.faults = [Fault(lambda path: TOTALS(path) and "2026-03-08" in path, alter=more)]
        landed = site.read()
    assert landed.complete_through == datetime(2026, 3, 7, 23, tzinfo=UTC)  # as far as the 8th began in Warsaw


def test_a_purged_log_does_not_hold_the_stream_up() -> None:
    """The vendor deletes old visits and keeps their reports."""

    def more(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "nb_visits": 1_000}).encode()

    with matomo(days(2)) as site:
        site.app.faults = [Fault(lambda path: TOTALS(path) and "2026-03-01" in path, alter=more)]
        landed = site.read()
    assert landed.complete_through == NIGHT and len(landed.live) == 2


# --- nights -----------------------------------------------------------------------------------------------------
def test_late_grown_and_erased_visits_of_the_last_days_come_right_the_next_night() -> None:
    events = days(5, a_day=2)
    soon = NIGHT + timedelta(hours=3)
    grown = replace(events[2], event_id=1, at=soon, engaged_sessions=1, engagement_seconds=600, page_views=4)
    erased = replace(events[4], event_id=2, at=soon, sessions=0, engaged_sessions=0)
    imported = visit(777, noon(2, 9_999), counted_at=soon)
    with matomo([*events, grown, erased, imported]) as site:
        landed = site.read()
        assert len(landed.live) == 10
        landed.written.clear()
        site.world.advance(1)
        site.read(landed)
    assert landed.records[str(events[2].event_id * 100)]["visit"]["actions"] == 4
    assert landed.deleted == {str(events[4].event_id * 100)}
    assert by_day(landed) == {"2026-03-09": 2, "2026-03-08": 3, "2026-03-07": 1, "2026-03-06": 2, "2026-03-05": 2}


def test_no_more_than_the_lookback_is_read_again() -> None:
    with matomo(days(9)) as site:
        landed = site.read()
        site.world.advance(1)
        site.app.seen.clear()
        landed.written.clear()
        site.read(landed, lookback_days=2)
        assert sorted({asked["date"] for asked in site.asked()}) == [
            "2026-03-08",
            "2026-03-09",
            "2026-03-10",
            "2026-03-11",
        ]
    assert landed.written == []


def test_the_present_day_is_read_from_its_midnight_although_the_vendor_begins_a_day_early() -> None:
    early = visit(5_001, datetime(2026, 3, 9, 23, 30, tzinfo=UTC))  # of the 10th, which is the night's own day
    with matomo([*days(2, a_day=3), early]) as site:
        landed = site.read()
    assert by_day(landed) == {"2026-03-08": 3, "2026-03-09": 3, "2026-03-10": 1}


@pytest.mark.parametrize("pages", range(1, 19, 3))
def test_a_walk_that_was_cut_off_goes_on_from_its_page(pages: int) -> None:
    with matomo(days(4, a_day=9)) as site:
        landed = site.read(pages=pages, page_size=4)
        site.app.seen.clear()
        site.read(landed, page_size=4)
        again = len(site.asked())
        assert len(landed.live) == 36 and not landed.deleted
        site.app.seen.clear()
        site.read(page_size=4)
        assert again <= len(site.asked()) - pages + 1


def test_a_first_sync_that_broke_off_goes_on_the_next_night() -> None:
    with matomo(days(9, a_day=3)) as site:
        landed = site.read(pages=8)
        site.world.advance(1)
        site.app.seen.clear()
        site.read(landed)
        assert min(asked["date"] for asked in site.asked()) > "2026-02-28"
    assert len(landed.live) == 27


def test_a_re_pull_by_hand_reads_from_its_day_and_moves_nothing_back() -> None:
    with matomo(days(9)) as site:
        landed = site.read()
        site.app.seen.clear()
        site.read(landed, start=datetime(2026, 3, 3, 12, tzinfo=UTC))
        assert min(asked["date"] for asked in site.asked()) == "2026-03-03"
    assert landed.state == {"watermark": "2026-03-10"}


def test_a_walk_of_another_night_is_not_gone_on_with() -> None:
    with matomo(days(9)) as site:
        landed = site.read()
        landed.state["walk"] = msgspec.to_builtins(Walk(NIGHT - DAY, None, day_of(0)))
        site.read(landed)
    assert landed.state == {"watermark": "2026-03-10"}


def test_a_reconciling_walk_finds_what_was_erased_from_days_that_no_night_reads() -> None:
    with matomo(days(9, a_day=2)) as site:
        landed = site.read()
        site.world.purge("matomo", "visits", "7000000")  # of the 2nd
        site.read(landed)
        assert len(landed.live) == 18
        watermark = dict(landed.state)
        landed.state = {}
        site.app.seen.clear()
        landed.read(site.connector(), Window(NIGHT, recheck=True))
        assert (min(dates := {asked["date"] for asked in site.asked()}), max(dates)) == ("2026-02-28", "2026-03-06")
    assert landed.deleted == {"7000000"} and watermark == {"watermark": "2026-03-10"}


# --- what the vendor is asked -----------------------------------------------------------------------------------
def test_the_token_is_never_in_an_address() -> None:
    with matomo(days(2)) as site:
        site.connector().check()
        site.read()
        token = site.config["token_auth"]
    assert site.app.seen and not any(token in path or "token_auth" in path for path in site.app.seen)


def test_the_site_says_which_days_its_zone_has() -> None:
    with matomo([]) as site:
        assert site.connector().check() == "matomo: site 1 (Made Company), days of Europe/Warsaw"


@pytest.mark.parametrize("zone", ["UTC+5.5", "UTC-3", "Asia/Kolkata"])
def test_the_zone_may_be_an_offset(zone: str) -> None:
    with matomo([]) as site:
        site.app.faults = [Fault(lambda path: "getSiteFromId" in path, alter=lambda body: in_zone(body, zone))]
        assert site.connector().check().endswith(f"days of {zone}")


def test_a_zone_that_nobody_knows_is_named() -> None:
    with matomo([]) as site:
        site.app.faults = [Fault(lambda path: "getSiteFromId" in path, alter=lambda body: in_zone(body, "Mars/Base"))]
        with pytest.raises(ContractError, match="Mars/Base"):
            site.connector().check()


def in_zone(body: bytes, zone: str) -> bytes:
    return json.dumps({**json.loads(body), "timezone": zone}).encode()
