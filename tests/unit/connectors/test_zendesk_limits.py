"""What Zendesk's budget headers say, in every spelling that was recorded, and how long we hold back for it."""

from __future__ import annotations

import pytest

from cx_warehouse.connectors.http.pacing import Remaining
from cx_warehouse.connectors.zendesk.connector import address
from cx_warehouse.connectors.zendesk.limits import Budget, account_budgets, budgets


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "699"}, [Remaining(700, 699, 60.0)]),
        ({"Rate-Limit": "700", "Rate-Limit-Remaining": "12"}, [Remaining(700, 12, 60.0)]),
        (
            {
                "RateLimit-Limit": "400",
                "RateLimit-Remaining": "399",
                "RateLimit-Reset": "45",
                "x-rate-limit": "400",
                "x-rate-limit-remaining": "399",
            },
            [Remaining(400, 399, 45.0)],
        ),
        ({"Zendesk-RateLimit-incremental-exports": "total=10; remaining=3; resets=39"}, [Remaining(10, 3, 39.0)]),
        ({"zendesk-ratelimit-incremental-exports-cursor": "total=20;remaining=0;resets=1"}, [Remaining(20, 0, 1.0)]),
        ({}, []),
        ({"X-Rate-Limit": "many", "X-Rate-Limit-Remaining": "1", "Zendesk-RateLimit-x": "none"}, []),
    ],
)
def test_every_recorded_spelling_is_read(headers: dict[str, str], expected: list[Remaining]) -> None:
    assert budgets(headers) == expected


class Time:
    """A clock that moves only by sleeping."""

    def __init__(self) -> None:
        self.now, self.slept = 1_000.0, 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def test_a_request_waits_when_the_rest_of_the_budget_is_the_other_tools() -> None:
    time = Time()
    budget = Budget(100, 0.5, clock=time.clock, sleep=time.sleep)
    budget.saw({"zendesk-ratelimit-incremental-exports": "total=10; remaining=6; resets=20"})
    assert budget.wait() == 0
    budget.saw({"zendesk-ratelimit-incremental-exports": "total=10; remaining=5; resets=20"})
    assert time.slept == 0  # the wait falls on the next request, if there is one
    assert budget.wait() == pytest.approx(20)
    assert budget.wait() == 0


def test_the_tighter_of_two_budgets_binds() -> None:
    time = Time()
    budget = Budget(100, 0.5, clock=time.clock, sleep=time.sleep)
    budget.saw(
        {
            "ratelimit-limit": "400",
            "ratelimit-remaining": "399",
            "ratelimit-reset": "50",
            "zendesk-ratelimit-incremental-exports": "total=10; remaining=1; resets=9",
        }
    )
    assert budget.wait() == pytest.approx(9)


def test_an_account_that_sends_no_headers_is_paced_by_our_own_window() -> None:
    time = Time()
    budget = Budget(10, 0.5, clock=time.clock, sleep=time.sleep)
    assert [budget.wait() for _ in range(5)] == [0] * 5
    assert budget.wait() == pytest.approx(60)


def test_our_own_window_is_divided_between_the_streams_read_side_by_side() -> None:
    time = Time()
    budget = Budget(10, 0.5, at_once=2, clock=time.clock, sleep=time.sleep)
    assert [budget.wait() for _ in range(2)] == [0] * 2
    assert budget.wait() == pytest.approx(60)


def test_our_own_window_stands_in_only_while_the_headers_do_not_tell_of_this_budget() -> None:
    time = Time()
    exports = Budget(4, 0.5, at_once=2, clock=time.clock, sleep=time.sleep)
    of_account = Budget(4, 0.5, at_once=2, told_by=account_budgets, clock=time.clock, sleep=time.sleep)
    for budget in (exports, of_account):
        budget.wait()
        budget.saw({"x-rate-limit": "700", "x-rate-limit-remaining": "699"})
    assert of_account.wait() == 0
    assert exports.wait() == pytest.approx(60)
    exports.saw({"Zendesk-RateLimit-incremental-exports": "total=30; remaining=29; resets=20"})
    assert exports.wait() == 0


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
