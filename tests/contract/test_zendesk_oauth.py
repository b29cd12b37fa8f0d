"""The Zendesk connector as an OAuth client: it fetches its own tokens, renews them, and shows them to nobody."""

from __future__ import annotations

import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.http import auth
from cx_warehouse.connectors.http.auth import App
from cx_warehouse.connectors.zendesk.connector import ZendeskConnector
from sandbox.credentials import ZendeskCredentials
from sandbox.vendors.zendesk.tokens import Tokens
from tests.contract.harness import Fault
from tests.contract.zendesk_account import Account, account, served_keys

TOKENS = "/oauth/tokens?"


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def as_client(acme: Account, **settings: Any) -> ZendeskConnector:
    """A connector with the account's OAuth client, its secret in the password."""
    given = acme.world.credentials.zendesk
    return acme.connector(**{"email": "", "client_id": given.client_id, "token": given.client_secret, **settings})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time by which the connector judges a token's end."""
    moved = Time()
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=moved))
    return moved


def asked(acme: Account) -> tuple[int, int]:
    """How many tokens were asked for, and how many other requests there were."""
    tokens = acme.app.seen.count(TOKENS)
    return tokens, len(acme.app.seen) - tokens


def walk(acme: Account, connector: ZendeskConnector, between: Any) -> int:
    """Read the tickets to the last, with `between()` after each page; how many pages."""
    landed = acme.landed("tickets")
    for page in connector.read("tickets", Window(acme.world.now()), {}):
        landed.land(page)
        between()
    assert set(landed.records) == served_keys(acme, "tickets")
    return landed.pages


@pytest.mark.parametrize("where", ["password", "extra"])
def test_an_oauth_client_reads_with_one_token_for_all_its_requests(where: str) -> None:
    with account() as acme:
        secret = acme.world.credentials.zendesk.client_secret
        # an e-mail and an API token that were left behind do not matter where client_secret is given
        given = {} if where == "password" else {"token": "old", "email": "a@b.example", "client_secret": secret}
        connector = as_client(acme, page_size=8, **given)
        assert connector.check() == f"Warehouse Reader (admin) at {acme.url}"
        pages = walk(acme, connector, lambda: None)
        assert asked(acme) == (1, pages + 1)
        assert connector.usage.requests == pages + 2


def test_a_token_is_renewed_before_it_ends_in_the_middle_of_a_walk(clock: Time) -> None:
    def a_while() -> None:
        clock.now += 700.0

    with account(tokens=lambda given: Tokens(given, 1_800, clock)) as acme:
        pages = walk(acme, as_client(acme, page_size=8), a_while)
        assert pages == 7
        # asked at 0, 2100 and 4200 s (at 1400 there are 400 s left); no request was refused
        assert asked(acme) == (3, pages)


def test_a_token_that_was_revoked_in_the_middle_of_a_walk_is_renewed_once() -> None:
    kept: list[Tokens] = []

    def keep(given: ZendeskCredentials) -> Tokens:
        kept.append(Tokens(given))
        return kept[0]

    with account(tokens=keep) as acme:
        pages = walk(acme, as_client(acme, page_size=20), lambda: kept[0].revoke_all())
        assert asked(acme) == (pages, pages + (pages - 1))  # each page but the first was refused once


def test_a_token_ends_by_the_real_clock() -> None:
    with account(tokens=lambda given: Tokens(given, 0.5)) as acme:
        pages = walk(acme, as_client(acme, page_size=20), lambda: time.sleep(0.55))
        assert asked(acme) == (pages, pages)


def test_a_token_without_an_end_is_used_until_it_is_refused(clock: Time) -> None:
    def years() -> None:
        clock.now += 10.0**8

    with account() as acme:
        endless = acme.world.credentials.zendesk.oauth_token
        body = f'{{"access_token": "{endless}", "token_type": "bearer", "expires_in": null}}'.encode()
        acme.app.faults.append(Fault(lambda path: path == TOKENS, status=200, body=body))
        pages = walk(acme, as_client(acme, page_size=8), years)
        assert asked(acme) == (1, pages)


@pytest.mark.parametrize("wrong", [{"token": "wrong-secret-1"}, {"client_id": "somebody"}])
def test_a_wrong_client_names_the_settings_and_no_secret(wrong: dict[str, str]) -> None:
    with account() as acme:
        with pytest.raises(
            ConfigError, match=r"check client_id and client_secret .* of connection 'zendesk'"
        ) as raised:
            as_client(acme, **wrong).check()
        assert "invalid_client" in str(raised.value)
        shown = str(raised.value) + repr(raised.value.__cause__)
        assert not any(value in shown for value in (acme.world.credentials.zendesk.client_secret, "wrong-secret-1"))
        assert asked(acme) == (1, 0)  # a refusal is not tried again


def test_a_refusal_that_quotes_the_secret_is_not_passed_on() -> None:
    with account() as acme:
        secret = acme.world.credentials.zendesk.client_secret
        body = f'{{"error": "invalid_client", "error_description": "no client has {secret}"}}'.encode()
        acme.app.faults.append(Fault(lambda path: path == TOKENS, status=401, body=body))
        with pytest.raises(ConfigError, match="no client has …") as raised:
            as_client(acme).check()
        assert secret not in str(raised.value)


def test_a_token_that_is_refused_although_it_is_new_names_the_client() -> None:
    with account() as acme:
        acme.app.faults += [Fault(lambda path: path != TOKENS, status=401) for _ in range(2)]
        with pytest.raises(ConfigError, match="check client_id and client_secret of connection 'zendesk'"):
            as_client(acme).check()
        assert asked(acme) == (2, 2)


def test_a_client_that_may_not_read_is_told_the_scope() -> None:
    with account() as acme:
        body = b'{"error": "invalid_scope", "error_description": "The requested scope is invalid"}'
        acme.app.faults.append(Fault(lambda path: path == TOKENS, status=400, body=body))
        with pytest.raises(ConfigError, match="allowed scopes of the OAuth client: read"):
            as_client(acme).check()


def test_a_busy_token_endpoint_is_waited_for_as_long_as_it_says() -> None:
    with account() as acme:
        acme.app.faults.append(Fault(lambda path: path == TOKENS, status=429, headers=(("Retry-After", "9"),)))
        assert "admin" in as_client(acme).check()
        assert acme.slept == [pytest.approx(9, abs=1)]
        acme.app.faults += [Fault(lambda path: path == TOKENS, status=503) for _ in range(9)]
        with pytest.raises(RetryableError, match="503"):
            as_client(acme).check()


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"[1]"])
def test_an_answer_without_a_token_is_an_error(body: bytes) -> None:
    with account() as acme:
        acme.app.faults.append(Fault(lambda path: path == TOKENS, status=200, body=body))
        with pytest.raises(ContractError, match="no access_token"):
            as_client(acme).check()


def test_neither_secret_nor_token_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    handed_out: list[str] = []
    caplog.set_level(logging.DEBUG, logger="urllib3")  # HubSpot's own client, used in other tests, makes it say less

    class Noted(Tokens):
        def exchange(self, content_type: str, body: bytes) -> dict[str, Any]:
            given = super().exchange(content_type, body)
            handed_out.append(given["access_token"])
            return given

    with caplog.at_level(logging.DEBUG), account(tokens=Noted) as acme:
        connector = as_client(acme)
        connector.check()
        secret = acme.world.credentials.zendesk.client_secret
        shown = caplog.text + repr(connector) + repr(App("c", secret)) + repr(connector._client._session.headers)
        assert "oauth/tokens" in caplog.text and len(handed_out) == 1
        assert not any(value in shown for value in (secret, handed_out[0]))


# --- the look-alike ---
def grant(acme: Account, **fields: Any) -> requests.Response:
    given = acme.world.credentials.zendesk
    asked = {
        "grant_type": "client_credentials",
        "client_id": given.client_id,
        "client_secret": given.client_secret,
        "scope": "read",
    }
    return requests.post(f"{acme.url}/oauth/tokens", json={**asked, **fields}, timeout=10)


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"scope": "read everything"}, 400, "invalid_scope"),
        ({"expires_in": 300}, 400, "invalid_request"),
        ({"expires_in": 172_800}, 400, "invalid_request"),
    ],
)
def test_the_look_alike_refuses_what_zendesk_refuses(fields: dict[str, Any], status: int, error: str) -> None:
    with account() as acme:
        reply = grant(acme, **fields)
        assert (reply.status_code, reply.json()["error"]) == (status, error)
        assert requests.get(f"{acme.url}/oauth/tokens", timeout=10).status_code == 405


def test_the_look_alikes_tokens_do_what_their_scope_says_until_they_end() -> None:
    clock = Time()

    def ask(token: str) -> tuple[int, str | None]:
        headers = {"Authorization": f"Bearer {token}"}
        reply = requests.get(f"{acme.url}/api/v2/users/me.json", headers=headers, timeout=10)
        return reply.status_code, reply.json().get("error")

    with account(tokens=lambda given: Tokens(given, clock=clock)) as acme:
        reader, writer = grant(acme, expires_in=400).json(), grant(acme, scope="write").json()
        assert (reader["expires_in"], writer["expires_in"], reader["scope"]) == (400, 1_800, "read")
        assert ask(reader["access_token"])[0] == 200
        assert ask(writer["access_token"])[0] == 403
        clock.now += 401
        assert ask(reader["access_token"]) == (401, "invalid_token")
        form = requests.post(
            f"{acme.url}/oauth/tokens",
            data={
                "grant_type": "client_credentials",
                "client_id": acme.world.credentials.zendesk.client_id,
                "client_secret": acme.world.credentials.zendesk.client_secret,
                "scope": "read",
            },
            timeout=10,
        )
        assert ask(form.json()["access_token"])[0] == 200
