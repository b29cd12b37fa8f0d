"""The look-alike of GA4 refuses what Google refuses, and leaves out, limits and words as Google does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.ga4.connector import Ga4Connector
from cx_warehouse.connectors.typeform.connector import TypeformConnector
from sandbox.vendors.ga4 import build_app
from sandbox.vendors.ga4.report import Losses
from sandbox.vendors.ga4.tokens import AUDIENCE, GRANT
from sandbox.vendors.typeform import build_app as build_typeform
from sandbox.world import World
from tests.contract.ga4_property import DAY, NIGHT, TODAY, visit
from tests.contract.harness import Landed, company_of, served

SCOPE = "https://www.googleapis.com/auth/analytics.readonly"


class Client:
    """A plain caller."""

    def __init__(self, url: str, world: World) -> None:
        self.url, self.key = url, world.credentials.ga4

    def run(self, token: str | None = None, **body: Any) -> requests.Response:
        asked = {
            "dimensions": [{"name": "landingPage"}],
            "metrics": [{"name": "sessions"}],
            "dateRanges": [{"startDate": "yesterday", "endDate": "today"}],
            **body,
        }
        return requests.post(
            f"{self.url}/v1beta/properties/{self.key.property_id}:runReport",
            json=asked,
            headers={"Authorization": f"Bearer {token or self.key.access_token}"},
            timeout=10,
        )

    def exchange(self, **claims: Any) -> requests.Response:
        now = int(time.time())
        payload = {"iss": self.key.client_email, "aud": AUDIENCE, "scope": SCOPE, "iat": now, "exp": now + 3600}
        assertion = jwt.encode({**payload, **claims}, self.key.private_key, algorithm="RS256")
        form = {"grant_type": GRANT, "assertion": assertion}
        return requests.post(f"{self.url}/token", data=form, timeout=10)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    events = [visit(number, TODAY - DAY, sessions=1 + number % 3) for number in range(30)]
    empty = visit(99, TODAY - DAY, page="/idle", sessions=0)
    world = World(company=company_of([*events, empty], NIGHT))
    with served(build_app(world)) as url:
        yield Client(url, world)


def test_values_are_texts_and_what_is_empty_is_left_out(client: Client) -> None:
    answer = client.run(limit="1").json()
    assert isinstance(answer["rows"][0]["metricValues"][0]["value"], str)
    assert answer["kind"] == "analyticsData#runReport" and answer["rowCount"] == 30
    nothing = client.run(dateRanges=[{"startDate": "2020-01-01", "endDate": "2020-01-02"}]).json()
    assert not {"rows", "rowCount", "propertyQuota"} & nothing.keys()
    assert nothing["metadata"]["timeZone"] == "Europe/Warsaw"


def test_rows_of_nothing_are_kept_only_when_asked_for(client: Client) -> None:
    assert client.run(keepEmptyRows=True).json()["rowCount"] == 31


def test_pages_hold_together_only_when_every_dimension_is_ordered(client: Client) -> None:
    def paged(**order: Any) -> set[str]:
        pages = [client.run(limit=7, offset=offset, **order).json()["rows"] for offset in range(0, 30, 7)]
        return {row["dimensionValues"][0]["value"] for page in pages for row in page}

    assert len(paged(orderBys=[{"dimension": {"dimensionName": "landingPage"}}])) == 30
    assert len(paged()) < 30


def test_the_quota_comes_when_it_is_asked_for(client: Client) -> None:
    quota = client.run(returnPropertyQuota=True).json()["propertyQuota"]
    assert quota["tokensPerHour"]["consumed"] > 0 and quota["tokensPerHour"]["remaining"] < 40_000


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"metrics": [{"name": "visits"}]}, "Field visits is not a valid metric"),
        ({"dimensions": [{"name": "customUser:nope"}]}, "Field customUser:nope is not a valid dimension"),
        ({"dimensions": [], "metrics": []}, "At least one dimension or metric"),
        ({"dateRanges": []}, "one date range"),
        ({"dateRanges": [{"startDate": "today", "endDate": "yesterday"}]}, "is after end date"),
        ({"dateRanges": [{"startDate": "20260301", "endDate": "today"}]}, "Invalid date: 20260301"),
        ({"limit": 0}, "limit must be"),
        ({"offset": -1}, "offset must be"),
        ({"pageSize": 5}, "Invalid JSON payload received"),
        ({"orderBys": [{"metric": {"metricName": "keyEvents"}}]}, "not among the requested"),
    ],
)
def test_what_cannot_be_asked_is_refused(client: Client, body: dict[str, Any], said: str) -> None:
    answer = client.run(**body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert said in error["message"]


def test_a_report_of_too_many_events_is_an_estimate_and_says_so() -> None:
    events = [visit(number, TODAY - DAY, sessions=3) for number in range(200)]
    world = World(company=company_of(events, NIGHT))
    with served(build_app(world, losses=Losses(sampled_above=600))) as url:
        client = Client(url, world)
        answer = client.run(dimensions=[{"name": "deviceCategory"}]).json()
        [sampling] = answer["metadata"]["samplingMetadatas"]
        assert sampling == {"samplesReadCount": "600", "samplingSpaceSize": "1200"}  # int64 comes as text
        assert answer["rows"][0]["metricValues"] == [{"value": "600"}]
        by_page = client.run().json()
        assert by_page["rowCount"] == 100  # the pages of visits that were not read are missing
        config = {**world.credentials.for_connections({"ga4": url})["ga4"], "history_days": 2}
        landed = Landed(Ga4Connector.streams["daily_traffic"])
        landed.read(Ga4Connector.from_config(config), Window(world.now()))
        assert {str(record["metadata"]["samplingMetadatas"]) for record in landed.records.values()} == {str([sampling])}


def test_a_report_that_reads_everything_speaks_of_no_sample(client: Client) -> None:
    assert "samplingMetadatas" not in client.run().json()["metadata"]


def test_only_what_the_api_has_is_answered(client: Client) -> None:
    path = f"{client.url}/v1beta/properties/{client.key.property_id}:runReport"
    headers = {"Authorization": f"Bearer {client.key.access_token}"}
    for method in ("GET", "PUT", "DELETE"):
        assert requests.request(method, path, headers=headers, timeout=10).status_code in (404, 405), method
    other = requests.post(f"{client.url}/v1beta/properties/1:runReport", json={}, headers=headers, timeout=10)
    assert (other.status_code, other.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert requests.post(path, json={}, timeout=10).status_code == 401


def test_a_stranger_is_turned_away(client: Client) -> None:
    answer = client.run(token="ya29.wrong")
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_a_signed_assertion_buys_a_token(client: Client) -> None:
    token = client.exchange().json()
    assert token["token_type"] == "Bearer" and token["expires_in"] == 3599
    assert client.run(token=token["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant"),
        ({"iss": "stranger@elsewhere.example"}, "invalid_grant"),
        ({"iat": 1_000_000_000, "exp": 1_000_003_600}, "invalid_grant"),
        ({"exp": int(time.time()) + 90_000}, "invalid_grant"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
    ],
)
def test_an_assertion_that_is_not_right_buys_nothing(client: Client, claims: dict[str, Any], error: str) -> None:
    answer = client.exchange(**claims)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_peoples_own_files_are_served_in_place_of_the_company(tmp_path: Path) -> None:
    for folder in ("typeform", "ga4"):
        (tmp_path / folder).mkdir()
    given = {"token": "t1", "landed_at": "2026-03-01T10:00:00Z", "submitted_at": "2026-03-01T10:05:00Z"}
    lines = [{"form_id": "abc", **given}, {"form_id": "abc", "response": {**given, "token": "t2"}}]
    (tmp_path / "typeform/responses.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    world = World(data=tmp_path)
    day = f"{world.now() - timedelta(days=3):%Y%m%d}"
    cells = [{"value": value} for value in (day, "Direct", "desktop", "/")]
    row = {"dimensionValues": cells, "metricValues": [{"value": "4"}] * 5}
    (tmp_path / "ga4/daily_traffic.jsonl").write_text(json.dumps(row) + "\n")
    with served(build_typeform(world)) as typeform_url, served(build_app(world)) as ga4_url:
        config = world.credentials.for_connections({"typeform": typeform_url, "ga4": ga4_url})
        responses = Landed(TypeformConnector.streams["responses"]).read(
            TypeformConnector.from_config(config["typeform"]), Window(world.now())
        )
        traffic = Landed(Ga4Connector.streams["daily_traffic"]).read(
            Ga4Connector.from_config({**config["ga4"], "history_days": 5}), Window(world.now())
        )
    assert set(responses.records) == {"abc:t1", "abc:t2"}
    assert [record["row"] for record in traffic.records.values()] == [row]
