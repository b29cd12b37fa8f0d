"""What stands before a vendor's application: switches, the request log, and the faults that were asked for."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.fault_pages import PAGE_ACTS, Page
from sandbox.fault_records import edit
from sandbox.fault_transport import ACTS, Exchange, abort, start
from sandbox.faults import Hit, Kind
from sandbox.model import Event
from sandbox.vendor_faults import Answer, Asked, ListPage, vendor_faults
from sandbox.world import World


class Gate:
    """Answers 503 while the source is off, spoils what a fault asks for, and logs every request (status 0: never
    answered)."""

    def __init__(self, app: ASGIApp, world: World, source: str) -> None:
        self._app, self._world, self._source = app, world, source
        self._served: dict[str, tuple[Asked, bytes]] = {}  # by list: its last page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Asked(scope["method"], scope["path"], scope["query_string"].decode("latin-1"))
        logged = _Logged(self._world, self._source, asked, send)
        if self._world.is_off(self._source):
            await logged.answer(Answer(503, {"content-type": "text/plain"}, b"Service Unavailable"))
        elif not self._world.faults.concerns(self._source):
            await self._app(scope, receive, logged)
        else:
            asked = replace(asked, body=await _body(receive), authorization=_header(scope, b"authorization"))
            await self._spoil(asked, scope, receive, logged)
        logged.finish()

    async def _spoil(self, asked: Asked, scope: Scope, receive: Receive, send: _Logged) -> None:
        vendor, plan = vendor_faults(self._source), self._world.faults
        listed = vendor.list_of(asked)
        proof = hashlib.sha256(asked.authorization.encode()).hexdigest()
        if vendor.expired and plan.is_expired(self._source, proof):
            await send.answer(vendor.expired())
            return
        token = listed.token(asked) if listed else None
        before = self._before(asked, listed, token)

        def fits(kind: Kind) -> bool:
            if kind.acts_on == "token":
                return asked.authorization.lower().startswith("bearer ")
            if kind.acts_on == "next page":
                return listed is not None and before is not None and listed.can(kind.name)
            if kind.acts_on == "page":
                return listed is not None and listed.can(kind.name)
            return kind.acts_on == "request"

        hit = plan.pick(self._source, asked.target, fits)
        meant = self._meaning(asked, listed, token)
        if hit is not None and hit.kind.acts_on == "token" and vendor.expired:
            plan.expire(self._source, proof)
            self._record(hit, asked, "the access token in use is refused from now on")
            await send.answer(vendor.expired())
            return
        if hit is not None and hit.fault.kind in ACTS:
            taken = hit
            exchange = Exchange(
                hit,
                plan,
                vendor,
                send,
                receive,
                lambda: self._ask(meant, scope),
                lambda what: self._record(taken, asked, what),
            )
            await ACTS[hit.fault.kind](exchange)
            return
        answer = await self._ask(meant, scope)
        if listed is not None and answer.status in (200, 207):
            spoilt = answer
            if hit is not None:
                spoilt = await run_in_threadpool(self._spoil_page, hit, asked, listed, answer, before)
            if spoilt is answer:
                self._served[listed.path] = (meant, answer.body)
            answer = spoilt
        elif hit is not None:
            plan.give_back(hit)
        await send.answer(answer)

    def _spoil_page(
        self,
        hit: Hit,
        asked: Asked,
        listed: ListPage,
        answer: Answer,
        before: bytes | None,
    ) -> Answer:
        """The page as the fault has it; `answer` itself where only later answers change, or it cannot be done."""
        plan, kind, dice = self._world.faults, hit.fault.kind, hit.dice()
        if kind in PAGE_ACTS:
            page = Page(listed, asked, answer.body, before or b"", dice)
            found = PAGE_ACTS[kind](page)
            if found is None:
                plan.give_back(hit)
                return answer
            body, what = found
            if page.invented is not None:
                plan.remember_alias(self._source, listed.path, page.invented, asked.query, asked.body)
            self._record(hit, asked, what)
            return Answer(answer.status, answer.headers, body)
        happened = edit(VendorWorld(self._world, self._source), listed, asked, answer.body, hit)
        if happened is None:
            plan.give_back(hit)
            return answer
        if happened.event is not None:
            self._world.happen(happened.event)
        if happened.records:
            self._world.add_records(self._source, happened.stream, happened.records)
        self._record(hit, asked, happened.what)
        return answer

    def _before(self, asked: Asked, listed: ListPage | None, token: str | None) -> bytes | None:
        """The page that this request goes on from, if it is the last that was served of the list."""
        former = self._served.get(listed.path) if listed and token is not None else None
        if listed is None or former is None:
            return None
        try:
            envelope = json.loads(former[1])
        except (ValueError, RecursionError):
            return None
        return former[1] if listed.follows(asked, former[0], envelope) else None

    def _record(self, hit: Hit, asked: Asked, what: str) -> None:
        self._world.faults.record(hit, asked.method, asked.target.partition(" ")[2], what)

    def _meaning(self, asked: Asked, listed: ListPage | None, token: str | None) -> Asked:
        """The request that a made-up token stands for; else the request itself."""
        while listed is not None and token is not None:
            found = self._world.faults.alias(self._source, listed.path, token)
            if found is None:
                break
            asked = Asked(asked.method, asked.path, found[0], found[1], asked.authorization)
            token = listed.token(asked)
        return asked

    async def _ask(self, asked: Asked, scope: Scope) -> Answer:
        """The application's own answer."""
        status, headers, parts = 500, dict[str, str](), list[bytes]()

        async def keep(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.update({name.decode(): value.decode("latin-1") for name, value in message.get("headers", ())})
            else:
                parts.append(message.get("body", b""))

        async def give() -> Message:
            return {"type": "http.request", "body": asked.body, "more_body": False}

        await self._app({**scope, "query_string": asked.query.encode("latin-1")}, give, keep)
        return Answer(status, headers, b"".join(parts))


class VendorWorld:
    """The world as one vendor has it: its clock may be ahead or behind."""

    def __init__(self, world: World, source: str) -> None:
        self._world, self._source = world, source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def now(self) -> datetime:
        """The vendor's own clock."""
        return self._world.now() + self._world.faults.skew(self._source)

    def events(self) -> list[Event]:
        """The company's events up to the vendor's clock."""
        if not self._world.faults.skew(self._source):
            return self._world.events()
        events = self._world.company.events
        return events[: bisect_right(events, self.now(), key=lambda event: event.at)]


class _Logged:
    """Sends, and logs the request once its status is known."""

    def __init__(self, world: World, source: str, asked: Asked, send: Send) -> None:
        self._world, self._source, self._asked, self._send = world, source, asked, send
        self._is_logged = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._log(message["status"])
        await self._send(message)

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        await self(start(answer))
        await self({"type": "http.response.body", "body": answer.body})

    def reset(self) -> None:
        """Abort the connection with a TCP reset."""
        abort(self._send)

    def finish(self) -> None:
        """The request is over."""
        self._log(0)

    def _log(self, status: int) -> None:
        if not self._is_logged:
            self._is_logged = True
            self._world.log(self._source, self._asked.method, self._asked.target.partition(" ")[2], status)


async def _body(receive: Receive) -> bytes:
    """The whole body of a request."""
    parts = list[bytes]()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
