"""Pacing: what was sent in the last window decides when the next request may go out, so that only our share is used."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cx_warehouse.connectors.base import Pacer

log = logging.getLogger(__name__)
POLL_SECONDS = 0.05  # how often it is asked again while every request of the window is still under way
SAY_SECONDS = 5.0  # waits are told in the log once in so many seconds


def granted(limit: int, share: float) -> int:
    """How many requests a window may hold: our share of the vendor's limit, rounded down, one at least."""
    return max(1, math.floor(limit * share + 1e-9))


@dataclass
class SlidingLog:
    """The requests of one limit's last window: when each was answered, and who has one under way.

    The vendor counts a request somewhere between its sending and its answer. One under way therefore counts as not
    yet sent, and an answered one as sent when it was answered: in every window of the vendor's own clock there are
    then at most as many as were granted. Times are seconds of one clock, whichever keeps them."""

    answered: list[float] = field(default_factory=list)
    under_way: list[str] = field(default_factory=list)
    held_until: float | None = None

    def take(self, now: float, granted: int, seconds: float, who: str = "") -> float:
        """0 when a request may go out now, which is then under way; else the seconds after which to ask again."""
        self.answered = sorted(at for at in self.answered if now - at < seconds)
        if self.held_until is not None and self.held_until > now:
            return self.held_until - now
        over = len(self.answered) + len(self.under_way) - granted
        if over < 0:
            self.under_way.append(who)
            return 0.0
        if over < len(self.answered):
            return max(self.answered[over] + seconds - now, 0.001)
        return min(POLL_SECONDS, seconds)

    def end(self, now: float, who: str = "") -> None:
        """A request of `who` was answered, or given up."""
        if who in self.under_way:
            self.under_way.remove(who)
            self.answered.append(now)

    def hold(self, until: float) -> None:
        """Let nothing out before `until`."""
        self.held_until = max(until, self.held_until or until)

    def is_held(self, now: float) -> bool:
        """Whether the vendor, not our share, is what is waited for."""
        return self.held_until is not None and self.held_until > now


class WaitLog:
    """Tells the task log what is waited for, not more often than once in a few seconds."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._clock = what, clock
        self._seconds = 0.0
        self._said_at = -math.inf

    def ahead(self, seconds: float, why: str) -> None:
        """A wait begins; only a long one is worth a line of its own."""
        if seconds >= 2 * SAY_SECONDS:
            self._say(f"waiting {seconds:.1f} s on {self._what}: {why}")

    def done(self, seconds: float, why: str) -> None:
        """So many seconds were waited."""
        self._seconds += seconds
        if self._seconds >= 0.1 and self._say(f"waited {self._seconds:.1f} s on {self._what}: {why}"):
            self._seconds = 0.0

    def _say(self, line: str) -> bool:
        if self._clock() - self._said_at < SAY_SECONDS:
            return False
        self._said_at = self._clock()
        log.info("%s", line)
        return True


@dataclass(frozen=True)
class Remaining:
    """What a reply's headers say of one limit: shared by everything that uses the account."""

    limit: int
    remaining: int
    reset_seconds: float  # until there is something left again

    def pause(self) -> float:
        """Seconds for which the vendor would refuse everybody: until the limit is full again, if nothing is left.

        What we send is counted already, so what the others use of their own part needs no holding back."""
        return self.reset_seconds if self.remaining <= 0 else 0.0


@dataclass(frozen=True)
class Budget:
    """One limit that a request draws on: the account's pacer of it, and how the replies' headers tell of it."""

    pacer: Pacer
    read: Callable[[Mapping[str, str]], Remaining | None] = lambda headers: None
