"""Zendesk's token endpoint: an OAuth client's id and secret in, a bearer token of limited life out.

The client-credentials grant has no refresh token. The refresh-token grant gives another one each time, and deletes the
former access and refresh token. 30 minutes of life unless `expires_in` (300 to 172,800 seconds) asks for another. Lives
are counted on the real clock, as no night of the sandbox lasts."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from sandbox.credentials import ZendeskCredentials
from sandbox.oauth import OAuthApp, OAuthTokens

LIFETIME_SECONDS = 1_800
SHORTEST, LONGEST = 300, 172_800
SCOPES = {"read", "write", "impersonate"}
INVALID_GRANT = (
    "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is "
    "invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to "
    "another client."
)
INVALID_CLIENT = (
    "The client identifier provided is invalid, the client failed to authenticate, the client did not include its "
    "credentials, provided multiple client credentials, or used unsupported credentials type."
)


class TokenError(Exception):
    """A refusal in the form of OAuth 2 (RFC 6749, 5.2)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error, "error_description": description}


class Tokens:
    """Hands out tokens and knows which are good, and for what."""

    def __init__(
        self,
        credentials: ZendeskCredentials,
        lifetime_seconds: float = LIFETIME_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials, self._lifetime, self._clock = credentials, lifetime_seconds, clock
        self._good: dict[str, tuple[float, frozenset[str]]] = {}  # token → when it ends, its scopes
        app = OAuthApp(credentials.client_id, credentials.client_secret, credentials.refresh_token)
        self.refreshable = OAuthTokens(
            app, lifetime_seconds=lifetime_seconds, rotates=True, ends_former=True, clock=clock
        )
        self._refreshed_scopes: frozenset[str] = frozenset()

    def exchange(self, content_type: str, body: bytes) -> dict[str, Any]:
        """The answer to a token request. Raises TokenError."""
        asked = _fields(content_type, body)
        if asked.get("grant_type") not in ("client_credentials", "refresh_token"):
            raise TokenError(400, "unsupported_grant_type", "The grant type is not supported by this server.")
        proof = [str(asked.get(name, "")).encode() for name in ("client_id", "client_secret")]
        wanted = [self._credentials.client_id.encode(), self._credentials.client_secret.encode()]
        if not all(secrets.compare_digest(*pair) for pair in zip(proof, wanted, strict=True)):
            raise TokenError(401, "invalid_client", INVALID_CLIENT)
        scopes = frozenset(str(asked.get("scope", "")).split())
        if not scopes or scopes - SCOPES:
            raise TokenError(400, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
        lifetime = self._lifetime
        if "expires_in" in asked:
            lifetime = float(asked["expires_in"]) if str(asked["expires_in"]).isdigit() else 0.0
            if not SHORTEST < lifetime < LONGEST:
                raise TokenError(400, "invalid_request", "expires_in must be more than 300 and less than 172800.")
        if asked["grant_type"] == "refresh_token":
            given = self.refreshable.redeem(asked.get("refresh_token"), lifetime)
            if given is None:
                raise TokenError(400, "invalid_grant", INVALID_GRANT)
            token, refresh_token = given
            self._refreshed_scopes = scopes
        else:
            token, refresh_token = secrets.token_hex(32), None
            self._good[token] = (self._clock() + lifetime, scopes)
        return {
            "access_token": token,
            "refresh_token": refresh_token,
            "token_type": "bearer",
            "scope": " ".join(sorted(scopes)),
            "expires_in": lifetime,
        }

    def scopes(self, token: str) -> frozenset[str] | None:
        """What a token may do; None for one that has ended, or was never handed out."""
        if secrets.compare_digest(token.encode(), self._credentials.oauth_token.encode()):
            return frozenset({"read"})
        if (self.refreshable.seconds_left(token) or 0) > 0:
            return self._refreshed_scopes
        ends, scopes = self._good.get(token, (0.0, frozenset[str]()))
        return scopes if self._clock() < ends else None

    def revoke_all(self) -> None:
        """End every token that was handed out, as an admin may at any time."""
        self._good.clear()
        self.refreshable.end_all()


def _fields(content_type: str, body: bytes) -> Mapping[str, Any]:
    try:
        if content_type.partition(";")[0].strip() == "application/json":
            found = json.loads(body)
            if isinstance(found, dict):
                return found
        elif content_type.partition(";")[0].strip() == "application/x-www-form-urlencoded":
            return dict(parse_qsl(body.decode()))
    except ValueError:
        pass
    raise TokenError(400, "invalid_request", "The request is missing a required parameter, or is malformed.")
