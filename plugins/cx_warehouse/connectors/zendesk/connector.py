"""The Zendesk connector: settings, the HTTP client, and which walk reads which stream."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec
import requests

from cx_warehouse.connectors.base import Account, Page, State, Stream, Total, Usage, Window
from cx_warehouse.connectors.errors import ConfigError, ContractError, CxError, TokenExpiredError
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.http.auth import App, NoAuth, RenewedAuth
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.settings import number_setting, text_setting
from cx_warehouse.connectors.streams_off import pages_when_off, streams_off
from cx_warehouse.connectors.zendesk import walks
from cx_warehouse.connectors.zendesk.auth import credentials, renewed
from cx_warehouse.connectors.zendesk.limits import budgets
from cx_warehouse.connectors.zendesk.streams import ENDPOINTS, STREAMS, Endpoint

log = logging.getLogger(__name__)
PAGING_TOKENS = ("cursor", "page[after]")
REFUSED_TOKEN = (
    400,
    404,
    410,
    422,
)  # what a request with a paging token may be answered when the token is no longer good


# streams whose records can be asked for one by one
SINGLE = {
    "users": "api/v2/users/{key}.json",
    "tickets": "api/v2/tickets/{key}.json",
    "organizations": "api/v2/organizations/{key}.json",
    "ticket_metrics": "api/v2/tickets/{key}/metrics.json",
}
# Streams with a count of just what is live here; the count of tickets leaves out the archived ones. Counts are
# approximate, and of more than 100,000 a day old (vendor reference).
COUNTED = ("users", "organizations")
COUNT_SLACK = 5


class _Count(msgspec.Struct):
    value: int


class _CountReply(msgspec.Struct):
    count: _Count


class _Me(msgspec.Struct):
    id: int | None = None
    name: str | None = None
    role: str | None = None


class _MeReply(msgspec.Struct):
    user: _Me


class ZendeskConnector:
    """Reads one Zendesk Support account."""

    source: ClassVar[str] = "zendesk"
    streams: ClassVar[Mapping[str, Stream]] = STREAMS

    def __init__(
        self,
        base_url: str,
        auth: requests.auth.AuthBase | App,
        *,
        share: float = 0.5,
        exports_per_minute: int = 10,
        page_size: int = 1000,
        streams_off: frozenset[str] = frozenset(),
        account: Account | None = None,
    ) -> None:
        """`account` is this process's own if it is not given."""
        self.usage = Usage()
        self._page_size = page_size
        self._streams_off = streams_off
        account = account or ProcessAccount(self.source)
        self._budgets = budgets(account, share, exports_per_minute)
        self._named, self._shown = "token and email", "token"
        tokens: RenewedAuth | None = None
        if isinstance(auth, App):
            self._named = "client_id and client_secret" + (" and refresh_token" if auth.refresh_token else "")
            self._shown = "refresh_token" if auth.refresh_token else "client_id"
            # one attempt: the request that needs the token is the one that is tried again
            http = HttpClient(self.source, base_url, auth=NoAuth(), usage=self.usage, attempts=1)
            auth = tokens = renewed(http, auth, account, self._budgets["account"])
        self._client = HttpClient(
            self.source,
            base_url,
            auth=auth,
            usage=self.usage,
            sleep=account.sleep,
            renewed=tokens,
            setting_for={
                401: self._named,
                403: f"the rights of {self._shown} (it takes an admin's; a stream that the plan lacks goes into "
                "streams_off)",
                404: "base_url",
            },
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any], account: Account | None = None) -> ZendeskConnector:
        """Build from the settings of INFO. Raises ConfigError that names the missing or wrong one."""

        def number(name: str, default: float, least: float, most: float) -> float:
            return number_setting(cls.source, config, name, default, least=least, most=most)

        return cls(
            address(text_setting(cls.source, config, "base_url")),
            credentials(cls.source, config),
            share=number("budget_share", 0.5, 0.01, 1),
            exports_per_minute=int(number("exports_per_minute", 10, 1, 1000)),
            page_size=int(number("page_size", 1000, 1, 1000)),
            streams_off=streams_off(cls.source, config, STREAMS),
            account=account,
        )

    def read(self, stream: str, window: Window, state: State) -> Iterator[Page]:
        """Walk the stream from `state` up to `window.end`. A stream in `streams_off` is whole without a
        record."""
        endpoint = ENDPOINTS.get(stream)
        if endpoint is None:
            raise ConfigError(f"{self.source} has no stream {stream!r}; there are: {', '.join(STREAMS)}")
        if stream in self._streams_off:
            return pages_when_off(window, state)
        fetch = self._fetch(endpoint)
        if endpoint.walk == "cursor_export":
            return self._counted(stream, state, walks.cursor_export(endpoint, fetch, window, state))
        if endpoint.walk == "time_export":
            return self._counted(stream, state, walks.time_export(endpoint, fetch, window, state))
        if endpoint.walk == "changed_list":
            return walks.changed_list(endpoint, fetch, window, state, STREAMS[stream].lookback)
        if endpoint.walk == "holidays":
            schedules = ENDPOINTS["schedules"]
            return walks.holidays(endpoint, schedules, self._fetch(schedules), self._fetch_of(endpoint), window)
        return walks.whole_list(endpoint, fetch, window)

    def check(self) -> str:
        """Who the credentials belong to. Zendesk answers /users/me with 200 and an anonymous user to a caller
        without good credentials, so the id decides; incremental exports are open to admins only."""
        reply, _ = self._client.json(_MeReply, "GET", "api/v2/users/me.json", budgets=self._budgets["account"])
        me = reply.user
        if me.id is None:
            raise ConfigError(
                f"{self.source}: the credentials are not accepted: check {self._named} of connection {self.source!r}"
            )
        if me.role != "admin":
            raise ConfigError(
                f"{self.source}: {self._shown} belongs to {me.name!r}, whose role is {me.role!r}: "
                "incremental exports take an admin's token"
            )
        return f"{me.name} (admin) at {self._client.base_url}"

    def still_there(self, stream: str, keys: Sequence[str]) -> set[str] | None:
        """An export leaves out the last minute, so a record that changed just now is in none of its pages. One
        request a record."""
        if stream not in SINGLE:
            return None
        there = set()
        for key in keys:
            path = SINGLE[stream].format(key=quote(key, safe=""))
            reply = self._client.reply("GET", path, budgets=self._budgets["account"], allow=(404,))
            if reply.status != 404:
                there.add(key)
        return there

    def _counted(self, stream: str, state: State, pages: Iterator[Page]) -> Iterator[Page]:
        """The first walk of all, with the vendor's count on its last page."""
        is_first = not state.get("watermark")
        for page in pages:
            is_last = page.complete_through is not None
            yield replace(page, total=self._total(stream)) if is_first and is_last and stream in COUNTED else page

    def _total(self, stream: str) -> Total | None:
        """How many the vendor counts; None where it does not answer, since the walk is whole without that."""
        path = f"api/v2/{stream}/count.json"
        try:
            reply, _ = self._client.json(_CountReply, "GET", path, budgets=self._budgets["account"])
        except CxError as error:
            log.warning("%s.%s is not compared with the vendor's count: %s", self.source, stream, error)
            return None
        count = reply.count.value
        return Total(count, slack=max(COUNT_SLACK, count // 100))

    def _fetch_of(self, endpoint: Endpoint) -> Callable[[int], walks.Fetch]:
        """Gets the lists of single schedules. One that was deleted since it was listed has an empty one."""

        def fetch_of(schedule: int) -> walks.Fetch:
            return self._fetch(replace(endpoint, path=endpoint.path.format(schedule=schedule)), may_be_gone=True)

        return fetch_of

    def _fetch(self, endpoint: Endpoint, *, may_be_gone: bool = False) -> walks.Fetch:
        size_name, most = endpoint.page_size
        size = min(self._page_size, most)
        envelope = endpoint.envelope()
        fixed = {**endpoint.params, size_name: str(size)}

        def fetch(params: Mapping[str, str]) -> walks.Answer:
            with_token = any(name in params for name in PAGING_TOKENS)
            sliced, reply = self._client.page(
                envelope,
                endpoint.records,
                "GET",
                endpoint.path,
                params={**fixed, **params},
                budgets=self._budgets[endpoint.budget],
                beside=endpoint.beside,
                allow=REFUSED_TOKEN if with_token else (404, 422) if may_be_gone else (422,),
            )
            if reply.status == 404 and may_be_gone:
                return walks.Answer(sliced.envelope, size)
            if reply.status >= 400:
                said = reply.body[:300].decode("utf-8", "replace")
                if with_token:
                    raise TokenExpiredError(f"{self.source} {endpoint.path}: {reply.status}: {said}")
                if "too recent" in said.lower():
                    return walks.Answer(sliced.envelope, size, too_recent=True)
                raise ContractError(f"{self.source}: {reply.status} from {reply.url}: {said}")
            if not isinstance(sliced.records, list):
                raise ContractError(f"{self.source} {endpoint.path}: the reply has no {endpoint.records!r}")
            return walks.Answer(sliced.envelope, size, sliced.records, sliced.malformed)

        return fetch


def address(base_url: str) -> str:
    """The account's address from what people write: a subdomain, a host, or an address with or without
    /api/v2."""
    text = base_url.strip().rstrip("/").removesuffix("/api/v2")
    if "://" not in text:
        text = f"https://{text}" if "." in text or ":" in text else f"https://{text}.zendesk.com"
    return text
