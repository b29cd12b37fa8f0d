"""The HTTP client: what it retries, how long it waits, and what it says when it gives up."""

from __future__ import annotations

import http.server
import threading
import time
from email.utils import formatdate

import msgspec
import pytest

from cx_warehouse.connectors.base import Usage
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.http.client import HttpClient, retry_after
from cx_warehouse.connectors.http.pacing import Remaining, SlidingWindow


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


def test_the_other_tools_share_of_the_budget_is_left_to_them(server):
    slept: list[float] = []
    server.answers = [OK, OK]
    remaining = iter([Remaining(100, 51, 30.0), Remaining(100, 50, 30.0)])
    connection = client(server, slept, read_remaining=lambda headers: next(remaining), share=0.5)
    connection.json(Body, "GET", "/x")
    assert slept == []
    connection.json(Body, "GET", "/x")
    assert slept == [30.0]


def test_room_is_left_for_each_client_that_works_beside_this_one():
    assert Remaining(100, 52, 30.0).pause(0.5, at_once=2) == 0
    assert Remaining(100, 51, 30.0).pause(0.5, at_once=2) == 30


def test_a_401_is_sent_once_more_with_renewed_credentials(server):
    renewed: list[bool] = []
    server.answers = [(401, {}, b"{}"), OK]
    connection = client(server, [], renew=lambda: renewed.append(True))
    connection.json(Body, "GET", "/x")
    assert (len(renewed), len(server.seen), connection.usage.requests) == (1, 2, 2)
    server.answers = [(401, {}, b"{}"), (401, {}, b"{}"), OK]
    with pytest.raises(ConfigError, match="401"):
        connection.json(Body, "GET", "/x")
    assert len(server.answers) == 1


def test_retry_after_is_read_as_seconds_or_as_a_date():
    assert retry_after({}) is None
    assert retry_after({"Retry-After": "2.5"}) == 2.5
    assert retry_after({"Retry-After": "soon"}) is None
    assert 25 < (retry_after({"Retry-After": formatdate(time.time() + 30, usegmt=True)}) or 0) <= 30


def test_no_window_holds_more_requests_than_granted():
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    window = SlidingWindow(10, 60, share=0.5, clock=lambda: now, sleep=sleep)
    times = []
    for _ in range(23):
        window.wait()
        times.append(now)
        now += 0.25
    for start in times:
        assert sum(start <= t < start + 60 for t in times) <= 5
    assert max(times) < 60 * 5  # and the grant is used to the full: 23 requests in less than five windows
