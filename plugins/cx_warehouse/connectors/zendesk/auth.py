"""Who we are to Zendesk: an OAuth client that fetches its own tokens, an OAuth access token, or an API token.

An OAuth client of the kind "confidential" proves itself by the client-credentials grant: `POST /oauth/tokens` answers
with an access token of 30 minutes' life by default, and its tokens act for the admin who created the client. With the
refresh token of an authorization it acts for whoever gave that; each use of it ends the former access and refresh
token (developer.zendesk.com/documentation/api-basics/authentication/api-tokens-to-oauth, …/refresh-token)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from cx_warehouse.connectors.base import Account
from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.http.account import ProcessTokens
from cx_warehouse.connectors.http.auth import App, BearerAuth, RenewedAuth, TokenEndpoint
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.http.pacing import Budget
from cx_warehouse.connectors.settings import text_setting

TOKEN_PATH = "oauth/tokens"
SCOPE = "read"
CLIENT = "client_id and client_secret (the password, unless it is in extra)"


def renewed(http: HttpClient, app: App, account: Account, budgets: Sequence[Budget]) -> RenewedAuth:
    """Tokens of an OAuth client. Those that can be asked for again at any time stay in memory."""
    endpoint = TokenEndpoint(
        http,
        TOKEN_PATH,
        app,
        f"refresh_token (authorize the client anew) and {CLIENT}" if app.refresh_token else CLIENT,
        fields={"scope": SCOPE},
        hints={
            "invalid_client": CLIENT,
            "invalid_scope": f"the allowed scopes of the OAuth client: {SCOPE} must be among them. It is the one",
        },
        as_json=True,
        budgets=budgets,
    )
    return RenewedAuth(endpoint, account.tokens if app.refresh_token else ProcessTokens())


def credentials(source: str, config: Mapping[str, Any]) -> requests.auth.AuthBase | App:
    """The way to authenticate that the settings are enough for. The secret is the password (`token`): with
    `client_id` it is that client's, with `email` an API token, alone an OAuth access token.

    Raises ConfigError that names what is missing."""
    client_id, client_secret, email, token, refresh_token = (
        text_setting(source, config, name, "")
        for name in ("client_id", "client_secret", "email", "token", "refresh_token")
    )
    email = email.removesuffix("/token")
    if client_id:
        if secret := client_secret or token:
            return App(client_id, secret, refresh_token)
        raise ConfigError(f"connection {source!r} lacks: client_secret, the secret of client_id (in the password)")
    if token and not refresh_token:
        return requests.auth.HTTPBasicAuth(f"{email}/token", token) if email else BearerAuth(token)
    if client_secret or refresh_token:
        raise ConfigError(f"connection {source!r} lacks: client_id, the identifier of the OAuth client")
    if email:
        raise ConfigError(f"connection {source!r} lacks: token, the API token of email (in the password)")
    raise ConfigError(
        f"connection {source!r} lacks: client_id and client_secret of an OAuth client (or token, an access token)"
    )
