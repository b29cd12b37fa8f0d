"""Pacing: no window holds more than was granted, all of it can be used, and waits are told."""

from __future__ import annotations

import logging
import random

import pytest

from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.http.pacing import SlidingLog, WaitLog, granted


class Time:
    """A clock that moves only when it is moved, or slept on."""

    def __init__(self) -> None:
        self.now, self.slept = 1_000.0, 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


@pytest.mark.parametrize(
    ("limit", "share", "expected"), [(10, 0.5, 5), (5, 0.5, 2), (1, 0.5, 1), (10, 0.01, 1), (30, 1, 30), (10, 0.7, 7)]
)
def test_the_share_is_rounded_down_and_never_nothing(limit: int, share: float, expected: int) -> None:
    assert granted(limit, share) == expected


@pytest.mark.parametrize("seed", range(20))
def test_no_window_of_the_vendors_clock_holds_more_than_was_granted(seed: int) -> None:
    """Requests take what time they like, several at once; the vendor counts each somewhere on its way."""
    order, sliding, now = random.Random(seed), SlidingLog(), 0.0
    counted: list[float] = []
    under_way: list[tuple[float, str]] = []  # when it ends, whose it is
    while len(counted) < 60:
        who = f"p{order.randrange(4)}"
        if who not in [other for _, other in under_way] and sliding.take(now, 5, 10.0, who) == 0:
            ends = now + order.choice((0.01, 0.4, 3.0))
            counted.append(order.uniform(now, ends))
            under_way.append((ends, who))
        now += order.choice((0.01, 0.2, 1.0))
        for ends, whose in [one for one in under_way if one[0] <= now]:
            sliding.end(now, whose)
            under_way.remove((ends, whose))
    for start in counted:
        assert sum(start <= at < start + 10 for at in counted) <= 5
    assert max(counted) < 60 / 5 * 10 * 1.6  # and most of it is used although requests take seconds


def test_all_that_is_granted_is_used_when_answers_are_quick() -> None:
    time = Time()
    pacer = ProcessAccount("zendesk", time.clock, time.sleep).pacer("exports", 10, 60, 0.5)
    for _ in range(51):
        pacer.wait()
        pacer.answered()
    assert time.slept == pytest.approx(600, rel=0.001)


def test_streams_of_one_account_share_one_budget_and_other_budgets_are_their_own() -> None:
    time = Time()
    account = ProcessAccount("zendesk", time.clock, time.sleep)
    for _ in range(2):
        for name in ("exports", "requests"):
            account.pacer(name, 4, 60, 0.5).wait()
            account.pacer(name, 4, 60, 0.5).answered()
    assert time.slept == 0
    account.pacer("exports", 4, 60, 0.5).wait()
    assert time.slept == 60


def test_a_hold_stops_everybody_and_the_longer_one_counts() -> None:
    time = Time()
    account = ProcessAccount("zendesk", time.clock, time.sleep)
    account.pacer("exports", 10, 60, 0.5).hold(20)
    account.pacer("exports", 10, 60, 0.5).hold(5)
    assert account.pacer("exports", 10, 60, 0.5).wait() == 20
    assert account.pacer("requests", 10, 60, 0.5).wait() == 0


def test_what_a_reply_says_of_the_limit_binds() -> None:
    time = Time()
    pacer = ProcessAccount("zendesk", time.clock, time.sleep).pacer("exports", 10, 60, 0.5)
    pacer.wait()
    pacer.answered(limit=4)
    assert pacer.wait() == 0
    pacer.answered(limit=4)
    assert pacer.wait() == 60


def test_waits_are_told_once_in_a_few_seconds(caplog: pytest.LogCaptureFixture) -> None:
    time = Time()
    waits = WaitLog("zendesk exports", time.clock)
    with caplog.at_level(logging.INFO):
        for _ in range(24):
            time.now += 0.5
            waits.done(0.5, "share of the limit used")
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "waited 0.5 s on zendesk exports: share of the limit used",
        "waited 5.0 s on zendesk exports: share of the limit used",
        "waited 5.0 s on zendesk exports: share of the limit used",
    ]
    caplog.clear()
    with caplog.at_level(logging.INFO):
        waits.ahead(9.0, "x")
        time.now += 9
        waits.ahead(45.0, "the vendor asked for it")
    assert [record.getMessage() for record in caplog.records] == [
        "waiting 45.0 s on zendesk exports: the vendor asked for it"
    ]


def test_who_died_with_a_request_under_way_gives_its_place_back_when_it_is_ended() -> None:
    sliding = SlidingLog()
    assert sliding.take(0.0, 1, 1.0, "dead") == 0
    assert 0 < sliding.take(50.0, 1, 1.0, "next") <= 0.05  # for all we know it is still under way
    sliding.end(50.0, "dead")
    assert sliding.take(50.5, 1, 1.0, "next") == pytest.approx(0.5)
    assert sliding.take(51.0, 1, 1.0, "next") == 0
