"""The GA4 connector: settings, the HTTP client, and one day-by-day walk per report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import requests

from cx_warehouse.connectors.base import Account, Page, State, Stream, Usage, Window
from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.ga4.auth import ServiceAccountAuth
from cx_warehouse.connectors.ga4.client import Ga4Client
from cx_warehouse.connectors.ga4.days import DayWalk, Options
from cx_warehouse.connectors.ga4.streams import DEFAULT_RESTATEMENT, REPORTS, STREAMS
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.http.auth import BearerAuth
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.settings import number_setting, text_setting
from cx_warehouse.connectors.streams_off import pages_when_off, streams_off

BASE_URL = "https://analyticsdata.googleapis.com"
DEFAULT_USER_DIMENSION = "customUser:crm_id"


class Ga4Connector:
    """Reads reports of one GA4 property."""

    source: ClassVar[str] = "ga4"
    streams: ClassVar[Mapping[str, Stream]] = STREAMS

    def __init__(
        self,
        client: Ga4Client,
        usage: Usage,
        options: Options | None = None,
        streams_off: frozenset[str] = frozenset(),
    ) -> None:
        self.usage = usage
        self._client = client
        self._options = options or Options()
        self._streams_off = streams_off

    @classmethod
    def from_config(cls, config: Mapping[str, Any], account: Account | None = None) -> Ga4Connector:
        """Build from connection settings (see INFO). Raises ConfigError that names the wrong one.

        Of `account` only the waits are used: each reply tells what is left of the property's tokens."""

        def number(name: str, default: float, least: float, most: float) -> float:
            return number_setting("ga4", config, name, default, least=least, most=most)

        property_id = text_setting("ga4", config, "property_id").removeprefix("properties/")
        if not re.fullmatch(r"\d+", property_id):
            raise ConfigError(f"connection 'ga4': property_id must be a number, not {property_id!r}")
        usage, auth = Usage(), _auth(config)
        http = HttpClient(
            "ga4",
            text_setting("ga4", config, "base_url", BASE_URL),
            auth=auth,
            renewed=auth if isinstance(auth, ServiceAccountAuth) else None,
            usage=usage,
            attempts=3,  # a property allows ten server errors an hour
            setting_for={
                401: "service_account",
                403: "property_id (and that the service account is a Viewer of the property)",
                404: "base_url",
            },
            sleep=(account or ProcessAccount("ga4")).sleep,
        )
        client = Ga4Client(
            http,
            property_id,
            text_setting("ga4", config, "user_dimension", DEFAULT_USER_DIMENSION),
            share=number("budget_share", 0.5, 0.01, 1),
            quota_multiple=number("quota_multiple", 1, 1, 100),
        )
        return cls(
            client,
            usage,
            Options(
                history=timedelta(days=int(number("history_days", 120, 0, 5_000))),
                restatement=timedelta(days=int(number("restatement_days", DEFAULT_RESTATEMENT.days, 0, 5_000))),
                page_size=int(number("page_size", 100_000, 1, 250_000)),
            ),
            streams_off("ga4", config, REPORTS),
        )

    def read(self, stream: str, window: Window, state: State) -> Iterator[Page]:
        """Walk `stream` up to `window.end`, page by page. One in `streams_off` is whole without a record."""
        if stream not in REPORTS:
            raise ConfigError(f"ga4 has no stream {stream!r}; there are: {', '.join(REPORTS)}")
        if stream in self._streams_off:
            return pages_when_off(window, state)
        return DayWalk(self._client, REPORTS[stream], self._options, window, state).pages()

    def check(self) -> str:
        """Ask for the smallest report: proves the key, the property and the access to it."""
        return f"ga4: property {self._client.property_id}, days of {self._client.time_zone().key}"


def _auth(config: Mapping[str, Any]) -> requests.auth.AuthBase:
    if key_file := config.get("service_account"):
        return ServiceAccountAuth(key_file, config.get("token_uri"))
    if token := config.get("access_token"):
        return BearerAuth(str(token))
    raise ConfigError("connection 'ga4' lacks: service_account")
