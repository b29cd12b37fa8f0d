"""OAuth apps at the vendors that have them: tokens renewed in time, kept for every task, and shown to nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Connector, Window
from cx_warehouse.connectors.errors import ConfigError, RetryableError
from cx_warehouse.connectors.http import auth
from cx_warehouse.connectors.http.account import ProcessTokens
from sandbox.oauth import OAuthApp, OAuthTokens
from sandbox.vendors import hubspot, typeform, zendesk
from sandbox.vendors.zendesk.limits import Limits
from sandbox.vendors.zendesk.tokens import Tokens
from sandbox.world import World
from tests.contract.harness import Fault, Faulty, Landed, hurried, served

VENDORS = {  # where a token is asked for, which stream has several pages, its settings, how long a token is good
    "hubspot": ("/oauth/v1/token", "contacts", {"requests_per_10_seconds": 10_000}, 1_800),
    "typeform": ("/oauth/token", "responses", {"requests_per_second": 1_000_000, "page_size": 2}, 604_800),
    "zendesk": ("/oauth/tokens", "tickets", {"exports_per_minute": 1000, "page_size": 20}, 1_800),
}
ROTATING = ("typeform", "zendesk")


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Account:
    """A served account with an OAuth app. `kept` is what its tasks share."""

    source: str
    world: World
    app: Faulty
    url: str
    tokens: OAuthTokens
    clock: Time
    kept: ProcessTokens = field(default_factory=ProcessTokens)

    @property
    def oauth(self) -> OAuthApp:
        return self.tokens.app

    def connector(self, kept: ProcessTokens | None = None, **settings: Any) -> Connector:
        given = {
            "base_url": self.url,
            "client_id": self.oauth.client_id,
            "token": self.oauth.client_secret,
            "refresh_token": self.oauth.refresh_token,
            **VENDORS[self.source][2],
        }
        alone = hurried(self.source, tokens=kept or self.kept)
        return registry.connect(self.source, {**given, **settings}, alone)

    def walk(self, connector: Connector, between: Callable[[], Any] = lambda: None) -> int:
        """Read a stream to the last page, with `between()` after each; how many records came."""
        stream = VENDORS[self.source][1]
        landed = Landed(connector.streams[stream])
        for page in connector.read(stream, Window(self.world.now()), {}):
            landed.land(page)
            between()
        assert landed.pages > 2
        return len(landed.records)

    def asked(self) -> int:
        """How many tokens were asked for."""
        return sum(path.startswith(VENDORS[self.source][0] + "?") for path in self.app.seen)


@pytest.fixture(scope="module")
def world() -> World:
    return World(customers=150, days=30)


@contextmanager
def account(source: str, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    clock = Time()
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=clock))
    given = world.credentials
    life = VENDORS[source][3]
    if source == "zendesk":
        tokens = Tokens(given.zendesk, life, clock)
        oauth = tokens.refreshable
        unlimited = Limits(dict.fromkeys(("account", "exports", "user_exports", "guide"), 10**9))
        app = zendesk.build_app(world, unlimited, tokens)
    elif source == "hubspot":
        oauth = OAuthTokens(given.hubspot.app, lifetime_seconds=life, rotates=False, clock=clock)
        app = hubspot.build_app(world, per_10_seconds=10**9, searches_per_second=10**9, oauth=oauth)
    else:
        oauth = OAuthTokens(given.typeform.app, lifetime_seconds=life, rotates=True, clock=clock)
        app = typeform.build_app(world, requests_per_second=10**9, oauth=oauth)
    faulty = Faulty(app)
    with served(faulty) as url:
        yield Account(source, world, faulty, url, oauth, clock)


@pytest.fixture(params=list(VENDORS))
def acme(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(request.param, world, monkeypatch) as here:
        yield here


def test_an_app_reads_with_one_token_for_all_requests_of_all_tasks(acme: Account) -> None:
    assert acme.connector().check()
    assert acme.walk(acme.connector()) > 0
    assert acme.asked() == 1


def test_a_token_is_renewed_before_it_ends_in_the_middle_of_a_walk(acme: Account) -> None:
    life = VENDORS[acme.source][3]
    statuses: list[int] = []
    real = acme.app.app

    async def noted(scope: Any, receive: Any, send: Any) -> None:
        async def keep(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        await real(scope, receive, keep)

    acme.app.app = noted
    acme.walk(acme.connector(), lambda: setattr(acme.clock, "now", acme.clock.now + life - 30))
    assert acme.asked() > 2
    assert not {401, 403} & set(statuses)  # none was refused: each was replaced with half a minute to go


def test_a_token_that_was_ended_in_the_middle_of_a_walk_is_renewed_once(acme: Account) -> None:
    records = acme.walk(acme.connector())
    before = acme.asked()
    ended: list[bool] = []

    def once() -> None:
        if not ended:
            ended.append(True)
            acme.tokens.end_all()

    assert acme.walk(acme.connector(), once) == records
    assert acme.asked() == before + 1


def test_a_task_whose_token_another_task_replaced_uses_that_one(acme: Account) -> None:
    first = acme.connector()
    first.check()
    acme.tokens.end_all()
    acme.connector().check()  # refused, renews
    asked = acme.asked()
    first.check()  # refused too, and finds what the other was given
    assert asked == acme.asked() == 2


@pytest.mark.parametrize("source", ROTATING)
def test_a_refresh_token_is_good_once_and_its_successor_is_kept(
    source: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with account(source, world, monkeypatch) as acme:
        acme.connector().check()
        acme.clock.now += VENDORS[source][3]
        acme.connector().check()
        with pytest.raises(ConfigError, match="refresh_token"):
            acme.connector(ProcessTokens()).check()  # the connection's first one, once more


def test_a_refresh_token_that_stays_is_used_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with account("hubspot", world, monkeypatch) as acme:
        for _ in range(2):
            acme.connector(ProcessTokens()).check()
        assert acme.asked() == 2


@pytest.mark.parametrize("wrong", [{"token": "wrong-secret-1"}, {"client_id": "somebody"}, {"refresh_token": "old-1"}])
def test_a_refusal_names_the_settings_and_no_secret_and_is_not_tried_again(
    acme: Account, wrong: dict[str, str]
) -> None:
    with pytest.raises(ConfigError, match=rf"check .*client_id.* of connection '{acme.source}'") as raised:
        acme.connector(**wrong).check()
    said = str(raised.value) + repr(raised.value.__cause__)
    assert "The vendor said: " in said
    secrets = (acme.oauth.client_secret, acme.oauth.refresh_token, "wrong-secret-1", "old-1")
    assert not any(secret in said for secret in secrets)
    assert acme.asked() == 1


def test_an_app_that_the_customer_withdrew_is_told_to_be_authorized_anew(acme: Account) -> None:
    connector = acme.connector()
    connector.check()
    acme.tokens.revoke()
    with pytest.raises(ConfigError, match="refresh_token"):
        connector.check()
    assert acme.asked() == 2


def test_a_token_that_is_refused_although_it_is_new_is_not_asked_for_again(acme: Account) -> None:
    path = VENDORS[acme.source][0]
    acme.app.faults += [Fault(lambda seen: not seen.startswith(path), status=401) for _ in range(2)]
    with pytest.raises(ConfigError, match=r"401 from .*check "):
        acme.connector().check()
    assert acme.asked() == 2


def test_a_busy_token_endpoint_is_asked_again(acme: Account) -> None:
    path = VENDORS[acme.source][0]
    acme.app.faults += [Fault(lambda seen: seen.startswith(path), status=status) for status in (503, 429)]
    assert acme.connector().check()
    acme.app.faults += [Fault(status=503) for _ in range(9)]
    with pytest.raises(RetryableError, match="503"):
        acme.connector(ProcessTokens(), refresh_token="x").check()


def test_neither_secret_nor_token_is_logged_or_shown(
    acme: Account, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("urllib3.connectionpool"), "disabled", False)
    # HubSpot's own client, used in other tests, makes urllib3 say less
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="urllib3"):
        connector = acme.connector()
        connector.check()
        acme.tokens.end_all()
        connector.check()
    [held] = acme.kept._grants.values()
    shown = caplog.text + repr(connector) + repr(vars(connector)) + repr(held) + "".join(acme.app.seen)
    shown += repr(acme.kept._grants) + repr(auth.App("c", acme.oauth.client_secret, acme.oauth.refresh_token))
    assert VENDORS[acme.source][0] in caplog.text
    secrets = (acme.oauth.client_secret, acme.oauth.refresh_token, held.access_token, held.refresh_token)
    assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize("source", ["hubspot", "typeform"])
@pytest.mark.parametrize(
    ("settings", "lacks"),
    [({"client_id": "c"}, "refresh_token of the OAuth app"), ({"refresh_token": "r"}, "client_id of the OAuth app")],
)
def test_half_an_app_is_refused(source: str, settings: dict[str, str], lacks: str) -> None:
    with pytest.raises(ConfigError, match=f"connection '{source}' lacks: {lacks}"):
        registry.connect(source, {"token": "t", **settings})


@pytest.mark.parametrize("source", list(VENDORS))
def test_an_app_is_refused_where_its_tokens_cannot_be_kept(source: str) -> None:
    settings = {"base_url": "http://127.0.0.1:9", "client_id": "c", "token": "s", "refresh_token": "r"}
    with pytest.raises(ConfigError, match="refresh_token can only be used where its successors are kept"):
        registry.connect(source, settings).check()


# --- the look-alikes ---
def grant(acme: Account, **fields: Any) -> requests.Response:
    """A token request as the vendor wants it, but for `fields`."""
    asked = {
        "grant_type": "refresh_token",
        "client_id": acme.oauth.client_id,
        "client_secret": acme.oauth.client_secret,
        "refresh_token": acme.oauth.refresh_token,
        **({"scope": "read"} if acme.source == "zendesk" else {}),
        **fields,
    }
    return requests.post(acme.url + VENDORS[acme.source][0], data=asked, timeout=10)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"grant_type": "password"}, ("BAD_GRANT_TYPE", "unsupported_grant_type")),
        ({"client_id": "x"}, ("BAD_CLIENT_ID", "invalid_client")),
        ({"client_secret": "x"}, ("BAD_CLIENT_SECRET", "invalid_client")),
        ({"refresh_token": "x"}, ("BAD_REFRESH_TOKEN", "invalid_grant")),
        ({"refresh_token": ""}, ("BAD_REFRESH_TOKEN", "invalid_grant")),
    ],
)
def test_the_look_alike_refuses_what_the_vendor_refuses(
    acme: Account, fields: dict[str, str], said: tuple[str, str]
) -> None:
    reply = grant(acme, **fields)
    assert reply.status_code in (400, 401)
    body = reply.json()
    assert (body.get("status"), body.get("error")) in ((said[0], None), (None, said[1]))


def test_the_look_alikes_tokens_end_and_are_refused_as_the_vendor_does(acme: Account) -> None:
    given = grant(acme).json()
    assert given["expires_in"] == VENDORS[acme.source][3]
    path = {"hubspot": "crm/v3/owners", "typeform": "forms", "zendesk": "api/v2/users/me.json"}[acme.source]

    def ask() -> requests.Response:
        return requests.get(
            f"{acme.url}/{path}", headers={"Authorization": f"Bearer {given['access_token']}"}, timeout=10
        )

    assert ask().status_code == 200
    acme.clock.now += VENDORS[acme.source][3] + 300
    reply = ask()
    assert (reply.status_code, next(iter(reply.json().items()))) == {
        "hubspot": (401, ("status", "error")),
        "typeform": (403, ("code", "AUTHENTICATION_FAILED")),
        "zendesk": (401, ("error", "invalid_token")),
    }[acme.source]
    if acme.source == "hubspot":
        assert reply.json()["category"] == "EXPIRED_AUTHENTICATION"
        assert reply.json()["message"] == "The OAuth token used to make this call expired 5 minute(s) ago."


def test_zendesk_deletes_the_former_access_token_when_another_is_given(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with account("zendesk", world, monkeypatch) as acme:
        first = grant(acme).json()
        assert acme.tokens.seconds_left(first["access_token"]) == 1_800
        grant(acme, refresh_token=first["refresh_token"])
        assert acme.tokens.seconds_left(first["access_token"]) is None


def test_typeform_gives_no_refresh_token_without_the_scope_offline(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with account("typeform", world, monkeypatch) as acme:
        assert "refresh_token" not in grant(acme, scope="forms:read").json()
