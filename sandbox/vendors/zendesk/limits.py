"""The account's request limits, by the real clock's minutes: headers on every reply, 429 with Retry-After
beyond them.

The plan is the one with the High Volume API add-on: 30 incremental exports and 60 user exports a minute, 700
of the rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

MINUTE = 60
PER_MINUTE = {"account": 700, "exports": 30, "user_exports": 60, "guide": 700}
_OWN_HEADER = {
    "exports": "zendesk-ratelimit-incremental-exports",
    "user_exports": "zendesk-ratelimit-incremental-exports-cursor",
}


class Limits:
    """Counts requests per minute and budget."""

    def __init__(self, per_minute: Mapping[str, int] = PER_MINUTE, clock: Callable[[], float] = time.time) -> None:
        self._granted = dict(per_minute)
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[tuple[str, int], int] = {}

    def take(self, budget: str) -> tuple[bool, dict[str, str]]:
        """Use one request of `budget` (and of the account's): whether it is granted, and the headers to
        send."""
        now = self._clock()
        minute, resets = int(now // MINUTE), MINUTE - int(now % MINUTE)
        shared = "guide" if budget == "guide" else "account"
        with self._lock:
            if len(self._used) > 100:
                self._used = {key: used for key, used in self._used.items() if key[1] == minute}
            left = {}
            for name in {shared, budget}:
                self._used[name, minute] = self._used.get((name, minute), 0) + 1
                left[name] = self._granted[name] - self._used[name, minute]
        headers = {
            "X-Rate-Limit": str(self._granted[shared]),
            "X-Rate-Limit-Remaining": str(max(0, left[shared])),
        }
        if shared == "account":
            headers |= {
                "RateLimit-Limit": str(self._granted[shared]),
                "RateLimit-Remaining": str(max(0, left[shared])),
                "RateLimit-Reset": str(resets),
            }
        if budget in _OWN_HEADER:
            headers[_OWN_HEADER[budget]] = (
                f"total={self._granted[budget]}; remaining={max(0, left[budget])}; resets={resets}"
            )
        granted = all(remaining >= 0 for remaining in left.values())
        if not granted:
            headers["Retry-After"] = str(resets)
        return granted, headers
