"""Who we are to a vendor: a token as it is, or tokens that run out and are renewed at the vendor's token endpoint.

A refresh token may change each time it is used (Zendesk, Typeform): the connection then holds only the first, and its
successors are kept by the account's TokenStore, for all processes that use the account."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import requests

from cx_warehouse.connectors.base import Grant, TokenStore
from cx_warehouse.connectors.errors import ConfigError, ContractError
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.http.pacing import Budget
from cx_warehouse.connectors.settings import text_setting

EARLY_SECONDS = 60.0  # a token is replaced so long before it ends, or in the last tenth of a short life
REFUSED = (400, 401, 403)


class BearerAuth(requests.auth.AuthBase):
    """A token in the Authorization header. An auth object: no dump of the session's headers shows it, and no .netrc
    file can replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class NoAuth(requests.auth.AuthBase):
    """No header at all: without an auth object, requests would look for credentials in the user's .netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


@dataclass(frozen=True)
class App:
    """An OAuth app or client of the vendor's. Without `refresh_token` it asks in its own name."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)  # the first one, as the connection has it

    @property
    def name(self) -> str:
        """The name of its tokens in the store: another first refresh token begins anew."""
        return "oauth " + hashlib.sha256(f"{self.client_id}:{self.refresh_token}".encode()).hexdigest()[:16]


class _Answer(msgspec.Struct):
    """A token endpoint's reply: tokens, or why there are none, in the words of RFC 6749, HubSpot or Typeform."""

    access_token: str | None = None
    refresh_token: str | None = None
    expires_in: float | None = None
    error: Any = None
    error_description: Any = None
    status: Any = None
    message: Any = None
    code: Any = None
    description: Any = None


@dataclass(frozen=True)
class TokenEndpoint:
    """Where an app gets its tokens. `fields` go with every request; `hints` name what to mend for an error of the
    vendor's, `named` for all others."""

    http: HttpClient
    path: str
    app: App
    named: str
    fields: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    as_json: bool = False
    budgets: Sequence[Budget] = ()

    def grant(self, used: Grant | None) -> Grant:
        """Another access token, after `used`. Raises ConfigError that names the setting to mend."""
        refresh_token = (used.refresh_token if used else "") or self.app.refresh_token
        asked = {
            "grant_type": "refresh_token" if refresh_token else "client_credentials",
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
            **({"refresh_token": refresh_token} if refresh_token else {}),
            **self.fields,
        }
        asked_at = time.time()
        body = {"json": asked} if self.as_json else {"form": asked}
        reply = self.http.reply("POST", self.path, budgets=self.budgets, allow=REFUSED, **body)
        try:
            answer = msgspec.json.decode(reply.body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            answer = _Answer()
        if reply.status in REFUSED:
            raise ConfigError(self._refusal(reply.status, answer, refresh_token))
        if not answer.access_token:
            raise ContractError(f"{self.http.source} {self.path}: the reply has no access_token")
        ends = None if answer.expires_in is None else asked_at + answer.expires_in
        # a vendor that leaves the refresh token out means the one that we have
        return Grant(answer.access_token, answer.refresh_token or refresh_token, ends)

    def _refusal(self, status: int, answer: _Answer, refresh_token: str) -> str:
        words = (answer.error, answer.error_description, answer.status, answer.message, answer.code, answer.description)
        said = " ".join(str(word) for word in words if word) or "no reason given"
        for secret in (self.app.client_secret, self.app.refresh_token, refresh_token):
            said = said.replace(secret, "…") if secret else said
        named = self.hints.get(str(answer.error), self.named)
        return (
            f"{self.http.source}: {status} from {self.path}: no access token: check {named} of connection "
            f"{self.http.source!r}. The vendor said: {said[:300]}"
        )


class RenewedAuth(requests.auth.AuthBase):
    """An access token that is replaced shortly before it ends, and once when it is refused. `endpoint` gives another,
    `tokens` keeps it for whoever uses the same account."""

    def __init__(self, endpoint: TokenEndpoint, tokens: TokenStore) -> None:
        self._endpoint, self._tokens = endpoint, tokens
        self._name = endpoint.app.name
        self._grant: Grant | None = None
        self._life = 0.0
        self._is_refused = False

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._grant is None:
            self.ready()
        assert self._grant is not None
        request.headers["Authorization"] = f"Bearer {self._grant.access_token}"
        return request

    def ready(self) -> None:
        """Have a token that is good for some time yet."""
        if self._grant is None:
            self._take(self._tokens.held(self._name))
        if self._grant is None or self._is_refused or self._ends_soon(self._grant):
            used = self._grant
            self._take(self._tokens.renew(self._name, used, lambda: self._endpoint.grant(used)))

    def forget(self) -> None:
        """The vendor refused the token: the next request uses another."""
        self._is_refused = True

    def _take(self, grant: Grant | None) -> None:
        self._grant, self._is_refused = grant, False
        if grant is not None and grant.expires_at is not None:
            self._life = grant.expires_at - time.time()

    def _ends_soon(self, grant: Grant) -> bool:
        if grant.expires_at is None:
            return False
        return time.time() >= grant.expires_at - min(EARLY_SECONDS, self._life / 10)


def app_or_token(source: str, config: Mapping[str, Any]) -> App | str:
    """The way to prove oneself that the settings are enough for: an OAuth app (`client_id`, its secret in `token`,
    `refresh_token`), or a token as it is. Raises ConfigError that names what is missing."""
    token = text_setting(source, config, "token")
    client_id, refresh_token = (text_setting(source, config, name, "") for name in ("client_id", "refresh_token"))
    if client_id and refresh_token:
        return App(client_id, token, refresh_token)
    if client_id or refresh_token:
        raise ConfigError(
            f"connection {source!r} lacks: {'refresh_token' if client_id else 'client_id'} of the OAuth app"
        )
    return token
