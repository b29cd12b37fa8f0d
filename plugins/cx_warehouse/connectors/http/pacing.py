"""Pacing: hold requests back so that only the granted share of a vendor's limit is used."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class SlidingWindow:
    """At most `limit × share` requests in any `seconds`, by this process.

    `share` is the part of the vendor's limit that the warehouse may use: the company's other tools live on the same
    account. At least one request per window is always granted."""

    limit: int
    seconds: float
    share: float = 0.5
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _sent: deque[float] = field(default_factory=deque)

    def wait(self) -> float:
        """Block until one more request may go out; return the seconds waited."""
        granted = max(1, math.floor(self.limit * self.share))
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

    def pause(self, share: float) -> float:
        """Seconds to hold back so that the other tools keep their part of the limit."""
        reserved = math.ceil(self.limit * (1 - share))
        return self.reset_seconds if self.remaining <= reserved else 0.0
