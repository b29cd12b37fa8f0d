"""What the contract tests of a connector need: a served application, faults on demand, and landing in memory."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cx_warehouse.connectors.base import Connector, Page, State, Stream, TokenStore, Window
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.landing.versions import Preparer
from sandbox.model import Company, Event

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def company_of(events: Iterable[Event], opens_at: datetime) -> Company:
    """A company in which just these events happen."""
    return Company(
        seed=0,
        starts_at=LONG_AGO,
        opens_at=opens_at,
        ends_at=datetime.max.replace(tzinfo=UTC),
        people={},
        accounts={},
        agents={},
        events=sorted(events, key=lambda event: (event.at, event.event_id)),
    )


@dataclass(frozen=True)
class Fault:
    """Replaces or alters one answer. `when` looks at the request's path with its query."""

    when: Callable[[str], bool] = lambda path: True
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"{}"
    alter: Callable[[bytes], bytes] | None = None  # given the application's own body


@dataclass
class Faulty:
    """An application whose next matching answers are spoilt, each fault once. `seen` has every request's path."""

    app: ASGIApp
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] + "?" + scope["query_string"].decode()
        self.seen.append(path)
        fault = next((fault for fault in self.faults if fault.when(path)), None)
        if fault is None:
            await self.app(scope, receive, send)
            return
        self.faults.remove(fault)
        if fault.status is not None:
            await _send(send, fault.status, fault.body, fault.headers)
            return
        parts: list[bytes] = []

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self.app(scope, receive, hold)
        assert fault.alter is not None
        await _send(send, 200, fault.alter(b"".join(parts)), fault.headers)


async def _send(send: Send, status: int, body: bytes, headers: tuple[tuple[str, str], ...]) -> None:
    named = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body})


def hurried(source: str, slept: list[float] | None = None, tokens: TokenStore | None = None) -> ProcessAccount:
    """An account whose waits take no time: its clock jumps over them. `slept` notes each of them, in seconds."""
    noted: list[float] = [] if slept is None else slept
    jumped = [0.0]

    def sleep(seconds: float) -> None:
        noted.append(seconds)
        jumped[0] += seconds

    return ProcessAccount(source, lambda: time.monotonic() + jumped[0], sleep, tokens)


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The application on a free port of this machine; gives its address."""
    # the protocol is named so that asyncio switches Nagle off: else every answer waits 40 ms for an acknowledgement
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@dataclass
class Landed:
    """One stream as landing keeps it, without a database: the latest version by key, and the saved state."""

    stream: Stream
    state: State = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    scopes: dict[str, str | None] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    written: list[str] = field(default_factory=list)  # keys, a new version each
    quarantined: list[tuple[bytes, str]] = field(default_factory=list)
    complete_through: datetime | None = None
    pages: int = 0
    _seen: dict[str, set[str]] = field(default_factory=dict)

    @property
    def live(self) -> dict[str, dict[str, Any]]:
        """The records that are not deleted."""
        return {key: record for key, record in self.records.items() if key not in self.deleted}

    def read(self, connector: Connector, window: Window, pages: int | None = None) -> Landed:
        """Land what a run brings; `pages` ends the run after so many, as a kill would."""
        if not self.state.get("walk"):
            self._seen.clear()
        for number, page in enumerate(connector.read(self.stream.name, window, self.state), start=1):
            self.land(page)
            if number == pages:
                break
        return self

    def land(self, page: Page) -> None:
        """One page, as one transaction would."""
        versions, rejects = Preparer(self.stream.contract, datetime.max.replace(tzinfo=UTC)).prepare(page.records)
        self.quarantined += [(reject.raw, reject.reason) for reject in rejects] + list(page.malformed)
        for version in versions:
            record = msgspec.json.decode(version.raw)
            if self.records.get(version.key) != record or version.is_deleted != (version.key in self.deleted):
                self.written.append(version.key)
            self.records[version.key], self.scopes[version.key] = record, page.scope
            (self.deleted.add if version.is_deleted else self.deleted.discard)(version.key)
        if page.scope is not None:
            seen = self._seen.setdefault(page.scope, set())
            seen |= {version.key for version in versions}
            if page.scope_complete:
                if not rejects and not page.malformed:
                    of_scope = {key for key, scope in self.scopes.items() if scope == page.scope}
                    self.deleted |= of_scope - seen
                del self._seen[page.scope]
        for tombstone in page.tombstones:
            if tombstone.key in self.records and tombstone.key not in self.deleted:
                self.deleted.add(tombstone.key)
                self.written.append(tombstone.key)
        self.state = msgspec.json.decode(msgspec.json.encode(page.state))  # a state has to survive JSON
        self.complete_through = page.complete_through or self.complete_through
        self.pages += 1
