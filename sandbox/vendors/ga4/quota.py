"""The property's quotas: tokens by the hour and the day, and requests at once (v1beta discovery document)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.vendors.ga4.errors import Refused

QUOTAS = "https://developers.google.com/analytics/devguides/reporting/data/v1/quotas"


@dataclass(frozen=True)
class Limits:
    """A standard property's."""

    tokens_per_day: int = 200_000
    tokens_per_hour: int = 40_000
    tokens_per_project_per_hour: int = 14_000
    concurrent_requests: int = 10


class Quota:
    """Counts what was spent, in hours and days of the real clock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._running = 0
        self._spent: dict[tuple[str, int], int] = {}

    @contextmanager
    def request(self) -> Iterator[None]:
        """One request under way. Raises Refused when a budget is used up."""
        with self._lock:
            if self._running >= self._limits.concurrent_requests:
                raise _exhausted("Exhausted concurrent requests quota. Please send fewer requests concurrently.")
            for name, limit, period, back in self._budgets():
                if self._spent.get((name, period), 0) >= limit:
                    words = {
                        "tokensPerDay": "tokens per day",
                        "tokensPerHour": "tokens per hour",
                        "tokensPerProjectPerHour": "tokens for a project per hour",
                    }[name]
                    raise _exhausted(f"Exhausted property {words}. These quota tokens will return in {back}.")
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def spend(self, tokens: int) -> dict[str, Any]:
        """Charge a request and return the property's quota as the API shows it: zeroes are left out."""
        with self._lock:
            shown: dict[str, Any] = {}
            for name, limit, period, _ in self._budgets():
                key = (name, period)
                self._spent[key] = self._spent.get(key, 0) + tokens
                shown[name] = _status(tokens, limit - self._spent[key])
            shown["concurrentRequests"] = _status(0, self._limits.concurrent_requests - self._running + 1)
            shown["serverErrorsPerProjectPerHour"] = _status(0, 10)
            shown["potentiallyThresholdedRequestsPerHour"] = _status(0, 120)
            return shown

    def _budgets(self) -> list[tuple[str, int, int, str]]:
        hour = int(time.time() // 3_600)
        limits = self._limits
        return [
            ("tokensPerDay", limits.tokens_per_day, hour // 24, "under 24 hours"),
            ("tokensPerHour", limits.tokens_per_hour, hour, "under an hour"),
            ("tokensPerProjectPerHour", limits.tokens_per_project_per_hour, hour, "under an hour"),
        ]


def _status(consumed: int, remaining: int) -> dict[str, int]:
    status = {"consumed": consumed, "remaining": max(0, remaining)}
    return {name: value for name, value in status.items() if value}


def _exhausted(message: str) -> Refused:
    return Refused(429, "RESOURCE_EXHAUSTED", f"{message} To learn more, see {QUOTAS}")
