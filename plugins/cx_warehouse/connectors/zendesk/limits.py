"""Zendesk's request limits: what its headers say of them, and how long to hold back so as to take only our
share.

There is one limit for the account, one for the incremental exports (10 a minute, 30 with the High Volume API
add-on) and one for the user export (20 or 60). All tools of the account draw on them, and so do the streams
that are read side by side. What the headers say is the truth that they share, so it binds; a window of our own,
divided between the streams, stands in where a reply says nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from cx_warehouse.connectors.http.pacing import Remaining, SlidingWindow

MINUTE = 60.0
_ENDPOINT_BUDGET = re.compile(r"total=(\d+)\s*;\s*remaining=(\d+)\s*;\s*resets=(\d+)", re.IGNORECASE)
# The spelling changed over the years; all of these were recorded. Those without a reset mean the current
# minute.
_ACCOUNT_BUDGET = (
    ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
    ("rate-limit", "rate-limit-remaining", "rate-limit-reset"),
    ("x-rate-limit", "x-rate-limit-remaining", "x-rate-limit-reset"),
)


def budgets(headers: Mapping[str, str]) -> list[Remaining]:
    """Every budget that a reply's headers speak of: the account's and the endpoint's own. Unreadable ones are
    left out."""
    return account_budgets(headers) + endpoint_budgets(headers)


def account_budgets(headers: Mapping[str, str]) -> list[Remaining]:
    """What the headers say of the account's budget: one at most."""
    lower = {name.lower(): value for name, value in headers.items()}
    for limit, remaining, reset in _ACCOUNT_BUDGET:
        try:
            return [Remaining(int(lower[limit]), int(lower[remaining]), float(lower.get(reset, MINUTE)))]
        except (KeyError, ValueError):
            continue
    return []


def endpoint_budgets(headers: Mapping[str, str]) -> list[Remaining]:
    """What the headers say of the asked endpoint's own budget."""
    found = []
    for name, value in headers.items():
        match = _ENDPOINT_BUDGET.search(value) if name.lower().startswith("zendesk-ratelimit-") else None
        if match:
            total, left, resets = map(int, match.groups())
            found.append(Remaining(total, left, float(resets)))
    return found


class Budget:
    """Paces the requests that draw on one budget: held while a budget that the headers named is down to the part
    that belongs to the company's other tools; `limit × share ÷ at_once` a minute while the headers do not tell of
    this budget. `told_by` finds it in them."""

    def __init__(
        self,
        limit: int,
        share: float,
        *,
        at_once: int = 1,
        told_by: Callable[[Mapping[str, str]], list[Remaining]] = endpoint_budgets,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._share, self._at_once, self._clock, self._sleep = share, at_once, clock, sleep
        self._window = SlidingWindow(limit, MINUTE, share, clock, sleep, at_once)
        self._told_by, self._is_told = told_by, False
        self._held_until = 0.0

    def saw(self, headers: Mapping[str, str]) -> None:
        """Take note of a reply's headers. The hold falls on the next request, so the last page costs no
        wait."""
        self._is_told = bool(self._told_by(headers))
        pause = max((budget.pause(self._share, self._at_once) for budget in budgets(headers)), default=0.0)
        if pause > 0:
            self._held_until = max(self._held_until, self._clock() + pause)

    def wait(self) -> float:
        """Block until one more request may go out; return the seconds waited."""
        held = max(0.0, self._held_until - self._clock())
        if held > 0:
            self._sleep(held)
        return held + (0.0 if self._is_told else self._window.wait())
