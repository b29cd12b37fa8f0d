"""Zendesk's request limits, and what its headers say of them.

There is one limit for the account, one for the incremental exports (10 a minute, 30 with the High Volume API
add-on) and one for the user export (20 or 60). All tools of the account draw on them, and so do the streams
that are read side by side. What the headers say a limit is binds; a setting stands in until a reply has told."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cx_warehouse.connectors.base import Account
from cx_warehouse.connectors.http.pacing import Budget, Remaining

MINUTE = 60.0
REQUESTS_PER_MINUTE = 200  # of the account, where its replies do not tell: the smallest plan's
_ENDPOINT_BUDGET = re.compile(r"total=(\d+)\s*;\s*remaining=(\d+)\s*;\s*resets=(\d+)", re.IGNORECASE)
# The spelling changed over the years; all of these were recorded. Those without a reset mean the current
# minute.
_ACCOUNT_BUDGET = (
    ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
    ("rate-limit", "rate-limit-remaining", "rate-limit-reset"),
    ("x-rate-limit", "x-rate-limit-remaining", "x-rate-limit-reset"),
)


def account_budget(headers: Mapping[str, str]) -> Remaining | None:
    """What the headers say of the account's limit. Unreadable ones say nothing."""
    lower = {name.lower(): value for name, value in headers.items()}
    for limit, remaining, reset in _ACCOUNT_BUDGET:
        try:
            return Remaining(int(lower[limit]), int(lower[remaining]), float(lower.get(reset, MINUTE)))
        except (KeyError, ValueError):
            continue
    return None


def endpoint_budget(headers: Mapping[str, str]) -> Remaining | None:
    """What the headers say of the asked endpoint's own limit."""
    for name, value in headers.items():
        match = _ENDPOINT_BUDGET.search(value) if name.lower().startswith("zendesk-ratelimit-") else None
        if match:
            total, left, resets = map(int, match.groups())
            return Remaining(total, left, float(resets))
    return None


def budgets(account: Account, share: float, exports_per_minute: int) -> dict[str, list[Budget]]:
    """The limits that a request draws on, by the name that the streams have for it: an export draws on the account's
    too. The scarce one is waited for first, so that no place in the other is kept in vain."""
    whole = Budget(account.pacer("requests", REQUESTS_PER_MINUTE, MINUTE, share), account_budget)
    exports = Budget(account.pacer("exports", exports_per_minute, MINUTE, share), endpoint_budget)
    users = Budget(account.pacer("user exports", 2 * exports_per_minute, MINUTE, share), endpoint_budget)
    return {"account": [whole], "exports": [exports, whole], "user_exports": [users, whole]}
