"""The look-alike of Typeform refuses what the vendor refuses, and orders and counts as the vendor does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.model import SurveyResponseDeleted
from sandbox.vendors.typeform import build_app
from sandbox.world import World
from tests.contract.harness import company_of, served
from tests.contract.typeform_account import DAY, FORM, NIGHT, daily, response


class Client:
    """A plain caller."""

    def __init__(self, url: str, world: World) -> None:
        self.url, self.world = url, world
        self.token: str | None = world.credentials.typeform.token

    def get(self, path: str, **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return requests.get(self.url + path, params=params, headers=headers, timeout=10)

    def tokens(self, **params: Any) -> list[str]:
        answer = self.get(f"/forms/{FORM}/responses", **params)
        assert answer.status_code == 200, answer.text
        return [item["token"] for item in answer.json()["items"]]


@pytest.fixture
def client() -> Iterator[Client]:
    late = response(900, NIGHT - timedelta(hours=1), submitted_at=NIGHT - 5 * DAY)
    started = response(901, NIGHT - timedelta(hours=2), state="started")
    partial = response(902, NIGHT - timedelta(hours=3), state="partial")
    gone = SurveyResponseDeleted(event_id=1, at=NIGHT - timedelta(minutes=30), response_id="r0003", form_id=FORM)
    world = World(company=company_of([*daily(8), late, started, partial, gone], NIGHT))
    with served(build_app(world, requests_per_second=1_000)) as url:
        yield Client(url, world)


COMPLETED = ["r0900", "r0000", "r0001", "r0002", "r0004", "r0005", "r0006", "r0007"]


def test_responses_come_completed_only_and_in_the_order_of_processing(client: Client) -> None:
    assert client.tokens() == COMPLETED
    types = "completed,partial,started"
    assert client.tokens(response_type=types)[:3] == ["r0900", "r0901", "r0902"]


def test_a_response_put_in_by_hand_stands_where_its_time_puts_it_and_a_changed_one_keeps_its_place(
    client: Client,
) -> None:
    def put(token: str, at: datetime) -> None:
        times = {"landed_at": at.isoformat(), "submitted_at": at.isoformat()}
        record = {"token": token, "response_id": token, "response_type": "completed", **times}
        client.world.add_record("typeform", "responses", json.dumps({"form_id": FORM, "response": record}).encode())

    put("byhand", NIGHT - 2 * DAY - timedelta(hours=12))
    put("r0005", NIGHT)
    assert client.tokens() == [*COMPLETED[:3], "byhand", *COMPLETED[3:]]


def test_a_page_holds_what_was_asked_for_and_counts_the_rest(client: Client) -> None:
    page = client.get(f"/forms/{FORM}/responses", page_size=3).json()
    assert (page["total_items"], page["page_count"], len(page["items"])) == (8, 3, 3)


def test_before_and_after_are_exclusive(client: Client) -> None:
    assert client.tokens(before="r0002", page_size=2) == ["r0004", "r0005"]
    assert client.tokens(after="r0002", page_size=2) == ["r0000", "r0001"]


def test_a_token_stays_good_when_its_response_was_deleted(client: Client) -> None:
    assert client.tokens(before="r0003") == ["r0004", "r0005", "r0006", "r0007"]


def test_since_and_until_are_inclusive_to_the_second(client: Client) -> None:
    moment = (NIGHT - 3 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert client.tokens(since=moment) == ["r0000", "r0001", "r0002"]
    assert client.tokens(until=moment) == ["r0900", "r0002", "r0004", "r0005", "r0006", "r0007"]
    assert client.tokens(since=int((NIGHT - 5 * DAY).timestamp()), until=moment) == ["r0900", "r0002", "r0004"]


@pytest.mark.parametrize(
    "params",
    [
        {"before": "r0002", "sort": "submitted_at,asc"},
        {"before": "r0002", "since": "2026-03-01T00:00:00Z"},
        {"after": "r0002", "until": "2026-03-01T00:00:00Z"},
        {"before": "unknown"},
        {"page_size": 1001},
        {"page_size": 0},
        {"response_type": "finished"},
        {"since": "2026-03-01"},
        {"since": "2026-03-01T00:00:00.5Z"},
        {"sort": "submitted_at"},
        {"before": "r0002", "after": "r0004"},
        {"page_size": "many"},
        {"after": "unknown"},
    ],
)
def test_what_cannot_be_asked_is_refused(client: Client, params: dict[str, Any]) -> None:
    answer = client.get(f"/forms/{FORM}/responses", **params)
    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR" and answer.json()["description"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_is_here_can_only_be_read(client: Client, method: str) -> None:
    headers = {"Authorization": f"Bearer {client.token}"}
    for path in ("/forms", f"/forms/{FORM}", f"/forms/{FORM}/responses"):
        answer = requests.request(method, client.url + path, json={}, headers=headers, timeout=10)
        assert answer.status_code in (404, 405), path
    assert client.tokens() == COMPLETED


def test_sorting_goes_by_the_submission(client: Client) -> None:
    assert client.tokens(sort="submitted_at,asc")[-1] == "r0000"
    assert client.tokens(sort="submitted_at,desc").index("r0900") == 3


def test_times_and_answers_follow_from_the_type_of_the_response(client: Client) -> None:
    items = client.get(f"/forms/{FORM}/responses", response_type="completed,partial,started").json()["items"]
    by_type = {item["response_type"]: item for item in reversed(items)}
    assert by_type["completed"]["submitted_at"].endswith("Z") and "staged_at" not in by_type["completed"]
    assert by_type["partial"]["staged_at"] and "submitted_at" not in by_type["partial"]
    assert not {"staged_at", "submitted_at"} & by_type["started"].keys()
    answer = by_type["completed"]["answers"][0]
    assert answer["type"] == "number" and isinstance(answer["number"], int)
    assert answer["field"] == {"id": "gT4nPs0aRe1c", "type": "opinion_scale", "ref": "nps"}


def test_forms_are_paged_and_defined(client: Client) -> None:
    first = client.get("/forms", page_size=3).json()
    assert (first["total_items"], first["page_count"], len(first["items"])) == (5, 2, 3)
    second = client.get("/forms", page_size=3, page=2).json()["items"]
    ids = {form["id"] for form in first["items"] + second}
    assert len(ids) == 5
    form = client.get(f"/forms/{FORM}").json()
    scale = form["fields"][0]
    assert scale["type"] == "opinion_scale"
    assert scale["properties"]["steps"] == 11 and scale["properties"]["start_at_one"] is False


@pytest.mark.parametrize("path", ["/forms/nothere", "/forms/nothere/responses"])
def test_an_unknown_form_is_not_found(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"code": "FORM_NOT_FOUND", "description": "Non existing form with uid nothere"}


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("wrong", 403)])
def test_a_stranger_is_turned_away(client: Client, token: str | None, status: int) -> None:
    client.token = token
    answer = client.get("/forms")
    assert (answer.status_code, answer.json()["code"]) == (status, "AUTHENTICATION_FAILED")


def test_the_third_request_of_a_second_is_refused() -> None:
    world = World(company=company_of([], NIGHT))
    with served(build_app(world)) as url:
        client = Client(url, world)
        assert [client.get("/forms").status_code for _ in range(3)] == [200, 200, 429]
