"""Pacing: hold requests back so that only the granted share of a vendor's limit is used."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class SlidingWindow:
    """At most `limit × share ÷ at_once` requests in any `seconds`, by this process.

    `share` is the part of the vendor's limit that the warehouse may use: the company's other tools live on the same
    account. It is the account's, so the `at_once` streams that are read side by side divide it. At least one request
    per window is always granted."""

    limit: int
    seconds: float
    share: float = 0.5
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    at_once: int = 1
    _sent: deque[float] = field(default_factory=deque)

    def wait(self) -> float:
        """Block until one more request may go out; return the seconds waited."""
        granted = max(1, math.floor(self.limit * self.share / self.at_once))
        waited = 0.0
        while True:
            now = self.clock()
            while self._sent and now - self._sent[0] >= self.seconds:
                self._sent.popleft()
            if len(self._sent) < granted:
                self._sent.append(now)
                return waited
            pause = self.seconds - (now - self._sent[0])
            self.sleep(pause)
            waited += pause


@dataclass(frozen=True)
class Remaining:
    """What a vendor's headers say of the account's budget: shared by everything that uses the account."""

    limit: int
    remaining: int
    reset_seconds: float  # until the budget is full again

    def pause(self, share: float, at_once: int = 1) -> float:
        """Seconds to hold back so that the other tools keep their part of the limit.

        Each of the `at_once` streams that are read side by side may send one more request before it hears that the
        share is used, so room for one each is left: then the last of them takes the last of the share."""
        reserved = math.ceil(self.limit * (1 - share))
        return self.reset_seconds if self.remaining < reserved + at_once else 0.0
