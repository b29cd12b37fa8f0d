"""The GA4 connector when the vendor, the network, the records or our settings are at fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.ga4.connector import Ga4Connector
from sandbox.vendors.ga4.quota import Limits
from tests.contract.ga4_property import (
    NIGHT,
    REPORT,
    by_day,
    days,
    ga4,
)
from tests.contract.harness import Fault


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
    with ga4(days(1)) as acme, pytest.raises(ConfigError, match=r"check user_dimension .* streams_off"):
        acme.read(acme.landed("daily_users"), user_dimension="customUser:member")


def test_a_stream_that_is_off_is_whole_without_a_request_and_the_other_goes_on() -> None:
    with ga4(days(1)) as acme:
        users = acme.landed("daily_users")
        users.state = {"watermark": "2026-03-01"}
        acme.read(users, streams_off="daily_users")
        assert (users.complete_through, users.records, acme.app.seen) == (NIGHT, {}, [])
        assert users.state == {"watermark": "2026-03-01"}
        assert acme.read(acme.landed("daily_traffic"), streams_off="daily_users").records


def test_the_token_endpoint_is_tried_again_when_it_cannot_be_reached() -> None:
    with ga4(days(1)) as acme, pytest.raises(RetryableError, match="token endpoint"):
        acme.connector(token_uri="http://127.0.0.1:9/token").check()


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b'{"ac', b'{"access_token": 5}', b'{"access_token": "t\\n", "expires_in": 60}', b"\xff",
     b'{"access_token": "t", "expires_in": "soon"}', b'{"access_token": "t", "expires_in": 1e300}'],
)  # fmt: skip
def test_a_broken_answer_of_the_token_endpoint_is_asked_for_again(body: bytes) -> None:
    with ga4(days(1)) as acme:
        acme.app.faults = [Fault(lambda path: path.startswith("/token"), 200, (), body)]
        assert acme.connector().check().startswith("ga4: property")
        acme.app.faults = [Fault(lambda path: path.startswith("/token"), 200, (), body)] * 9
        with pytest.raises(RetryableError, match="token endpoint"):
            acme.connector().check()


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


@pytest.mark.parametrize("times, complains", [(1, False), (10, True)], ids=["once", "always"])
def test_every_row_arrives_when_a_page_is_answered_with_the_one_before_it(times: int, complains: bool) -> None:
    pages: list[bytes] = []

    def stale(body: bytes) -> bytes:
        if "rows" in json.loads(body):
            pages.append(body)
        return pages[0] if 2 <= len(pages) < 2 + times else body

    with ga4(days(1, a_day=9)) as acme:
        landed = acme.landed()
        acme.app.faults = [Fault(REPORT, alter=stale) for _ in range(40)]
        if complains:
            with pytest.raises(RetryableError, match="offset 3 brings the page before it again"):
                acme.read(landed, page_size=3)
            acme.app.faults = []
            acme.read(landed, page_size=3)
        else:
            acme.read(landed, page_size=3)
        assert by_day(landed) == {"20260309": 9}


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
