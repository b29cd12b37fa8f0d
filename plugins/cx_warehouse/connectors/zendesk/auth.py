"""Who we are to Zendesk: an OAuth client that fetches its own tokens, an OAuth access token, or an API token.

An OAuth client proves itself by the client-credentials grant: `POST /oauth/tokens` answers with an access token of
30 minutes' life by default and without a refresh token, so a token that has run out is replaced by asking again.
Only a client of the kind "confidential" may; its tokens act for the admin who created it
(developer.zendesk.com/documentation/api-basics/authentication/api-tokens-to-oauth)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import requests

from cx_warehouse.connectors.base import Pacer
from cx_warehouse.connectors.errors import ConfigError, ContractError
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.settings import text_setting

TOKEN_PATH = "oauth/tokens"
SCOPE = "read"
EARLY_SECONDS = 60.0  # a token is replaced so long before it ends, or in the last tenth of a short life
REFUSED = (400, 401, 403)


@dataclass(frozen=True)
class OAuthClient:
    """An OAuth client of the kind "confidential"."""

    client_id: str
    client_secret: str = field(repr=False)


class BearerAuth(requests.auth.AuthBase):
    """The token in the Authorization header. An auth object, so that no header dump of the session shows
    it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class NoAuth(requests.auth.AuthBase):
    """No header at all: without an auth object, requests would look for credentials in the user's .netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Granted(msgspec.Struct):
    access_token: str = ""
    expires_in: float | None = None  # clients made before 30 April 2026 may hand out tokens without an end
    error: Any = None
    error_description: Any = None


class ClientGrantAuth(requests.auth.AuthBase):
    """Fetches an access token, and another shortly before it ends. The token is kept in memory only.

    `clock` is in seconds and needs no epoch."""

    def __init__(self, http: HttpClient, client: OAuthClient, pacer: Pacer, clock: Callable[[], float]) -> None:
        self._http, self._client, self._pacer, self._clock = http, client, pacer, clock
        self._token: str | None = None
        self._renew_at: float | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._current()}"
        return request

    def forget(self) -> None:
        """Drop the token, since the vendor refused it: the next request fetches another."""
        self._token = None

    def _current(self) -> str:
        if self._token is None or (self._renew_at is not None and self._clock() >= self._renew_at):
            asked_at = self._clock()
            granted = self._ask()
            life = granted.expires_in
            self._renew_at = None if life is None else asked_at + life - min(EARLY_SECONDS, life / 10)
            self._token = granted.access_token
        return self._token

    def _ask(self) -> _Granted:
        asked = {
            "grant_type": "client_credentials",
            "client_id": self._client.client_id,
            "client_secret": self._client.client_secret,
            "scope": SCOPE,
        }
        reply = self._http.reply("POST", TOKEN_PATH, json=asked, pacer=self._pacer, allow=REFUSED)
        try:
            granted = msgspec.json.decode(reply.body, type=_Granted)
        except (msgspec.DecodeError, UnicodeDecodeError):
            granted = _Granted()
        if reply.status in REFUSED:
            raise ConfigError(self._refusal(reply.status, granted))
        if not granted.access_token:
            raise ContractError(f"zendesk {TOKEN_PATH}: the reply has no access_token")
        return granted

    def _refusal(self, status: int, granted: _Granted) -> str:
        named = "client_id and client_secret (the password, unless it is in extra)"
        if granted.error == "invalid_scope":
            named = f"the allowed scopes of the OAuth client: {SCOPE} must be among them. It is the one"
        said = " ".join(str(part) for part in (granted.error, granted.error_description) if part) or "no reason given"
        said = said.replace(self._client.client_secret, "…")[:300]
        return (
            f"zendesk: {status} from {TOKEN_PATH}: no access token: check {named} of connection 'zendesk'. "
            f"The vendor said: {said}"
        )


def credentials(source: str, config: Mapping[str, Any]) -> requests.auth.AuthBase | OAuthClient:
    """The way to authenticate that the settings are enough for. The secret is the password (`token`): with
    `client_id` it is that client's, with `email` an API token, alone an OAuth access token.

    Raises ConfigError that names what is missing."""
    client_id, client_secret, email, token = (
        text_setting(source, config, name, "") for name in ("client_id", "client_secret", "email", "token")
    )
    email = email.removesuffix("/token")
    if client_id:
        if secret := client_secret or token:
            return OAuthClient(client_id, secret)
        raise ConfigError(f"connection {source!r} lacks: client_secret, the secret of client_id (in the password)")
    if token:
        return requests.auth.HTTPBasicAuth(f"{email}/token", token) if email else BearerAuth(token)
    if client_secret:
        raise ConfigError(f"connection {source!r} lacks: client_id, the identifier of client_secret's OAuth client")
    if email:
        raise ConfigError(f"connection {source!r} lacks: token, the API token of email (in the password)")
    raise ConfigError(
        f"connection {source!r} lacks: client_id and client_secret of an OAuth client (or token, an access token)"
    )
