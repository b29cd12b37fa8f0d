"""Faults on the way: what goes wrong with an answer whatever is in it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Protocol

from starlette.types import Message, Receive, Send

from sandbox.faults import FaultPlan, Hit
from sandbox.vendor_faults import Answer, VendorFaults

DROPS = 20  # a slow body comes in so many pieces
LOOKS_A_SECOND = 5  # how often a hanging request looks whether it may go on
MAINTENANCE = b"<!DOCTYPE html><html><head><title>We'll be back soon</title></head><body>Maintenance</body></html>\n"
GATEWAY = {
    500: (b'{"error":"Internal Server Error"}', "application/json"),
    502: (b"<html><head><title>502 Bad Gateway</title></head></html>", "text/html"),
    503: (b"<html><head><title>503 Service Temporarily Unavailable</title></head></html>", "text/html"),
}


class Sender(Protocol):
    """The way back to the client."""

    async def __call__(self, message: Message) -> None: ...

    async def answer(self, answer: Answer) -> None: ...

    def reset(self) -> None: ...


@dataclass
class Exchange:
    """A request that a fault has taken. `ask` gets the vendor's own answer, `record` says what was done."""

    hit: Hit
    plan: FaultPlan
    vendor: VendorFaults
    send: Sender
    receive: Receive
    ask: Callable[[], Awaitable[Answer]]
    record: Callable[[str], None]


async def rate_limited(exchange: Exchange) -> None:
    answer = exchange.vendor.limited()
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "retry-after"}
    said = "without Retry-After"
    if exchange.hit.fault.kind == "rate_limited_seconds":
        headers["Retry-After"] = said = str(round(exchange.hit.seconds))
    elif exchange.hit.fault.kind == "rate_limited_date":
        # of the real clock, which is the one that the client compares it with; to the second, so rounded up
        until = datetime.now(UTC) + timedelta(seconds=exchange.hit.seconds, microseconds=999_999)
        headers["Retry-After"] = said = format_datetime(until.replace(microsecond=0), usegmt=True)
    exchange.record(f"429, Retry-After: {said}" if "Retry-After" in headers else f"429 {said}")
    await exchange.send.answer(Answer(answer.status, headers, answer.body))


async def server_error(exchange: Exchange) -> None:
    status = int(exchange.hit.fault.kind.rpartition("_")[2])
    body, kind = GATEWAY[status]
    exchange.record(str(status))
    await exchange.send.answer(Answer(status, {"content-type": kind}, body))


async def reset_before(exchange: Exchange) -> None:
    exchange.record("reset before the answer")
    exchange.send.reset()


async def reset_in_body(exchange: Exchange) -> None:
    answer = await exchange.ask()
    cut = _inside(exchange.hit, answer.body)
    exchange.record(f"reset after byte {cut} of {len(answer.body)}")
    await exchange.send(start(answer))
    await exchange.send({"type": "http.response.body", "body": answer.body[:cut], "more_body": True})
    await asyncio.sleep(0.05)  # or the reset would overtake what was sent before it
    exchange.send.reset()


async def truncated(exchange: Exchange) -> None:
    answer = await exchange.ask()
    cut = _inside(exchange.hit, answer.body)
    exchange.record(f"ends after byte {cut} of {len(answer.body)}")
    await exchange.send.answer(Answer(answer.status, answer.headers, answer.body[:cut]))


async def malformed_json(exchange: Exchange) -> None:
    answer = await exchange.ask()
    place = _inside(exchange.hit, answer.body)
    exchange.record(f"byte {place} of {len(answer.body)}")
    # a control character is wrong everywhere in JSON, also within text
    spoilt = answer.body[:place] + b"\x00" + answer.body[place + 1 :]
    await exchange.send.answer(Answer(answer.status, answer.headers, spoilt))


async def wrong_content_type(exchange: Exchange) -> None:
    exchange.record("text/html")
    await exchange.send.answer(Answer(200, {"content-type": "text/html; charset=utf-8"}, MAINTENANCE))


async def slow_drip(exchange: Exchange) -> None:
    answer = await exchange.ask()
    size = max(1, -(-len(answer.body) // DROPS))
    drops = [answer.body[place : place + size] for place in range(0, len(answer.body), size)]
    exchange.record(f"{len(drops)} drops over {exchange.hit.seconds:g} s")
    await exchange.send(start(answer))
    for drop in drops:
        await asyncio.sleep(exchange.hit.seconds / len(drops))
        await exchange.send({"type": "http.response.body", "body": drop, "more_body": True})
    await exchange.send({"type": "http.response.body", "body": b""})


async def hang(exchange: Exchange) -> None:
    exchange.record("no answer")
    left = asyncio.ensure_future(exchange.receive())  # the body was read, so what comes next is that the client left
    try:
        while exchange.plan.stands(exchange.hit):
            await asyncio.wait([left], timeout=1 / LOOKS_A_SECOND)
            if left.done():
                return
    finally:
        left.cancel()
    await exchange.send.answer(await exchange.ask())


ACTS: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    **dict.fromkeys(("rate_limited", "rate_limited_seconds", "rate_limited_date"), rate_limited),
    **dict.fromkeys(("server_error_500", "server_error_502", "server_error_503"), server_error),
    "reset_before": reset_before,
    "reset_in_body": reset_in_body,
    "truncated": truncated,
    "malformed_json": malformed_json,
    "wrong_content_type": wrong_content_type,
    "slow_drip": slow_drip,
    "hang": hang,
}


def _inside(hit: Hit, body: bytes) -> int:
    """A place within the body: neither before it nor at its end."""
    return hit.dice().randrange(1, max(2, len(body)))


def start(answer: Answer) -> Message:
    """The message that begins an answer; the length it announces is that of its body."""
    named = {name.lower(): value for name, value in answer.headers.items()} | {"content-length": str(len(answer.body))}
    headers = [(name.encode(), value.encode("latin-1")) for name, value in named.items()]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


def abort(send: Send) -> None:
    """End the connection with a TCP reset. ASGI has no word for it, so the server's own transport is taken."""
    transport: Any = send.__self__.transport  # type: ignore[attr-defined]
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
