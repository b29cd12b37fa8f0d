"""The account of a single process: its limits are kept in memory, and nothing of it outlives the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from cx_warehouse.connectors.base import Grant, Pacer, TokenStore
from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.http.pacing import SlidingLog, WaitLog, granted


class ProcessAccount:
    """For whoever is sure to be alone with the account. `clock` is in seconds, of any epoch; without `tokens` nothing
    can be kept that changes while it is used."""

    def __init__(
        self,
        source: str,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        tokens: TokenStore | None = None,
    ) -> None:
        self.source = source
        self._clock, self._sleep = clock, sleep
        self._pacers: dict[str, ProcessPacer] = {}
        self._tokens = tokens

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._sleep(seconds)

    def pacer(self, name: str, limit: int, seconds: float, share: float) -> Pacer:
        """The pacer of the limit `name`, the same each time."""
        if name not in self._pacers:
            what = f"{self.source} {name}"
            self._pacers[name] = ProcessPacer(what, limit, seconds, share, self._clock, self._sleep)
        return self._pacers[name]

    @property
    def tokens(self) -> TokenStore:
        """The given store. Raises ConfigError without one: a token that changes would be lost with the process."""
        if self._tokens is None:
            raise ConfigError(
                f"connection {self.source!r}: refresh_token can only be used where its successors are kept"
            )
        return self._tokens


class ProcessPacer:
    """One limit, kept to by the threads of one process."""

    def __init__(
        self,
        what: str,
        limit: int,
        seconds: float,
        share: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit, self._seconds, self._share = limit, seconds, share
        self._clock, self._sleep = clock, sleep
        self._log, self._lock = SlidingLog(), threading.Lock()
        self._waits = WaitLog(what)

    def wait(self) -> float:
        """Block until one more request may go out; return the seconds waited."""
        waited, now = 0.0, self._clock()
        while True:
            with self._lock:
                now = max(now, self._clock())  # a sleep is taken to have lasted as long as it was asked to
                why = "the vendor asked for it" if self._log.is_held(now) else "share of the limit used"
                pause = self._log.take(now, granted(self._limit, self._share), self._seconds)
            if pause <= 0:
                return waited
            self._waits.ahead(pause, why)
            self._sleep(pause)
            self._waits.done(pause, why)
            waited, now = waited + pause, now + pause

    def answered(self, limit: int | None = None) -> None:
        """The request was answered; `limit` is what the reply says of the whole limit."""
        with self._lock:
            self._log.end(self._clock())
            self._limit = limit or self._limit

    def hold(self, seconds: float) -> None:
        """Let nothing out for so many seconds."""
        with self._lock:
            self._log.hold(self._clock() + seconds)


class ProcessTokens:
    """Grants in memory, for what can be asked for again."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}
        self._lock = threading.RLock()

    def held(self, name: str) -> Grant | None:
        """The latest grant, if there was one."""
        return self._grants.get(name)

    def renew(self, name: str, used: Grant | None, ask: Callable[[], Grant]) -> Grant:
        """Replace `used`, unless another thread has done so already."""
        with self._lock:
            held = self._grants.get(name)
            if held is None or held == used:
                held = self._grants[name] = ask()
            return held
