"""HubSpot's token endpoint: an OAuth app's refresh token in, a bearer token of half an hour out.

The refresh token stays the same. Shapes: the vendor's reference (oauth/v1/token) and errors that others recorded."""

from __future__ import annotations

import math
import secrets
import uuid
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.oauth import OAuthTokens
from sandbox.vendors.hubspot.wire import Refused

LIFETIME_SECONDS = 1_800
FORM = "application/x-www-form-urlencoded"


async def grant(request: Request, tokens: OAuthTokens) -> Response:
    """The answer to a token request."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != FORM:
        return Response("HTTP 415 Unsupported Media Type", 415, media_type="text/plain")
    asked = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    if asked.get("grant_type") != "refresh_token":
        return _bad("BAD_GRANT_TYPE", "missing or unknown grant type")
    if asked.get("client_id") != tokens.app.client_id:
        return _bad("BAD_CLIENT_ID", "missing or unknown client id")
    if not tokens.is_app(asked["client_id"], asked.get("client_secret")):
        return _bad("BAD_CLIENT_SECRET", "missing or invalid client secret")
    given = tokens.redeem(asked.get("refresh_token"))
    if given is None:
        return _bad("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
    access, refresh = given
    return JSONResponse(
        {
            "token_type": "bearer",
            "refresh_token": refresh,
            "access_token": access,
            "expires_in": math.floor(tokens.lifetime_seconds),
        },
        headers={"Cache-Control": "no-store"},
    )


def require(authorization: str, private_app_token: str, tokens: OAuthTokens) -> None:
    """Raise the 401 of a header without a good token: a private app's, or one that was handed out."""
    kind, _, token = authorization.partition(" ")
    if kind.lower() == "bearer":
        token = token.strip()
        if secrets.compare_digest(token.encode(), private_app_token.encode()):
            return
        left = tokens.seconds_left(token)
        if left is not None and left > 0:
            return
        if left is not None:
            ago = f"{int(-left // 60)} minute(s)" if left <= -60 else f"{int(-left)} second(s)"
            raise Refused(401, "EXPIRED_AUTHENTICATION", f"The OAuth token used to make this call expired {ago} ago.")
    raise Refused(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
        "more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    )


def _bad(status: str, message: str) -> Response:
    body: dict[str, Any] = {"status": status, "message": message, "correlationId": str(uuid.uuid4())}
    return JSONResponse(body, 400)
