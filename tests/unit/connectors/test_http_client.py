"""The HTTP client: what it retries, how long it waits, and what it says when it gives up."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Mapping
from email.utils import formatdate

import msgspec
import pytest

from cx_warehouse.connectors.base import Usage
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.http.client import HttpClient, retry_after
from cx_warehouse.connectors.http.pacing import Budget, Remaining


class Body(msgspec.Struct):
    ok: int


class Server:
    """Answers each request with the next of `answers`: (status, headers, body)."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.seen: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.seen.append(self.path)
                status, headers, body = outer.answers.pop(0)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server():
    started = Server()
    yield started
    started.http.shutdown()
    started.http.server_close()


def client(server_or_url, slept: list[float], **options) -> HttpClient:
    url = getattr(server_or_url, "url", server_or_url)
    return HttpClient("zendesk", url, usage=Usage(), sleep=slept.append, **options)


OK = (200, {}, b'{"ok": 1}')


def test_a_limited_request_waits_as_long_as_the_vendor_says(server):
    slept: list[float] = []
    server.answers = [(429, {"Retry-After": "17"}, b"{}"), OK]
    connection = client(server, slept)
    found, _ = connection.json(Body, "GET", "/x")
    assert found.ok == 1 and slept == [17.0] and connection.usage.wait_seconds == 17.0
    assert connection.usage.requests == 2


@pytest.mark.parametrize(
    "asked", ["86400", "inf", formatdate(time.time() + 7_200, usegmt=True)], ids=["seconds", "for ever", "date"]
)
def test_a_vendor_that_asks_to_wait_for_hours_ends_the_run_at_once_and_says_so(server, asked):
    slept: list[float] = []
    server.answers = [(429, {"Retry-After": asked}, b"{}")]
    with pytest.raises(RetryableError, match="too long for a run"):
        client(server, slept).json(Body, "GET", "/x")
    assert slept == [] and len(server.seen) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_vendor_without_retry_after_is_asked_again_with_backoff(server, status):
    slept: list[float] = []
    server.answers = [(status, {}, b"busy")] * 3 + [OK]
    client(server, slept).json(Body, "GET", "/x")
    assert len(slept) == 3 and slept[0] < slept[2] and all(0 < pause <= 31 for pause in slept)


def test_it_gives_up_with_what_the_vendor_said(server):
    server.answers = [(503, {}, b"maintenance")] * 4
    with pytest.raises(RetryableError, match=r"503 from .*: maintenance"):
        client(server, []).json(Body, "GET", "/x")


@pytest.mark.parametrize("body", [b'{"ok": 1', b"<html>down</html>", b""])
def test_a_broken_body_is_asked_for_again(server, body):
    server.answers = [(200, {}, body), OK]
    assert client(server, []).json(Body, "GET", "/x")[0].ok == 1


def test_a_body_cut_short_on_the_wire_is_asked_for_again(server):
    server.answers = [(200, {"Content-Length": "500", "Connection": "close"}, b'{"ok": 1}'), OK]
    assert client(server, []).json(Body, "GET", "/x")[0].ok == 1


@pytest.mark.parametrize("status, named", [(401, "the credentials"), (403, "the scopes"), (404, "base_url")])
def test_a_refusal_names_the_setting_to_mend_and_is_not_retried(server, status, named):
    server.answers = [(status, {}, b'{"error": "no"}')]
    with pytest.raises(ConfigError, match=named):
        client(server, []).json(Body, "GET", "/x")
    assert len(server.seen) == 1


def test_a_broken_shape_is_the_vendors_fault_and_is_not_retried(server):
    server.answers = [(200, {}, b'{"ok": "yes"}')]
    with pytest.raises(ContractError, match=r"\$\.ok"):
        client(server, []).json(Body, "GET", "/x")


def test_an_unreachable_host_is_named():
    with pytest.raises(RetryableError, match=r"cannot reach http://127\.0\.0\.1:9"):
        client("http://127.0.0.1:9", [], attempts=1).json(Body, "GET", "/x")


def test_something_that_is_no_address_is_a_setting_to_mend():
    with pytest.raises(ConfigError, match="base_url"):
        client("not an address", []).json(Body, "GET", "/x")


def test_a_link_to_another_host_is_not_followed(server):
    with pytest.raises(ContractError, match="outside"):
        client(server, []).json(Body, "GET", "http://127.0.0.1.evil.example/next")
    assert server.seen == []


class Held:
    """A pacer that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float | None]] = []

    def wait(self) -> float:
        self.told.append(("wait", None))
        return 2.0

    def answered(self, limit: int | None = None) -> None:
        self.told.append(("answered", limit))

    def hold(self, seconds: float) -> None:
        self.told.append(("hold", round(seconds)))


def remaining_of(headers: Mapping[str, str]) -> Remaining | None:
    return Remaining(100, int(headers["Left"]), 30.0) if "Left" in headers else None


def test_each_request_waits_for_its_budget_and_tells_it_what_the_reply_says(server):
    pacer, slept = Held(), []
    server.answers = [(200, {"Left": "1"}, b'{"ok": 1}'), (200, {"Left": "0"}, b'{"ok": 1}'), OK]
    connection = client(server, slept, budgets=[Budget(pacer, remaining_of)])
    for _ in range(2):
        connection.json(Body, "GET", "/x")
    # a limit that is used up holds the next request of anybody, and this one has its answer already
    assert pacer.told == [("wait", None), ("answered", 100), ("wait", None), ("hold", 30), ("answered", 100)]
    assert slept == [] and connection.usage.wait_seconds == 4.0
    connection.json(Body, "GET", "/x", budgets=[])
    assert len(pacer.told) == 5


@pytest.mark.parametrize(
    ("headers", "held"),
    [({"Retry-After": "17"}, 17), ({"Retry-After": "17", "Left": "0"}, 30), ({"Left": "0"}, 30), ({"Left": "5"}, None)],
)
def test_a_limited_request_holds_its_budget_for_everybody(server, headers, held):
    pacer, slept = Held(), []
    server.answers = [(429, headers, b"{}"), OK]
    client(server, slept, budgets=[Budget(pacer, remaining_of)]).json(Body, "GET", "/x")
    assert [told for told in pacer.told if told[0] == "hold"] == ([("hold", held)] if held else [])
    # with Retry-After the pacer waits, for this request as for all others
    assert (slept == []) == ("Retry-After" in headers)


def test_a_request_that_fails_on_the_way_counts_as_sent():
    pacer = Held()
    with pytest.raises(RetryableError):
        client("http://127.0.0.1:9", [], attempts=1, budgets=[Budget(pacer)]).json(Body, "GET", "/x")
    assert pacer.told == [("wait", None), ("answered", None)]


class Renewing:
    """Credentials that note what is asked of them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ready(self) -> None:
        self.asked.append("ready")

    def forget(self) -> None:
        self.asked.append("forget")


def test_a_401_is_sent_once_more_with_renewed_credentials(server):
    renewed = Renewing()
    server.answers = [(401, {}, b"{}"), OK]
    connection = client(server, [], renewed=renewed)
    connection.json(Body, "GET", "/x")
    assert renewed.asked == ["ready", "forget", "ready"]
    assert (len(server.seen), connection.usage.requests) == (2, 2)
    server.answers = [(401, {}, b"{}"), (401, {}, b"{}"), OK]
    with pytest.raises(ConfigError, match="401"):
        connection.json(Body, "GET", "/x")
    assert len(server.answers) == 1


def test_retry_after_is_read_as_seconds_or_as_a_date():
    assert retry_after({}) is None
    assert retry_after({"Retry-After": "2.5"}) == 2.5
    assert retry_after({"Retry-After": "soon"}) is None
    assert 25 < (retry_after({"Retry-After": formatdate(time.time() + 30, usegmt=True)}) or 0) <= 30


class Page(msgspec.Struct):
    rows: list[msgspec.Raw]


def paged(server, slept: list[float]):
    return client(server, slept).page(Page, "rows", "GET", "/x")[0]


def test_a_page_with_a_broken_record_is_asked_for_once_more(server):
    """The line may have broken it; taken as it is, the record would be lost, since the walk does not come back."""
    server.answers = [(200, {}, b'{"rows": [{"id": 1}, {"id": 2\0}]}'), (200, {}, b'{"rows": [{"id": 1}, {"id": 2}]}')]
    found = paged(server, [])
    assert [bytes(record) for record in found.records] == [b'{"id": 1}', b'{"id": 2}'] and not found.malformed


def test_a_record_that_stays_broken_costs_itself_only(server):
    server.answers = [(200, {}, b'{"rows": [{"id": 1}, {"id": nan}]}')] * 2
    found = paged(server, [])
    assert len(found.records) == 1 and [piece for piece, _ in found.malformed] == [b'{"id": nan}']
    assert server.answers == []


def test_a_page_whose_brackets_never_match_is_salvaged_and_not_asked_for_for_ever(server):
    server.answers = [(200, {}, b'{"rows": [{"id": 1}, {"id": 2, {"id": 3}]}')] * 4
    found = paged(server, [])
    assert len(found.records) == 1 and [piece for piece, _ in found.malformed] == [b'{"id": 2, {"id": 3}']


def test_a_body_that_always_breaks_off_is_never_taken_for_a_page(server):
    server.answers = [(200, {}, b'{"rows": [{"id": 1}, {"id": 2')] * 4
    with pytest.raises(RetryableError, match="broken body"):
        paged(server, [])
