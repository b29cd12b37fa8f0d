"""The Matomo connector when the vendor, the network, the records or our settings are at fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cx_warehouse.connectors.errors import ConfigError, CxError, RetryableError
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.matomo.connector import MatomoConnector
from tests.contract.harness import Fault
from tests.contract.matomo_site import TOTALS, VISITS, days, matomo, noon, visit


def said(message: str) -> bytes:
    return json.dumps({"result": "error", "message": message}).encode()


@pytest.mark.parametrize("status", [200, 401])  # older versions answer everything with 200
def test_the_token_is_named_and_not_shown_when_access_is_denied(status: int) -> None:
    with matomo(days(1)) as site:
        denied = said("You can't access this resource as it requires 'view' access for the website id = 1.")
        site.app.faults = [Fault(lambda path: True, status, body=denied)]
        with pytest.raises(ConfigError, match=r"check token_auth and site_id.*requires 'view' access") as caught:
            site.connector(token_auth="a-very-wrong-token").check()
        assert "a-very-wrong-token" not in str(caught.value)


def test_a_wrong_token_is_a_setting_to_mend_and_is_not_tried_again() -> None:
    with matomo(days(1)) as site:
        with pytest.raises(ConfigError, match="token_auth"):
            site.read(token_auth="wrong")
        assert len(site.app.seen) == 1


@pytest.mark.parametrize(
    ("message", "error", "says"),
    [
        ("Visits log is deactivated for all given websites (idSite=1).", ConfigError, "switched off in Matomo"),
        ("An unexpected website was found in the request: website id was set to '9' .", ConfigError, "site_id"),
        ("Could not run the query in time. Please try again.", RetryableError, "in time"),
        ("SQLSTATE[HY000]: General error: 2006 MySQL server has gone away", RetryableError, "gone away"),
    ],
)
def test_an_error_with_the_status_200_is_an_error(message: str, error: type[CxError], says: str) -> None:
    """Taken for a page, it would be a day without visits, and every visit of it would be taken for erased."""
    with matomo(days(3)) as site:
        landed = site.read()
        site.app.faults = [Fault(VISITS, 200, body=said(message))]
        with pytest.raises(error, match=says):
            site.read(landed)
        assert len(landed.live) == 3
        site.app.faults = [Fault(TOTALS, 200, body=said(message))]
        with pytest.raises(error, match=says):
            site.read(landed)


def test_a_busy_server_is_asked_again() -> None:
    with matomo(days(3)) as site:
        site.app.faults = [
            Fault(VISITS, 503),
            Fault(VISITS, 429, (("Retry-After", "3"),)),
            Fault(VISITS, 200, body=b"[{"),
        ]
        assert len(site.read().live) == 3


@pytest.mark.parametrize("totals", [b"[]", b'{"nb_visits":"3"}', b'{"nb_visits":0}'])
def test_the_report_comes_in_several_shapes(totals: bytes) -> None:
    with matomo(days(1, a_day=3)) as site:
        site.app.faults = [Fault(TOTALS, 200, body=totals)] * 20
        assert len(site.read(history_days=1).live) == 3


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"site_id": "one"}, "site_id must be a number"),
        ({"site_id": ""}, "lacks: site_id"),
        ({"token_auth": " "}, "lacks: token_auth"),
        ({"base_url": ""}, "lacks: base_url"),
        ({"lookback_days": 0}, "lookback_days"),
        ({"page_size": 1}, "page_size"),
        ({"requests_per_second": "many"}, "requests_per_second"),
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, Any], says: str) -> None:
    given = {"base_url": "https://matomo.example", "site_id": 1, "token_auth": "t", **wrong}
    with pytest.raises(ConfigError, match=says):
        MatomoConnector.from_config({name: str(value) for name, value in given.items()})


def test_the_share_of_the_requests_per_second_is_kept() -> None:
    now = [0.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    with matomo(days(2)) as site:
        account = ProcessAccount("matomo", clock=lambda: now[0], sleep=sleep)
        connector = MatomoConnector.from_config({**site.config, "requests_per_second": 10}, account)
        for _ in range(12):
            connector.check()
    assert len(slept) == 2 and now[0] == pytest.approx(2)  # five a second


def test_a_number_as_text_is_a_number() -> None:
    def as_text(body: bytes) -> bytes:
        return json.dumps([{**one, "idVisit": str(one["idVisit"]), "idSite": "1"} for one in json.loads(body)]).encode()

    with matomo([visit(number, noon(1, number)) for number in range(12)]) as site:
        site.app.faults = [Fault(VISITS, alter=as_text)] * 100
        landed = site.read(page_size=5)
    assert len(landed.live) == 12 and not landed.quarantined
