"""The GA4 connector against its look-alike: whole days, restated and replaced.

Numbers after "bug" are those of the vendor facts' regression list."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from cx_warehouse.connectors.base import Window
from sandbox.model import VisitsCounted
from sandbox.vendors.ga4.report import Losses
from sandbox.world import World
from tests.contract.ga4_property import (
    DAY,
    NIGHT,
    REPORT,
    TODAY,
    by_day,
    days,
    ga4,
    metric,
    visit,
)
from tests.contract.harness import Fault, company_of


# --- everything arrives -----------------------------------------------------------------------------------------
def test_both_reports_add_up_to_the_companys_visits_when_the_company_is_a_whole_one() -> None:
    world = World(customers=60, days=30)
    expected: Counter[str] = Counter()
    users: Counter[str] = Counter()
    for event in world.events():
        if isinstance(event, VisitsCounted):
            expected[f"{event.day:%Y%m%d}|{event.channel}|{event.device}|{event.landing_page}"] += event.sessions
            users[f"{event.day:%Y%m%d}|{event.user_id or '(not set)'}|{event.channel}|{event.device}"] += event.sessions
    with ga4(world=world) as acme:
        for stream, sessions in (("daily_traffic", expected), ("daily_users", users)):
            landed = acme.read(acme.landed(stream), history_days=40, page_size=50)
            assert {key: int(metric(record, "sessions")) for key, record in landed.records.items()} == sessions
            assert not landed.quarantined
    assert len(users) > 50 and any(not key.split("|")[1].startswith("(") for key in users)


def test_a_record_describes_itself() -> None:
    with ga4([visit(1, TODAY - DAY, user_id="151001", sessions=2)]) as acme:
        landed = acme.read(acme.landed("daily_users"))
    assert landed.records == {
        "20260309|151001|Direct|desktop": {
            "property_id": "412345678",
            "dimensions": ["date", "customUser:crm_id", "sessionDefaultChannelGroup", "deviceCategory"],
            "metrics": ["sessions", "engagedSessions", "screenPageViews", "keyEvents", "userEngagementDuration"],
            "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Warsaw"},
            "row": {
                "dimensionValues": [
                    {"value": "20260309"},
                    {"value": "151001"},
                    {"value": "Direct"},
                    {"value": "desktop"},
                ],
                "metricValues": [{"value": "2"}, {"value": "1"}, {"value": "3"}, {"value": "0"}, {"value": "61"}],
            },
        }
    }


def test_days_are_those_of_the_propertys_zone() -> None:
    late = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)  # half past midnight in Warsaw
    world = World(company=company_of([visit(1, TODAY, counted_at=late)], late + timedelta(minutes=10)))
    with ga4(world=world) as acme:
        landed = acme.read(acme.landed())
    assert list(landed.scopes.values()) == ["20260310"]
    assert landed.complete_through == datetime(2026, 3, 9, 23, tzinfo=UTC)
    assert landed.state == {"watermark": "2026-03-10"}


def test_every_row_arrives_when_a_day_has_many_pages() -> None:
    with ga4(days(3, a_day=23)) as acme:
        landed = acme.read(acme.landed(), page_size=5)
    assert by_day(landed) == {f"202603{day:02d}": 23 for day in (7, 8, 9)}
    assert not landed.deleted


def test_a_short_page_is_not_taken_for_the_end_when_the_server_serves_fewer_than_asked_bug_28() -> None:
    def fewer(body: bytes) -> bytes:
        page = json.loads(body)
        page["rows"] = page.get("rows", [])[:4]
        return json.dumps(page).encode()

    with ga4(days(1, a_day=10)) as acme:
        acme.app.faults = [Fault(REPORT, alter=fewer)] * 30
        landed = acme.read(acme.landed(), page_size=1_000)
    assert by_day(landed) == {"20260309": 10}


def test_the_day_is_complete_and_nothing_fails_when_it_has_no_rows() -> None:
    with ga4([]) as acme:
        landed = acme.read(acme.landed())
    assert landed.records == {} and landed.state == {"watermark": "2026-03-10"}


def test_the_first_night_reads_history_days() -> None:
    with ga4(days(30)) as acme:
        assert len(acme.read(acme.landed()).records) == 10
        assert len(acme.read(acme.landed(), history_days=25).records) == 25


# --- nights -----------------------------------------------------------------------------------------------------
def test_a_restated_day_is_replaced_when_later_visits_are_processed() -> None:
    more = visit(50, TODAY - 2 * DAY, page="/page/000", sessions=5, counted_at=NIGHT + timedelta(hours=3))
    new = visit(51, TODAY - 3 * DAY, page="/new", counted_at=NIGHT + timedelta(hours=3))
    with ga4([*days(8), more, new]) as acme:
        landed = acme.read(acme.landed())
        landed.written.clear()
        acme.world.advance(1)
        acme.read(landed)
    changed, appeared = "20260308|Direct|desktop|/page/000", "20260307|Direct|desktop|/new"
    assert sorted(landed.written) == [appeared, changed]
    assert metric(landed.records[changed], "sessions") == "6"


def test_a_row_that_is_no_longer_reported_is_deleted() -> None:
    def without_page_3(body: bytes) -> bytes:
        page = json.loads(body)
        rows = page.get("rows", [])
        page["rows"] = [row for row in rows if row["dimensionValues"][-1:] != [{"value": "/page/003"}]]
        page["rowCount"] = page.get("rowCount", 0) - (len(rows) - len(page["rows"]))
        return json.dumps(page).encode()

    with ga4(days(2, a_day=5)) as acme:
        landed = acme.read(acme.landed())
        acme.world.advance(1)
        acme.app.faults = [Fault(REPORT, alter=without_page_3)] * 20
        acme.read(landed)
    assert landed.deleted == {f"202603{day}|Direct|desktop|/page/003" for day in ("08", "09")}


def test_nothing_is_written_when_a_night_is_read_again() -> None:
    with ga4(days(8, a_day=3)) as acme:
        landed = acme.read(acme.landed(), page_size=2)
        landed.written.clear()
        acme.read(landed, page_size=2)
        assert landed.written == [] and not landed.deleted


def test_a_night_reads_the_restated_days_only() -> None:
    with ga4(days(9)) as acme:
        landed = acme.read(acme.landed(), restatement_days=3)
        acme.app.seen.clear()
        acme.world.advance(1)
        acme.read(landed, restatement_days=3)
        # the zone, then 7, 8, 9, 10 and 11 March
        assert len([path for path in acme.app.seen if REPORT(path)]) == 6


def test_days_that_a_lookback_missed_come_right_when_they_are_pulled_again_by_hand_bug_26() -> None:
    very_late = visit(50, TODAY - 7 * DAY, page="/late", counted_at=NIGHT + timedelta(hours=3))
    with ga4([*days(9), very_late]) as acme:
        landed = acme.read(acme.landed())
        acme.world.advance(1)
        acme.read(landed)
        assert "20260303|Direct|desktop|/late" not in landed.records
        state = landed.state
        acme.read(landed, start=datetime(2026, 3, 1, tzinfo=UTC))
        assert "20260303|Direct|desktop|/late" in landed.live
        assert landed.state == state and not landed.deleted


def test_a_re_pull_by_hand_leaves_the_watermark_when_nights_are_missing_before_it() -> None:
    with ga4(days(9)) as acme:
        landed = acme.read(acme.landed())
        acme.world.advance(20)
        acme.read(landed, start=acme.world.now() - DAY)
        assert landed.state == {"watermark": "2026-03-10"}


def test_the_restated_days_are_a_setting_bug_26() -> None:
    very_late = visit(50, TODAY - 7 * DAY, page="/late", counted_at=NIGHT + timedelta(hours=3))
    with ga4([*days(9), very_late]) as acme:
        landed = acme.read(acme.landed())
        acme.world.advance(1)
        acme.read(landed, restatement_days=7)
        assert "20260303|Direct|desktop|/late" in landed.live


def test_the_same_set_arrives_when_a_run_goes_on_from_any_pages_state() -> None:
    with ga4(days(4, a_day=5)) as acme:
        whole = acme.read(acme.landed(), page_size=2)
        for pages in range(1, whole.pages):
            landed = acme.read(acme.landed(), pages, page_size=2)
            acme.read(landed, page_size=2)
            assert (landed.records, landed.state) == (whole.records, whole.state)
            assert not landed.deleted and len(landed.written) == len(whole.written)


def test_a_later_night_goes_on_where_a_first_sync_broke_off() -> None:
    restated = visit(50, TODAY - 8 * DAY, page="/late", counted_at=NIGHT + timedelta(hours=3))
    with ga4([*days(9), restated]) as acme:
        landed = acme.read(acme.landed(), pages=5)
        acme.world.advance(1)
        acme.app.seen.clear()
        acme.read(landed)
        assert len(landed.live) == 10
        assert landed.state == {"watermark": "2026-03-11"}


def test_a_day_is_read_again_when_its_rows_change_between_two_pages() -> None:
    with ga4([*days(1, a_day=7), visit(50, TODAY - DAY, page="/aaa", counted_at=NIGHT + timedelta(hours=1))]) as acme:
        connector = acme.connector(page_size=3)
        landed = acme.landed()
        window = Window(NIGHT, NIGHT - DAY)
        for page in connector.read("daily_traffic", window, {}):
            if not landed.pages:
                acme.world.advance(1)
            landed.land(page)
    assert by_day(landed)["20260309"] == 8


# --- what the vendor withholds ----------------------------------------------------------------------------------
def test_losses_stand_beside_the_rows_when_the_vendor_condenses_them() -> None:
    with ga4(days(1, a_day=9), losses=Losses(cardinality_limit=4)) as acme:
        landed = acme.read(acme.landed())
    other = landed.records["20260309|(other)|(other)|(other)"]
    assert metric(other, "sessions") == "5"
    assert other["metadata"]["dataLossFromOtherRow"] is True


def test_losses_stand_beside_the_rows_when_the_vendor_withholds_small_ones() -> None:
    crowd = [visit(number, TODAY - DAY, page="/") for number in range(12)]
    with ga4([*crowd, visit(99, TODAY - DAY, page="/rare")], losses=Losses(threshold_users=10)) as acme:
        landed = acme.read(acme.landed())
    assert list(landed.records) == ["20260309|Direct|desktop|/"]
    assert landed.records["20260309|Direct|desktop|/"]["metadata"]["subjectToThresholding"] is True
