"""The account's limits: requests per rolling ten seconds, and searches per second on their own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from sandbox.vendors.hubspot.wire import Refused


class RollingLimit:
    """At most `limit` requests in any `seconds`."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self.seconds = limit, seconds
        self._clock = clock
        self._sent: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self) -> int | None:
        """Count one request; what is left, or None where it is one too many."""
        with self._lock:
            now = self._clock()
            while self._sent and now - self._sent[0] >= self.seconds:
                self._sent.popleft()
            if len(self._sent) >= self.limit:
                return None
            self._sent.append(now)
            return self.limit - len(self._sent)


class Limits:
    """What a private app may ask for. Search replies carry no headers, and its refusals no Retry-After."""

    def __init__(self, per_10_seconds: int, searches_per_second: int) -> None:
        self._general = RollingLimit(per_10_seconds, 10)
        self._search = RollingLimit(searches_per_second, 1)

    def admit(self, is_search: bool) -> dict[str, str]:
        """Count a request; the headers of its reply. Raises the 429 where it is one too many."""
        if is_search:
            if self._search.take() is None:
                raise _too_many("secondly", {})
            return {}
        left = self._general.take()
        headers = {
            "X-HubSpot-RateLimit-Max": str(self._general.limit),
            "X-HubSpot-RateLimit-Remaining": str(left or 0),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            # deprecated and no longer enforced, but still sent
            "X-HubSpot-RateLimit-Secondly": str(max(1, self._general.limit // 10)),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(max(0, self._general.limit // 10 - 1)),
        }
        if left is None:
            raise _too_many("ten_secondly_rolling", {**headers, "Retry-After": "10"})
        return headers


def _too_many(policy: str, headers: dict[str, str]) -> Refused:
    refused = Refused(
        429,
        "RATE_LIMITS",
        f"You have reached your {policy} limit.",
        errorType="RATE_LIMIT",
        policyName=policy.upper(),
    )
    refused.headers = headers
    return refused
