"""What the connectors really say to the vendors: walks of two nights recorded from the sandbox, to be played again.

It needs nothing but the registry: a connector that is registered is recorded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest import mock

import requests
from requests.structures import CaseInsensitiveDict

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Connector, State, Window
from cx_warehouse.connectors.http.account import ProcessAccount
from sandbox.testing import Running, running
from sandbox.vendors.zendesk.limits import Limits

WITHOUT_LIMITS: Mapping[str, Mapping[str, Any]] = {
    "hubspot": {"per_10_seconds": 10**9, "searches_per_second": 10**9},
    "zendesk": {"limits": Limits(dict.fromkeys(("account", "exports", "user_exports", "guide"), 10**9))},
    "typeform": {"requests_per_second": 10**9},
}
MOST_REQUESTS = 400  # of one played walk; the recorded ones have a tenth of it


class EndlessWalk(AssertionError):
    """A walk goes round and round."""


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    method: str
    url: str
    body: bytes
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def asked(self) -> tuple[str, str, bytes]:
        """What identifies the request."""
        return self.method, self.url, self.body


@dataclass(frozen=True)
class Walk:
    """One run of one stream: from which state, up to when, and everything that was said."""

    stream: str
    end: datetime
    state: State
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True)
class Recording:
    """A vendor's walks, and the records that they brought, by stream."""

    source: str
    config: Mapping[str, Any]
    walks: tuple[Walk, ...]
    records: Mapping[str, tuple[bytes, ...]]

    def connector(self) -> Connector:
        """A connector that waits for nothing."""
        ticks = itertools.count()
        account = ProcessAccount(self.source, clock=lambda: next(ticks) * 100.0, sleep=lambda seconds: None)
        return registry.connect(self.source, self.config, account)


@contextmanager
def transport(
    send: Callable[[requests.PreparedRequest, Callable[[], requests.Response]], requests.Response],
) -> Iterator[None]:
    """All HTTP of this process goes through `send`, which is given the request and a way to send it really."""
    really = requests.adapters.HTTPAdapter.send

    def instead(self: Any, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        return send(request, lambda: really(self, request, *args, **options))

    with mock.patch.object(requests.adapters.HTTPAdapter, "send", instead):
        yield


def recorded(sources: Sequence[str], customers: int = 90, days: int = 15) -> dict[str, Recording]:
    """A recording of each of the vendors: a first night of each stream, and the night after."""
    with running(customers=customers, days=days, plans=WITHOUT_LIMITS) as sandbox:
        walks: dict[str, list[Walk]] = {source: [] for source in sources}
        records: dict[str, dict[str, list[bytes]]] = {source: {} for source in sources}
        states: dict[tuple[str, str], State] = {}
        for _ in range(2):
            for source in sources:
                for stream in registry.stream_names(source):
                    before = states.get((source, stream), {})
                    walk, found, after = _walk(sandbox, source, stream, before)
                    walks[source].append(walk)
                    records[source].setdefault(stream, []).extend(found)
                    states[source, stream] = after
            sandbox.world.advance(1)
        return {
            source: Recording(
                source,
                sandbox.connections[source],
                tuple(walks[source]),
                {stream: tuple(found) for stream, found in records[source].items()},
            )
            for source in sources
        }


def _walk(sandbox: Running, source: str, stream: str, state: State) -> tuple[Walk, list[bytes], State]:
    said: list[Exchange] = []

    def listen(request: requests.PreparedRequest, send: Callable[[], requests.Response]) -> requests.Response:
        response = send()
        said.append(
            Exchange(
                str(request.method),
                str(request.url),
                _bytes(request.body),
                response.status_code,
                dict(response.headers),
                response.content,
            )
        )
        return response

    connector = Recording(source, sandbox.connections[source], (), {}).connector()
    records: list[bytes] = []
    after, end = state, sandbox.world.now()
    with transport(listen):
        for page in connector.read(stream, Window(end), state):
            records += map(bytes, page.records)
            after = page.state
    return Walk(stream, end, state, tuple(said)), records, after


@contextmanager
def played(walk: Walk, spoilt: Exchange, content: bytes, *, always: bool) -> Iterator[None]:
    """The walk's vendor again, but for one answer whose body is `content`: each time, or only the first."""
    answers = {exchange.asked: exchange for exchange in walk.exchanges}
    by_path: dict[str, Exchange] = {}
    for exchange in walk.exchanges:
        by_path.setdefault(exchange.url.partition("?")[0], exchange)
    sent, was_spoilt = 0, False

    def answer(request: requests.PreparedRequest, send: Callable[[], requests.Response]) -> requests.Response:
        nonlocal sent, was_spoilt
        for value in request.headers.values():
            str(value).encode("latin-1")  # as the real transport does
        sent += 1
        if sent > MOST_REQUESTS:
            raise EndlessWalk(f"{sent} requests where {len(walk.exchanges)} are enough")
        url = str(request.url)
        exchange = answers.get((str(request.method), url, _bytes(request.body))) or by_path.get(url.partition("?")[0])
        if exchange is None:
            return _response(request, 404, {}, b"{}")
        body = exchange.content
        if exchange.asked == spoilt.asked and (always or not was_spoilt):
            body, was_spoilt = content, True
        return _response(request, exchange.status, exchange.headers, body)

    with transport(answer):
        yield


def _response(
    request: requests.PreparedRequest, status: int, headers: Mapping[str, str], content: bytes
) -> requests.Response:
    response = requests.Response()
    response.status_code, response.headers = status, CaseInsensitiveDict(headers)
    response.url, response.request = str(request.url), request
    response._content = content
    return response


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")
