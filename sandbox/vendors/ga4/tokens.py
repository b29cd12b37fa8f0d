"""Google's token endpoint for service accounts: a signed assertion in, a bearer token out (RFC 7523)."""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import parse_qs

import jwt

from sandbox.credentials import Ga4Credentials
from sandbox.vendors.ga4.errors import Refused

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = {
    "https://www.googleapis.com/auth/analytics.readonly",
    "https://www.googleapis.com/auth/analytics",
}
AUDIENCE = "https://oauth2.googleapis.com/token"  # Google's clients name it whatever token_uri says
LIFETIME_SECONDS = 3_600
LEEWAY_SECONDS = 300


class TokenError(Exception):
    """A refusal in the form of OAuth 2 (RFC 6749, 5.2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.body = {"error": error, "error_description": description}


class Tokens:
    """Hands out tokens and knows which are good."""

    def __init__(self, credentials: Ga4Credentials) -> None:
        self._credentials = credentials
        self._expiry: dict[str, float] = {}

    def exchange(self, form: bytes) -> dict[str, Any]:
        """The answer to a token request. Raises TokenError."""
        fields = parse_qs(form.decode("utf-8", "replace"))
        if fields.get("grant_type") != [GRANT]:
            raise TokenError("unsupported_grant_type", f"Invalid grant_type: {fields.get('grant_type')}")
        try:
            claims = jwt.decode(
                fields.get("assertion", [""])[0],
                self._credentials.public_key,
                algorithms=["RS256"],
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={"require": ["iss", "aud", "iat", "exp"]},
            )
        except jwt.InvalidSignatureError:
            raise TokenError("invalid_grant", "Invalid JWT Signature.") from None
        except jwt.InvalidTokenError as error:
            raise TokenError("invalid_grant", f"Invalid JWT: {error}") from None
        if claims["iss"] != self._credentials.client_email:
            raise TokenError("invalid_grant", "Invalid grant: account not found")
        if claims["exp"] - claims["iat"] > LIFETIME_SECONDS:
            raise TokenError("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes)")
        if not SCOPES & set(str(claims.get("scope", "")).split()):
            raise TokenError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        token = f"ya29.c.{secrets.token_urlsafe(48)}"
        self._expiry[token] = time.monotonic() + LIFETIME_SECONDS
        return {"access_token": token, "expires_in": LIFETIME_SECONDS - 1, "token_type": "Bearer"}

    def require(self, authorization: str) -> None:
        """Raise Refused unless the header carries a good token."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise Refused(
                401,
                "UNAUTHENTICATED",
                "Request is missing required authentication credential. Expected OAuth 2 access token, login "
                "cookie or other valid authentication credential. See "
                "https://developers.google.com/identity/sign-in/web/devconsole-project.",
            )
        if secrets.compare_digest(token.encode(), self._credentials.access_token.encode()):
            return
        if self._expiry.get(token, 0) < time.monotonic():
            raise refused_token()


def refused_token() -> Refused:
    """What a token that ended, or never was, is answered."""
    return Refused(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    )
