"""What Zendesk's budget headers say, in every spelling that was recorded, and how long we hold back for it."""

from __future__ import annotations

import pytest

from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.http.pacing import Remaining
from cx_warehouse.connectors.zendesk.connector import address
from cx_warehouse.connectors.zendesk.limits import account_budget, budgets, endpoint_budget


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "699"}, Remaining(700, 699, 60.0)),
        ({"Rate-Limit": "700", "Rate-Limit-Remaining": "12"}, Remaining(700, 12, 60.0)),
        (
            {
                "RateLimit-Limit": "400",
                "RateLimit-Remaining": "399",
                "RateLimit-Reset": "45",
                "x-rate-limit": "400",
                "x-rate-limit-remaining": "399",
            },
            Remaining(400, 399, 45.0),
        ),
        ({"Zendesk-RateLimit-incremental-exports": "total=10; remaining=3; resets=39"}, Remaining(10, 3, 39.0)),
        ({"zendesk-ratelimit-incremental-exports-cursor": "total=20;remaining=0;resets=1"}, Remaining(20, 0, 1.0)),
        ({}, None),
        ({"X-Rate-Limit": "many", "X-Rate-Limit-Remaining": "1", "Zendesk-RateLimit-x": "none"}, None),
    ],
)
def test_every_recorded_spelling_is_read(headers: dict[str, str], expected: Remaining | None) -> None:
    assert (account_budget(headers) or endpoint_budget(headers)) == expected


def test_an_export_draws_on_the_accounts_limit_too() -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds
        slept.append(seconds)

    drawn_on = budgets(ProcessAccount("zendesk", lambda: now[0], sleep), 0.5, exports_per_minute=1000)

    def send(name: str) -> None:
        for budget in drawn_on[name]:
            budget.pacer.wait()
        for budget in drawn_on[name]:
            budget.pacer.answered()

    for name in ("account", "exports", "user_exports", "account") * 25:
        send(name)
    assert slept == []
    send("user_exports")  # 100 a minute is half of the smallest plan's limit
    assert slept == [60.0]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("acme", "https://acme.zendesk.com"),
        (" acme.zendesk.com/ ", "https://acme.zendesk.com"),
        ("https://acme.zendesk.com/api/v2", "https://acme.zendesk.com"),
        ("http://127.0.0.1:8601", "http://127.0.0.1:8601"),
        ("127.0.0.1:8601", "https://127.0.0.1:8601"),
    ],
)
def test_an_account_may_be_named_in_the_ways_people_write_it(typed: str, expected: str) -> None:
    assert address(typed) == expected
