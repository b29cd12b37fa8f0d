"""The Matomo connector: settings, the HTTP client, and the day-by-day walk of the visits log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from cx_warehouse.connectors.base import Account, Page, State, Stream, Usage, Window
from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.http.pacing import Budget
from cx_warehouse.connectors.matomo.client import MatomoClient, TokenInBody
from cx_warehouse.connectors.matomo.streams import DEFAULT_LOOKBACK, STREAMS
from cx_warehouse.connectors.matomo.visits import Options, VisitWalk
from cx_warehouse.connectors.settings import number_setting, text_setting


class MatomoConnector:
    """Reads one site of a Matomo installation."""

    source: ClassVar[str] = "matomo"
    streams: ClassVar[Mapping[str, Stream]] = STREAMS

    def __init__(self, client: MatomoClient, usage: Usage, options: Options | None = None) -> None:
        self.usage = usage
        self._client = client
        self._options = options or Options()

    @classmethod
    def from_config(cls, config: Mapping[str, Any], account: Account | None = None) -> MatomoConnector:
        """Build from connection settings (see INFO). Raises ConfigError that names the wrong one."""

        def number(name: str, default: float, least: float, most: float) -> float:
            return number_setting("matomo", config, name, default, least=least, most=most)

        site_id = text_setting("matomo", config, "site_id")
        if not site_id.isdecimal():
            raise ConfigError(f"connection 'matomo': site_id must be a number, not {site_id!r}")
        usage = Usage()
        account = account or ProcessAccount("matomo")
        per_second = number("requests_per_second", 10, 1, 1_000_000)
        pacer = account.pacer("requests", int(per_second), 1, number("budget_share", 0.5, 0.01, 1))
        http = HttpClient(
            "matomo",
            text_setting("matomo", config, "base_url").removesuffix("/index.php"),
            auth=TokenInBody(text_setting("matomo", config, "token_auth")),
            usage=usage,
            budgets=[Budget(pacer)],
            setting_for={
                401: "token_auth and site_id (the token's user needs view access to the site)",
                403: "base_url, and token_auth where the web server itself asks who is there",
            },
            sleep=account.sleep,
        )
        return cls(
            MatomoClient(http, site_id),
            usage,
            Options(
                history=timedelta(days=int(number("history_days", 120, 0, 5_000))),
                lookback=timedelta(days=int(number("lookback_days", DEFAULT_LOOKBACK.days, 1, 5_000))),
                page_size=int(number("page_size", 500, 2, 10_000)),
            ),
        )

    def read(self, stream: str, window: Window, state: State) -> Iterator[Page]:
        """Walk `stream` up to `window.end`, page by page."""
        if stream not in STREAMS:
            raise ConfigError(f"matomo has no stream {stream!r}; there are: {', '.join(STREAMS)}")
        return VisitWalk(self._client, self._options, window, state).pages()

    def check(self) -> str:
        """Ask for the site: proves the token and its access to it."""
        site = self._client.site()
        return f"matomo: site {self._client.site_id} ({site.name}), days of {site.time_zone}"
