"""The sandbox's faults themselves: real on the wire, the same for the same seed, recorded, kept, harmless to others."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.errors import SandboxError
from sandbox.faults import KINDS, Fault
from sandbox.gate import VendorWorld
from sandbox.testing import Running, running
from sandbox.vendor_faults import applicable, unfit, vendor_faults
from sandbox.vendors.ga4.quota import Limits as Ga4Limits
from sandbox.vendors.zendesk.limits import Limits as ZendeskLimits
from sandbox.world import SOURCES, World

CONTACTS = "/crm/v3/objects/contacts?limit=5&properties=lastname,email"


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running(customers=20, days=10, plans={source: vendor_faults(source).unlimited for source in SOURCES}) as found:
        yield found


@pytest.fixture
def sandbox(served: Running) -> Iterator[Running]:
    """Without any fault before and after."""
    served.world.faults.clear()
    yield served
    served.world.faults.clear()


def contacts(sandbox: Running, timeout: float = 20, more: str = "") -> requests.Response:
    """A page of the CRM."""
    headers = {"Authorization": f"Bearer {sandbox.credentials.hubspot.token}"}
    return requests.get(sandbox.urls["hubspot"] + CONTACTS + more, headers=headers, timeout=timeout)


def raw(sandbox: Running) -> tuple[bytes, bool]:
    """What comes over the wire for a page of the CRM, and whether the connection was reset."""
    host, port = sandbox.urls["hubspot"].removeprefix("http://").split(":")
    token = sandbox.credentials.hubspot.token
    received = b""
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            f"GET {CONTACTS} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        try:
            while part := connection.recv(65_536):
                received += part
        except ConnectionResetError:
            return received, True
    return received, False


def add(sandbox: Running, kind: str, **options: Any) -> None:
    sandbox.world.faults.add(Fault(kind, "hubspot", **options))


# --- on the wire ---
def test_connection_is_reset_before_the_answer(sandbox: Running) -> None:
    add(sandbox, "reset_before")
    assert raw(sandbox) == (b"", True)


def test_connection_is_reset_in_the_middle_of_a_body_whose_length_was_announced(sandbox: Running) -> None:
    whole = contacts(sandbox).content
    add(sandbox, "reset_in_body", seed=3)
    received, was_reset = raw(sandbox)
    head, _, body = received.partition(b"\r\n\r\n")
    assert was_reset
    assert f"content-length: {len(whole)}".encode() in head.lower()
    assert 0 < len(body) < len(whole) and whole.startswith(body)


def test_truncated_body_has_the_length_that_it_says(sandbox: Running) -> None:
    whole = contacts(sandbox).content
    add(sandbox, "truncated")
    answer = contacts(sandbox)
    assert answer.status_code == 200 and 0 < len(answer.content) < len(whole)
    assert whole.startswith(answer.content)


def test_slow_body_is_whole_and_slow(sandbox: Running) -> None:
    whole = contacts(sandbox).content
    add(sandbox, "slow_drip", seconds=0.4)
    began = time.monotonic()
    assert contacts(sandbox).content == whole
    assert time.monotonic() - began >= 0.35


def test_hanging_request_harms_no_other_and_is_answered_once_the_fault_is_cleared(sandbox: Running) -> None:
    add(sandbox, "hang", times=0, where="contacts")
    answers: list[int] = []
    hanging = threading.Thread(target=lambda: answers.append(contacts(sandbox).status_code))
    hanging.start()
    token = sandbox.credentials.hubspot.token
    others = requests.get(
        sandbox.urls["hubspot"] + "/crm/v3/owners", headers={"Authorization": f"Bearer {token}"}, timeout=5
    )
    assert others.status_code == 200
    time.sleep(0.5)
    assert answers == []
    with pytest.raises(requests.ReadTimeout):
        contacts(sandbox, timeout=0.3)
    sandbox.control.clear_faults("hubspot")
    hanging.join(timeout=5)
    assert answers == [200]


@pytest.mark.parametrize("kind", ["rate_limited", "rate_limited_seconds", "rate_limited_date"])
def test_retry_after_is_left_out_or_in_seconds_or_a_date_of_the_real_clock(sandbox: Running, kind: str) -> None:
    add(sandbox, kind, **({} if kind == "rate_limited" else {"seconds": 40}))
    said = contacts(sandbox).headers.get("Retry-After")
    if kind == "rate_limited":
        assert said is None
    elif kind == "rate_limited_seconds":
        assert said == "40"
    else:
        assert said is not None
        ahead = parsedate_to_datetime(said) - datetime.now(UTC)
        assert timedelta(seconds=38) < ahead <= timedelta(seconds=41)


STRICT: dict[str, dict[str, Any]] = {
    "zendesk": {"limits": ZendeskLimits(dict.fromkeys(("account", "exports", "user_exports", "guide"), 0))},
    "hubspot": {"per_10_seconds": 0},
    "typeform": {"requests_per_second": 0},
    "ga4": {"limits": Ga4Limits(tokens_per_hour=0)},
}
ASKED = {
    "zendesk": ("GET", "/api/v2/users.json"),
    "hubspot": ("GET", "/crm/v3/owners"),
    "typeform": ("GET", "/forms"),
    "ga4": ("POST", "/v1beta/properties/412345678:runReport"),
}


def test_429_on_demand_looks_like_the_vendors_own() -> None:
    with running(customers=2, days=2, plans=STRICT) as strict:
        for source, (method, path) in ASKED.items():
            token = getattr(strict.credentials, source)
            secret = getattr(token, "access_token", None) or getattr(token, "oauth_token", None) or token.token
            answers = []
            for fault in (None, Fault("rate_limited", source)):
                if fault:
                    strict.world.faults.add(fault)
                headers = {"Authorization": f"Bearer {secret}"}
                answer = requests.request(method, strict.urls[source] + path, headers=headers, json={}, timeout=10)
                assert answer.status_code == 429, answer.text
                answers.append((shape(answer.json()), set(answer.headers) - {"Retry-After"}))
            # those of a limit's own header are told only where that limit is the one
            assert answers[0][0] == answers[1][0], source
            assert answers[1][1] <= answers[0][1] | {"X-Zendesk-API-Version"}, source


def shape(value: Any) -> Any:
    """The names in a JSON value."""
    return {name: shape(inner) for name, inner in value.items()} if isinstance(value, dict) else type(value).__name__


# --- chosen, seeded, recorded ---
def test_same_seed_spoils_the_same_byte_and_another_seed_another(sandbox: Running) -> None:
    def spoilt(seed: int) -> bytes:
        sandbox.world.faults.clear()
        add(sandbox, "malformed_json", seed=seed)
        return contacts(sandbox).content

    assert spoilt(1) == spoilt(1) != spoilt(2)
    with pytest.raises(ValueError):
        json.loads(spoilt(1))


def test_fault_takes_the_requests_that_it_was_asked_to(sandbox: Running) -> None:
    add(sandbox, "server_error_500", where=r"^GET /crm/v3/objects/contacts\?.*after=", after=1, times=2)
    statuses = [
        contacts(sandbox, more=more).status_code for more in ("", "&after=1", "", "&after=1", "&after=1", "&after=1")
    ]
    assert statuses == [200, 200, 200, 500, 500, 200]


def test_injection_is_recorded(sandbox: Running) -> None:
    before = len(sandbox.world.faults.injected)
    add(sandbox, "server_error_502", seed=9)
    contacts(sandbox)
    (record,) = sandbox.world.faults.injected[before:]
    assert {name: record[name] for name in ("source", "kind", "method", "path", "seed")} == {
        "source": "hubspot",
        "kind": "server_error_502",
        "method": "GET",
        "path": CONTACTS,
        "seed": 9,
    }
    assert record["clock"] == sandbox.world.now().isoformat()
    assert sandbox.control.injected_faults("hubspot")[-1] == record
    assert sandbox.control.log("hubspot", limit=1)[0]["status"] == 502


def test_every_kind_either_applies_to_a_source_or_says_why_not() -> None:
    for source in SOURCES:
        assert set(applicable(source)) | set(unfit(source)) == set(KINDS)
        assert not set(applicable(source)) & set(unfit(source))
        assert all(unfit(source).values())
    assert set.union(*(set(applicable(source)) for source in SOURCES)) == set(KINDS)


def test_vendors_clock_is_ahead_or_behind_and_shows_events_accordingly(sandbox: Running) -> None:
    vendor = VendorWorld(sandbox.world, "hubspot")
    for seconds in (86_400.0, -86_400.0):
        sandbox.world.faults.clear()
        add(sandbox, "clock_skew", seconds=seconds)
        assert vendor.now() == sandbox.world.now() + timedelta(seconds=seconds)
        assert (len(vendor.events()) > len(sandbox.world.events())) == (seconds > 0)
        assert all(event.at <= vendor.now() for event in vendor.events())
        assert VendorWorld(sandbox.world, "zendesk").now() == sandbox.world.now()


def test_ended_access_token_is_refused_and_another_is_not(sandbox: Running) -> None:
    client = sandbox.credentials.zendesk

    def token() -> str:
        asked = {"grant_type": "client_credentials", "client_id": client.client_id, "scope": "read"}
        answer = requests.post(
            sandbox.urls["zendesk"] + "/oauth/tokens", json={**asked, "client_secret": client.client_secret}, timeout=10
        )
        return str(answer.json()["access_token"])

    def status(token: str) -> int:
        url = sandbox.urls["zendesk"] + "/api/v2/users.json"
        return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code

    first = token()
    assert status(first) == 200
    sandbox.world.faults.add(Fault("token_expired", "zendesk"))
    assert [status(first), status(first), status(token())] == [401, 401, 200]


# --- kept ---
def test_faults_and_what_they_did_outlive_a_restart_of_a_home(tmp_path: Path) -> None:
    with running(customers=5, days=5, home=tmp_path) as first:
        first.world.faults.add(Fault("server_error_500", "hubspot", times=3, seed=4))
        first.world.faults.add(Fault("deleted_during_walk", "typeform"))
        assert contacts(first).status_code == 500
        headers = {"Authorization": f"Bearer {first.credentials.typeform.token}"}
        answers = (
            f"{first.urls['typeform']}/forms/kQ7vNp2L/responses?page_size=1000&response_type=completed,partial,started"
        )
        before = requests.get(answers, headers=headers, timeout=10).json()["total_items"]
        assert requests.get(answers, headers=headers, timeout=10).json()["total_items"] == before - 1
        told = first.world.faults.active(), first.world.faults.injected
    again = World(home=tmp_path)
    assert (again.faults.active(), again.faults.injected) == told
    assert [type(event).__name__ for event in again.events()].count("SurveyResponseDeleted") >= 1
    with running(customers=5, days=5, home=tmp_path) as second:
        assert [contacts(second).status_code for _ in range(3)] == [500, 500, 200]


# --- asked for wrongly ---
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"kind": "nope", "source": "ga4"}, "unknown kind of fault 'nope'"),
        ({"kind": "hang", "source": "nowhere"}, "unknown source 'nowhere'"),
        ({"kind": "hang"}, "needs 'source'"),
        ({"kind": "stuck_cursor", "source": "ga4"}, "does not apply to ga4: a report is asked for by offset"),
        ({"kind": "hang", "source": "ga4", "where": "("}, "where is not a regular expression"),
        ({"kind": "hang", "source": "ga4", "times": -1}, "times must be 0 to"),
        ({"kind": "hang", "source": "ga4", "times": "2"}, "times must be a whole number"),
        ({"kind": "hang", "source": "ga4", "seconds": "2"}, "seconds must be a number"),
        ({"kind": "hang", "source": "ga4", "colour": "red"}, "a fault has no 'colour'"),
    ],
)
def test_bad_fault_gets_one_line(sandbox: Running, body: dict[str, Any], says: str) -> None:
    with pytest.raises(SandboxError) as caught:
        sandbox.control._call("POST", "/faults", json.dumps(body).encode())
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert sandbox.control.faults() == []


def test_commands_add_list_and_clear_faults(sandbox: Running, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"control_url": sandbox.control.url}))

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        asked = [sys.executable, "-m", "sandbox", "fault", *arguments]
        return subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)

    home = ("--home", str(tmp_path))
    added = command("add", "server_error_503", "hubspot", "--where", "contacts", "--times", "2", *home)
    assert "server_error_503 of hubspot, 2 times" in added.stdout
    assert contacts(sandbox).status_code == 503
    assert "hubspot server_error_503 1 of 2 times, where contacts" in command("list", *home).stdout
    assert f"GET {CONTACTS}: 503" in command("injected", "--source", "hubspot", *home).stdout
    assert command("clear", "--source", "hubspot", *home).stdout.strip() == "1 fault cleared"
    assert contacts(sandbox).status_code == 200
    refused = command("add", "stuck_cursor", "ga4", *home)
    assert refused.returncode == 1 and len(refused.stderr.splitlines()) == 1 and "does not apply" in refused.stderr
