"""Typeform's token endpoint: a refresh token that is good once in, a bearer token of a week and the next refresh token
out.

The refresh token comes only with the scope `offline`. Refusals are in the form of OAuth 2 (RFC 6749, 5.2): the vendor's
pages do not show them."""

from __future__ import annotations

import math
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.oauth import OAuthTokens

LIFETIME_SECONDS = 604_800
SCOPES = {"forms:read", "responses:read", "accounts:read", "workspaces:read", "offline"}
FORM = "application/x-www-form-urlencoded"


async def grant(request: Request, tokens: OAuthTokens) -> Response:
    """The answer to a token request."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != FORM:
        return _refused("invalid_request", "The request body must be form-encoded")
    asked = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    if asked.get("grant_type") != "refresh_token":
        return _refused("unsupported_grant_type", "The grant type is not supported")
    if not tokens.is_app(asked.get("client_id"), asked.get("client_secret")):
        return _refused("invalid_client", "Client authentication failed", 401)
    scopes = set(asked.get("scope", " ".join(sorted(SCOPES))).split())
    if scopes - SCOPES:
        return _refused("invalid_scope", "The requested scope is invalid")
    given = tokens.redeem(asked.get("refresh_token"))
    if given is None:
        return _refused("invalid_grant", "The refresh token is invalid, expired or was used before")
    access, refresh = given
    body = {
        "access_token": access,
        "expires_in": math.floor(tokens.lifetime_seconds),
        "token_type": "bearer",
        "scope": " ".join(sorted(scopes)),
    }
    if "offline" in scopes:
        body["refresh_token"] = refresh
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _refused(error: str, description: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
