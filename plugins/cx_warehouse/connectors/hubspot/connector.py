"""The HubSpot connector: settings, the HTTP client, and which walk reads which stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import requests

from cx_warehouse.connectors.base import Account, Page, State, Stream, Usage, Window
from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.http.auth import App, BearerAuth, NoAuth, RenewedAuth, TokenEndpoint, app_or_token
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.http.pacing import Budget
from cx_warehouse.connectors.hubspot.api import SEARCH_LIMIT, HubSpotApi, read_remaining
from cx_warehouse.connectors.hubspot.objects import ObjectWalk
from cx_warehouse.connectors.hubspot.restated import associations, owners, walk_whole
from cx_warehouse.connectors.hubspot.streams import ASSOCIATIONS, OBJECTS, STREAMS
from cx_warehouse.connectors.settings import number_setting, text_setting

BASE_URL = "https://api.hubapi.com"
SEARCHES_PER_SECOND = 5  # by account, for all its tools together
TOKEN_PATH = "oauth/v1/token"  # access tokens live half an hour; the refresh token stays the same
OAUTH = "client_id, client_secret (the password) and refresh_token"


class HubSpotConnector:
    """One HubSpot account."""

    source: ClassVar[str] = "hubspot"
    streams: ClassVar[Mapping[str, Stream]] = STREAMS

    def __init__(
        self,
        proof: str | App,
        *,
        base_url: str = BASE_URL,
        share: float = 0.5,
        requests_per_10_seconds: int = 100,
        portal_id: str = "",
        page_size: int = SEARCH_LIMIT,
        account: Account | None = None,
    ) -> None:
        """`proof`: a private app's token, or an OAuth app. `account` is this process's own if it is not given."""
        self.usage = Usage()
        self._portal_id = portal_id
        account = account or ProcessAccount(self.source)
        auth: requests.auth.AuthBase
        tokens: RenewedAuth | None = None
        if isinstance(proof, App):
            # one attempt: the request that needs the token is the one that is tried again
            http = HttpClient(self.source, base_url, auth=NoAuth(), usage=self.usage, attempts=1)
            auth = tokens = RenewedAuth(TokenEndpoint(http, TOKEN_PATH, proof, OAUTH), account.tokens)
        else:
            auth = BearerAuth(proof)
        named = OAUTH if tokens else "token"
        client = HttpClient(
            self.source,
            base_url,
            auth=auth,
            usage=self.usage,
            budgets=[Budget(account.pacer("requests", requests_per_10_seconds, 10, share), read_remaining)],
            renewed=tokens,
            setting_for={401: named, 403: f"{named} (the scopes of the app)", 404: "base_url"},
            sleep=account.sleep,
        )
        searches = account.pacer("searches", SEARCHES_PER_SECOND, 1, share)
        self._api = HubSpotApi(client, Budget(searches), page_size)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], account: Account | None = None) -> HubSpotConnector:
        """Build from the settings of INFO. Raises ConfigError that names the missing or wrong one."""
        return cls(
            app_or_token(cls.source, config),
            base_url=text_setting(cls.source, config, "base_url", BASE_URL),
            share=number_setting(cls.source, config, "budget_share", 0.5, least=0.01, most=1),
            requests_per_10_seconds=int(
                number_setting(cls.source, config, "requests_per_10_seconds", 100, least=1, most=10_000)
            ),
            portal_id=text_setting(cls.source, config, "portal_id", ""),
            page_size=int(number_setting(cls.source, config, "page_size", SEARCH_LIMIT, least=1, most=SEARCH_LIMIT)),
            account=account,
        )

    def read(self, stream: str, window: Window, state: State) -> Iterator[Page]:
        """Walk the stream from `state` up to `window.end`, page by page."""
        if stream in OBJECTS:
            walk = ObjectWalk(self._api, stream, OBJECTS[stream], STREAMS[stream].lookback)
            return walk.pages(window, state)
        if stream in ASSOCIATIONS:
            return walk_whole(associations(self._api, ASSOCIATIONS[stream]), window, state)
        if stream == "owners":
            return walk_whole(owners(self._api), window, state)
        raise ConfigError(f"hubspot has no stream {stream!r}; there are: {', '.join(STREAMS)}")

    def check(self) -> str:
        """One cheap request that proves the token; names the account. Raises ConfigError for another account's."""
        account = self._api.account()
        if self._portal_id and self._portal_id != str(account.portal_id):
            raise ConfigError(
                f"hubspot: the token belongs to account {account.portal_id}, not to {self._portal_id}: "
                "check token and portal_id of connection 'hubspot'"
            )
        return f"HubSpot account {account.portal_id}, {account.time_zone or 'time zone unknown'}"
