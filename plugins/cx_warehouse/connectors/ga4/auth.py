"""Bearer tokens for Google, from a service account's key file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import requests
from google.auth import exceptions
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from cx_warehouse.connectors.errors import ConfigError, RetryableError
from cx_warehouse.connectors.http.client import retry_after

BROKEN_ANSWER = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
TIMEOUT_SECONDS = (10.0, 60.0)  # to connect, and between two bytes
SCOPES = ("https://www.googleapis.com/auth/analytics.readonly",)


class _Transport(Request):  # type: ignore[misc]
    """Google's own, but as patient as every request of a connector, and without its own retries: the request that
    needs the token is the one that is tried again."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().__call__(*args, **{**kwargs, "timeout": TIMEOUT_SECONDS})
        if answer.status == 429 or answer.status >= 500:
            raise RetryableError(f"ga4: the token endpoint failed: {answer.status}", retry_after(answer.headers))
        return answer


class ServiceAccountAuth(requests.auth.AuthBase):
    """Exchanges a signed assertion for a token, and again before the token expires.

    No error of it quotes the key."""

    def __init__(self, key_file: Mapping[str, Any] | str, token_uri: str | None = None) -> None:
        try:
            info = dict(json.loads(key_file) if isinstance(key_file, str) else key_file)
            if token_uri:
                info["token_uri"] = token_uri
            self._credentials = service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
        except (ValueError, TypeError, exceptions.GoogleAuthError) as error:
            raise ConfigError(
                "connection 'ga4': service_account is not a service account's key file (JSON with "
                f"private_key, client_email and token_uri): {type(error).__name__}"
            ) from None
        self._transport = _Transport(session=requests.Session())

    def ready(self) -> None:
        """Fetch a token, unless the one at hand is good for a while."""
        if not self._credentials.valid:
            self._refresh()

    def forget(self) -> None:
        """Drop the token: the vendor refused it before its time."""
        self._credentials.token = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        self.ready()
        token = self._credentials.token
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            self.forget()
            raise RetryableError("ga4: the token endpoint's answer is broken (no token that a header could hold)")
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    def _refresh(self) -> None:
        try:
            self._credentials.refresh(self._transport)
        except exceptions.TransportError as error:
            raise RetryableError(f"ga4: cannot reach the token endpoint ({type(error).__name__})") from error
        except exceptions.RefreshError as error:
            said = (str(error.args[0]) if error.args else type(error).__name__)[:300]
            if error.retryable:
                raise RetryableError(f"ga4: the token endpoint failed: {said}") from error
            raise ConfigError(
                f"ga4: the token endpoint refused the key: check service_account of connection 'ga4'. It said: {said}"
            ) from error
        except BROKEN_ANSWER as error:  # which Google's client takes for granted not to be
            raise RetryableError(f"ga4: the token endpoint's answer is broken ({type(error).__name__})") from error
