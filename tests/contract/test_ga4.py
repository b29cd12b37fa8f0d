"""The GA4 connector against its look-alike: whole days, restated and replaced, and faults said plainly.

Numbers after "bug" are those of the vendor facts' regression list."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.ga4.connector import Ga4Connector
from sandbox.model import Event, VisitsCounted
from sandbox.vendors.ga4 import build_app
from sandbox.vendors.ga4.quota import Limits
from sandbox.vendors.ga4.report import Losses
from sandbox.world import World
from tests.contract.harness import Fault, Faulty, Landed, company_of, served

NIGHT = datetime(2026, 3, 10, 2, tzinfo=UTC)  # 3 o'clock of the same day in Warsaw
TODAY = date(2026, 3, 10)
DAY = timedelta(days=1)
REPORT: Callable[[str], bool] = lambda path: "runReport" in path  # noqa: E731


@dataclass
class Property:
    """A served property, its faults and a way to connect to it."""

    world: World
    app: Faulty
    config: dict[str, Any]

    def connector(self, **settings: Any) -> Ga4Connector:
        connector = Ga4Connector.from_config({**self.config, **settings})
        connector._client.http._sleep = lambda seconds: None
        return connector

    def landed(self, stream: str = "daily_traffic") -> Landed:
        return Landed(Ga4Connector.streams[stream])

    def read(self, landed: Landed, pages: int | None = None, start: datetime | None = None, **settings: Any) -> Landed:
        """One night's run at the sandbox's clock."""
        return landed.read(self.connector(**settings), Window(self.world.now(), start), pages)


@contextmanager
def ga4(
    events: list[Event] | None = None, world: World | None = None, limits: Limits | None = None,
    losses: Losses | None = None,
) -> Iterator[Property]:  # fmt: skip
    world = world or World(company=company_of(events or [], NIGHT))
    app = Faulty(build_app(world, limits=limits, losses=losses))
    with served(app) as url:
        config = {**world.credentials.for_connections({"ga4": url})["ga4"], "history_days": 10}
        yield Property(world, app, config)


def visit(
    number: int,
    day: date,
    *,
    counted_at: datetime | None = None,
    page: str | None = None,
    sessions: int = 1,
    **fields: Any,
) -> VisitsCounted:
    """The visits of browser `number` on `day`, processed at its end unless said otherwise."""
    at = counted_at or datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
    return VisitsCounted(
        event_id=int(at.timestamp()) * 1_000 + number,
        at=at,
        day=day,
        client_id=f"{number}.1",
        landing_page=page or f"/page/{number:03d}",
        sessions=sessions,
        **{
            "user_id": None, "channel": "Direct", "device": "desktop", "engaged_sessions": 1, "page_views": 3,
            "key_events": 0, "engagement_seconds": 61, **fields,
        },
    )  # fmt: skip


def days(count: int, a_day: int = 1) -> list[Event]:
    """`a_day` visits on each of the `count` days before today."""
    return [visit(number, TODAY - (back + 1) * DAY) for back in range(count) for number in range(a_day)]


def by_day(landed: Landed) -> Counter[str]:
    return Counter(key.partition("|")[0] for key in landed.live)


def metric(record: dict[str, Any], name: str) -> str:
    value: str = record["row"]["metricValues"][record["metrics"].index(name)]["value"]
    return value


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


# --- faults -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("headers", [(), (("Retry-After", "3"),)], ids=["without Retry-After", "with Retry-After"])
def test_a_busy_property_is_asked_again_when_it_answers_429(headers: tuple[tuple[str, str], ...]) -> None:
    with ga4(days(3)) as acme:
        acme.app.faults = [Fault(REPORT, 429, headers), Fault(REPORT, 429, headers)]
        connector = acme.connector()
        waits: list[float] = []
        connector._client.http._sleep = waits.append
        landed = acme.landed().read(connector, Window(NIGHT))
        assert len(landed.records) == 3
        assert len(waits) == 2 and (not headers or waits == [3.0, 3.0])


def test_other_tools_keep_their_tokens_and_nothing_is_lost_when_the_share_is_used_up() -> None:
    limits = Limits(tokens_per_hour=20_025)  # the share of half leaves 20,000 of a standard property to others
    with ga4(days(9), limits=limits) as acme:
        landed = acme.landed()
        with pytest.raises(RetryableError, match=r"share of the property's tokensPerHour.*budget_share"):
            acme.read(landed)
        assert 0 < len(landed.records) < 9
        acme.read(landed, budget_share=0.9)
        assert len(landed.records) == 9


def test_the_vendors_words_are_passed_on_when_the_quota_is_exhausted() -> None:
    with ga4(days(9), limits=Limits(tokens_per_day=10)) as acme:
        with pytest.raises(RetryableError, match="share of the property's tokensPerDay is used up"):
            acme.read(acme.landed(), budget_share=1)
        with pytest.raises(RetryableError, match=r"429 .*Exhausted property tokens per day"):
            acme.read(acme.landed(), budget_share=1)


def other_key() -> str:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()  # fmt: skip


def test_the_key_is_named_when_the_token_endpoint_refuses_it() -> None:
    with ga4(days(1)) as acme:
        stranger = {**acme.config["service_account"], "private_key": other_key()}
        with pytest.raises(ConfigError, match=r"check service_account.*Invalid JWT Signature") as caught:
            acme.connector(service_account=stranger).check()
        assert "PRIVATE KEY" not in str(caught.value)


def test_the_key_may_be_given_as_text_and_the_token_endpoint_apart() -> None:
    with ga4(days(1)) as acme:
        key_file = {**acme.config["service_account"], "token_uri": "http://127.0.0.1:9/nowhere"}
        settings = {"service_account": json.dumps(key_file), "token_uri": acme.config["base_url"] + "/token"}
        assert acme.connector(**settings).check() == "ga4: property 412345678, days of Europe/Warsaw"


def test_a_given_token_serves_in_place_of_a_key() -> None:
    with ga4(days(1)) as acme:
        assert "Europe/Warsaw" in acme.connector(service_account=None).check()
        with pytest.raises(ConfigError, match=r"401 .*check service_account"):
            acme.connector(service_account=None, access_token="ya29.wrong").check()


def test_the_property_is_named_when_the_account_may_not_see_it() -> None:
    with ga4() as acme, pytest.raises(ConfigError, match=r"403 .*check property_id"):
        acme.connector(property_id="999").check()


def test_the_dimension_is_named_when_the_property_lacks_it() -> None:
    with ga4(days(1)) as acme, pytest.raises(ConfigError, match="check user_dimension"):
        acme.read(acme.landed("daily_users"), user_dimension="customUser:member")


def test_the_token_endpoint_is_tried_again_when_it_cannot_be_reached() -> None:
    with ga4(days(1)) as acme, pytest.raises(RetryableError, match="token endpoint"):
        acme.connector(token_uri="http://127.0.0.1:9/token").check()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"property_id": ""}, "lacks: property_id"),
        ({"property_id": "G-ABC"}, "property_id must be a number"),
        ({"access_token": ""}, "lacks: service_account"),
        ({"service_account": "not json"}, "service_account is not a service account's key file"),
        ({"service_account": {"type": "service_account"}}, "service_account is not a service account's key file"),
        ({"history_days": "all"}, "history_days must be a number"),
        ({"page_size": 300_000}, "page_size must be a number from 1 to 250000"),
    ],
)
def test_the_setting_is_named_when_it_is_wrong(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Ga4Connector.from_config({"property_id": "1", "access_token": "t", **settings})


def test_a_report_is_asked_for_again_when_its_body_breaks_off() -> None:
    with ga4(days(3)) as acme:
        acme.app.faults = [Fault(REPORT, alter=lambda body: body[: len(body) // 2])] * 2
        assert len(acme.read(acme.landed()).records) == 3


def test_a_broken_row_costs_only_itself_when_it_is_not_json() -> None:
    with ga4(days(2, a_day=3)) as acme:
        acme.world.add_record("ga4", "daily_traffic", b'{"dimensionValues":nope}')
        landed = acme.read(acme.landed(), page_size=2)
    assert by_day(landed) == {"20260308": 3, "20260309": 3}
    assert {reason.split(":")[0] for _, reason in landed.quarantined} == {"not JSON"}


@pytest.mark.parametrize(
    ("values", "metrics", "said"),
    [
        (["20260309", "Direct", "desktop"], ["1"] * 5, "3 dimension and 5 metric values"),
        (
            ["20260309", "Direct", "desktop", "/"],
            ["1", "1", "1", "1", "many"],
            "userEngagementDuration is not a number",
        ),
        (["2026-03-09", "Direct", "desktop", "/"], ["1"] * 5, "the first dimension is not a day"),
        (["20260230", "Direct", "desktop", "/"], ["1"] * 5, "day is out of range"),
    ],
)
def test_a_broken_row_costs_only_itself_when_it_breaks_the_contract(
    values: list[str], metrics: list[str], said: str
) -> None:
    row = {
        "dimensionValues": [{"value": value} for value in values],
        "metricValues": [{"value": value} for value in metrics],
    }
    with ga4(days(2, a_day=3)) as acme:
        acme.world.add_record("ga4", "daily_traffic", json.dumps(row).encode())
        landed = acme.read(acme.landed())
    assert by_day(landed) == {"20260308": 3, "20260309": 3}
    assert [said in reason for _, reason in landed.quarantined] == [True]


def test_the_walk_is_given_up_when_a_page_is_stuck() -> None:
    def no_rows(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "rows": [], "rowCount": 9}).encode()

    with ga4(days(1)) as acme:
        acme.app.faults = [Fault(REPORT, alter=lambda body: body), Fault(REPORT, alter=no_rows)]
        with pytest.raises(ContractError, match="no rows at offset 0 of 9"):
            acme.read(acme.landed())


def test_a_broken_shape_is_said_when_columns_are_not_the_asked_ones() -> None:
    def renamed(body: bytes) -> bytes:
        return body.replace(b'"landingPage"', b'"landingPagePlus"')

    with ga4(days(1)) as acme:
        acme.app.faults = [Fault(REPORT, alter=renamed)] * 3
        with pytest.raises(ContractError, match="got columns"):
            acme.read(acme.landed())
