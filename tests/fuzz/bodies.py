"""Broken bodies through the connectors: a walk reads on, or ends in one of our own errors; it never hangs."""

from __future__ import annotations

import contextlib
import json
import signal
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from cx_warehouse.connectors.base import Page, Window
from cx_warehouse.connectors.errors import CxError
from cx_warehouse.landing.versions import Preparer
from tests.fuzz.broken import broken
from tests.fuzz.generated import generated
from tests.fuzz.recorded import Exchange, Recording, Walk, played

SECONDS = 20.0  # for one walk; a sound one takes a hundredth of a second
BYTES_A_BYTE = 40  # memory that a walk may take for each byte of its largest body …
SMALL_CHANGE = 8_000_000  # … and beside that
WHOLE_BODIES = (
    b"", b" ", b"null", b"[]", b"{}", b"0", b'""', b"[{}]", b'{"error":"x"}', b"\xef\xbb\xbf{}", b"\0" * 5_000,
    b"<html><body>502 Bad Gateway</body></html>", b"\x1f\x8b\x08\x00\x00\x00\x00\x00", b"[" * 100_000,
    b'{"a":' * 50_000, b"{" + b'"a":1,' * 50_000 + b'"b":2}',
)  # fmt: skip


class Hang(AssertionError):
    """A walk took longer than anybody waits for it."""


@dataclass
class Outcome:
    """How bodies ended: read, or which error; and whatever should not have been."""

    bodies: int = 0
    read: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    most_bytes_a_byte: float = 0.0
    peak_bytes: int = 0  # of one walk, its page and all that is made of it


@dataclass(frozen=True)
class Spoilt:
    """One example: which answer of which walk is replaced, by what, and whether each time it is asked for."""

    walk: Walk
    exchange: Exchange
    content: bytes
    always: bool


@st.composite
def spoilt(draw: st.DrawFn, recording: Recording) -> Spoilt:
    """A walk of the vendor with one broken body."""
    walk = draw(st.sampled_from([walk for walk in recording.walks if walk.exchanges]))
    exchange = draw(st.sampled_from(walk.exchanges))
    if draw(st.integers(1, 12)) == 1:
        content = draw(st.sampled_from(WHOLE_BODIES))
    else:
        content = draw(broken([exchange.content], deepest=draw(st.sampled_from((1, 2, 2, 3, 5))), bruised_of_ten=3))
    return Spoilt(walk, exchange, content, draw(st.booleans()))


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Interrupt whatever goes on after so long."""

    def interrupt(number: int, frame: Any) -> None:
        raise Hang(f"longer than {seconds:g} s")

    former = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def fuzz_bodies(recording: Recording, count: int, number: int) -> Outcome:
    """Play `count` walks of the vendor, each with one broken body."""
    outcome = Outcome()
    for walk in recording.walks[:1]:  # what is loaded once is no page's memory
        with contextlib.suppress(CxError):
            _play(recording, Spoilt(walk, walk.exchanges[0], walk.exchanges[0].content, False))
    for place, example in enumerate(generated(spoilt(recording), count, number)):
        outcome.bodies += 1
        is_weighed = place % 40 == 0
        began = time.perf_counter()
        if is_weighed:
            tracemalloc.start()
        try:
            with deadline(SECONDS * (4 if is_weighed else 1)):
                _play(recording, example)
            outcome.read += 1
        except CxError as error:
            outcome.errors[type(error).__name__] += 1
            if "\n" in str(error) or len(str(error)) > 2_000:
                outcome.wrong.append(f"{_where(example)}: the error is no line: {str(error)[:200]!r}")
        except Exception as error:
            outcome.wrong.append(f"{_where(example)}: {type(error).__name__}: {str(error)[:300]}")
        finally:
            if is_weighed:
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
                largest = max(len(example.content), *(len(exchange.content) for exchange in example.walk.exchanges))
                outcome.peak_bytes = max(outcome.peak_bytes, peak)
                outcome.most_bytes_a_byte = max(outcome.most_bytes_a_byte, (peak - SMALL_CHANGE) / largest)
            else:
                outcome.slowest_seconds = max(outcome.slowest_seconds, time.perf_counter() - began)
    if outcome.most_bytes_a_byte > BYTES_A_BYTE:
        outcome.wrong.append(f"{outcome.most_bytes_a_byte:.0f} bytes of memory for a byte of a page")
    return outcome


def _where(example: Spoilt) -> str:
    path = example.exchange.url.split("/", 3)[-1].partition("?")[0]
    return f"{example.walk.stream} {example.exchange.method} /{path} {example.content[:200]!r} always={example.always}"


def _play(recording: Recording, example: Spoilt) -> None:
    """Walk, and prove of each page that landing can take it and that a walk can go on from its state."""
    walk = example.walk
    connector = recording.connector()
    contract = connector.streams[walk.stream].contract
    state = walk.state
    with played(walk, example.exchange, example.content, always=example.always):
        try:
            for page in connector.read(walk.stream, Window(walk.end), walk.state):
                check_page(page)
                Preparer(contract, datetime.max.replace(tzinfo=UTC)).prepare(page.records)
                state = page.state
        finally:
            if state != walk.state:
                saved = json.loads(json.dumps(state))
                with played(walk, example.exchange, example.content, always=False):
                    for page in connector.read(walk.stream, Window(walk.end), saved):
                        check_page(page)


def check_page(page: Page) -> None:
    """What landing relies on: a state that jsonb can hold, texts that Postgres can hold."""
    texts = [json.dumps(page.state, ensure_ascii=False), page.scope or "", *(gone.key for gone in page.tombstones)]
    texts += [reason for _, reason in page.malformed]
    for text in texts:
        text.encode()
        assert "\0" not in text and "\\u0000" not in text, "a null character outside of the records"
