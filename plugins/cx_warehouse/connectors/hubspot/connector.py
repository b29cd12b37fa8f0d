"""The HubSpot connector: settings, the HTTP client, and which walk reads which stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from cx_warehouse.connectors.base import Account, Page, State, Stream, Usage, Window
from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.http.pacing import SlidingWindow
from cx_warehouse.connectors.hubspot import INFO
from cx_warehouse.connectors.hubspot.api import BearerAuth, HubSpotApi, read_remaining
from cx_warehouse.connectors.hubspot.objects import ObjectWalk
from cx_warehouse.connectors.hubspot.restated import associations, owners, walk_whole
from cx_warehouse.connectors.hubspot.streams import ASSOCIATIONS, OBJECTS, STREAMS
from cx_warehouse.connectors.settings import number_setting, text_setting

BASE_URL = "https://api.hubapi.com"
SEARCHES_PER_SECOND = 5  # by account, for all its tools together
SETTING_FOR = {401: "token", 403: "token (the scopes of its private app)", 404: "base_url"}


class HubSpotConnector:
    """One HubSpot account."""

    source: ClassVar[str] = "hubspot"
    streams: ClassVar[Mapping[str, Stream]] = STREAMS

    def __init__(
        self,
        token: str,
        *,
        base_url: str = BASE_URL,
        share: float = 0.5,
        requests_per_10_seconds: int = 100,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.usage = Usage()
        at_once = INFO.requests_at_once
        client = HttpClient(
            self.source,
            base_url,
            auth=BearerAuth(token),
            usage=self.usage,
            pacer=SlidingWindow(requests_per_10_seconds, 10, share, clock, sleep, at_once),
            share=share,
            at_once=at_once,
            read_remaining=read_remaining,
            setting_for=SETTING_FOR,
            sleep=sleep,
        )
        self._api = HubSpotApi(client, SlidingWindow(SEARCHES_PER_SECOND, 1, share, clock, sleep, at_once))

    @classmethod
    def from_config(cls, config: Mapping[str, Any], account: Account | None = None) -> HubSpotConnector:
        """Build from the settings of INFO. Raises ConfigError that names the missing or wrong one."""
        return cls(
            text_setting(cls.source, config, "token"),
            base_url=text_setting(cls.source, config, "base_url", BASE_URL),
            share=number_setting(cls.source, config, "budget_share", 0.5, least=0.01, most=1),
            requests_per_10_seconds=int(
                number_setting(cls.source, config, "requests_per_10_seconds", 100, least=1, most=10_000)
            ),
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
        """One cheap request that proves the token; names the account."""
        account = self._api.account()
        return f"HubSpot account {account.portal_id}, {account.time_zone or 'time zone unknown'}"
