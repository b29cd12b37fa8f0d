"""Promised clocks of tickets told event by event; each number is worked out beside it.

The 6th of October 2025 is a Monday; Warsaw is two hours ahead of UTC, so that 9–17 is 7–15 UTC, and the hours of
Logistics, 7–12 and 12:30–19, are 5–10 and 10:30–17 UTC."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.company.promises import PROMISES
from sandbox.model import TicketMerged
from tests.unit.sandbox.story import ANNA, AS_OF, BEN, BOT, Story, at


def promised(story: Story, metric: str, **as_of: Any) -> list[dict[str, Any]]:
    return [row for row in story.truth(**as_of)["sla"].values() if row["metric"] == metric]


def asked(topic: str = "product", priority: str = "normal") -> Story:
    """A customer asks on Monday at 10:00 (8:00 UTC)."""
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00", topic=topic, priority=priority)
    return story


# --- replies ---
@pytest.mark.parametrize(("answered", "breached"), [("10-06 16:00", False), ("10-06 16:00:01", True)])
def test_first_reply_is_late_once_it_took_longer_than_promised(answered: str, breached: bool):
    story = asked()  # "First reply", normal: 480 minutes by the clock
    story.says(7, "10-06 08:10", "bot", author=BOT)
    story.says(7, answered, "agent")
    told = story.truth()
    assert told["sla"]["7:first_reply_time:1"] == {
        "ticket_id": "7",
        "metric": "first_reply_time",
        "instance": 1,
        "policy": "First reply",
        "priority": "normal",
        "target_minutes": 480,
        "is_business": False,
        "started_at": "2025-10-06T08:00:00+00:00",
        "stopped_at": at(answered).isoformat(),
        "elapsed_minutes": pytest.approx(480 + (1 / 60 if breached else 0)),
        "is_breached": breached,
    }
    ticket = told["tickets"]["7"]
    assert (ticket["sla_targets"], ticket["sla_breaches"], ticket["is_sla_breached"]) == (1, int(breached), breached)


def test_past_due_and_still_open_is_breached():
    story = asked()
    assert [row["is_breached"] for row in promised(story, "first_reply_time", as_of=at("10-06 16:00"))] == [False]
    [row] = promised(story, "first_reply_time", as_of=at("10-06 16:01"))
    assert (row["stopped_at"], row["elapsed_minutes"], row["is_breached"]) == (None, 481, True)


def test_ticket_that_was_solved_without_an_answer_still_owes_one():
    story = asked()
    story.status(7, "10-06 09:00", "new", "solved")
    [row] = promised(story, "first_reply_time")
    assert row["stopped_at"] is None and row["is_breached"]


def test_next_replies_are_counted_from_the_second_turn_on():
    story = asked("billing")  # "Money": first reply 300 minutes in hours, next reply 300 in hours
    story.says(7, "10-06 08:30", "agent")
    story.says(7, "10-06 14:00", "customer", author=1)
    story.says(7, "10-07 08:00", "agent", author=BEN)  # 60 minutes of Monday and 60 of Tuesday
    story.says(7, "10-07 09:00", "customer", author=1)
    rows = promised(story, "next_reply_time", as_of=at("10-07 14:30"))
    assert [(row["instance"], row["elapsed_minutes"], row["is_business"], row["is_breached"]) for row in rows] == [
        (1, 120, True, False),
        (2, 330, True, True),  # 9:00 to 14:30 and nobody answered
    ]


# --- clocks that pause ---
def solved_in_steps(topic: str, group: str | None = None) -> Story:
    story = asked(topic)
    if group:
        story.change(7, "10-06 08:00", group=(None, group))
    for when, before, after in (
        ("10-06 09:00", "new", "open"),
        ("10-06 10:00", "open", "pending"),
        ("10-06 12:00", "pending", "open"),
        ("10-06 13:00", "open", "hold"),
        ("10-06 16:00", "hold", "solved"),
    ):
        story.status(7, when, before, after)
    return story


def test_requester_wait_runs_on_hold_and_stands_still_in_pending():
    [row] = promised(solved_in_steps("billing"), "requester_wait_time")
    # new 60 + open 60, pending no, open 60 + hold 180
    assert (row["elapsed_minutes"], row["is_business"], row["target_minutes"]) == (360, False, 4_320)
    assert row["stopped_at"] == "2025-10-06T16:00:00+00:00"


def test_agent_work_stands_still_in_pending_and_on_hold_in_the_team_s_hours():
    story = solved_in_steps("product", "Logistics")
    [row] = promised(story, "agent_work_time")
    # new and open 8–10 UTC, open 12–13; the break of Logistics is 10:00–10:30
    assert (row["elapsed_minutes"], row["is_business"], row["target_minutes"]) == (180, True, 600)
    [row] = promised(story, "requester_wait_time")
    assert row["elapsed_minutes"] == 180 + 180  # and on hold, 13–16


def test_each_return_to_an_unsolved_status_is_a_run_of_its_own():
    story = asked("billing")
    story.status(7, "10-06 09:00", "new", "solved")
    story.status(7, "10-07 08:00", "solved", "open")
    rows = promised(story, "requester_wait_time", as_of=at("10-07 10:00"))
    assert [(row["instance"], row["elapsed_minutes"], row["stopped_at"]) for row in rows] == [
        (1, 60, "2025-10-06T09:00:00+00:00"),
        (2, 120, None),
    ]


def test_update_clock_runs_from_answer_to_answer_and_pauses_in_pending_only():
    story = asked("billing")  # "Money": an update within 480 minutes of hours
    story.says(7, "10-06 08:00", "agent", public=False)
    story.says(7, "10-06 09:00", "agent")
    story.status(7, "10-06 09:00", "new", "pending")  # of the same second: it waits for the customer from the start
    story.status(7, "10-06 10:00", "pending", "hold")
    story.says(7, "10-06 11:30", "bot", author=BOT)
    story.says(7, "10-06 12:00", "agent", author=BEN)
    story.says(7, "10-06 14:00", "agent")
    story.status(7, "10-06 14:00", "hold", "solved")
    rows = promised(story, "pausable_update_time")
    assert [(row["instance"], row["elapsed_minutes"], row["stopped_at"][11:16]) for row in rows] == [
        (1, 120, "12:00"),
        (2, 120, "14:00"),
    ]  # nothing begins with the answer that solves it


def test_update_that_never_comes_is_ended_by_the_solution():
    story = asked("billing")
    story.says(7, "10-06 09:00", "agent")
    story.status(7, "10-07 08:00", "new", "solved")
    [row] = promised(story, "pausable_update_time")
    assert (row["elapsed_minutes"], row["is_breached"]) == (420, False)  # 9–15 and 7–8 UTC


# --- which promise ---
def test_priority_that_was_raised_midway_sets_another_target_and_the_clock_goes_on():
    story = asked(priority="normal")
    story.change(7, "10-06 10:00", priority=("normal", "urgent"))
    story.says(7, "10-06 10:20", "agent")
    [row] = promised(story, "first_reply_time")
    assert (row["policy"], row["priority"], row["target_minutes"]) == ("Urgent", "urgent", 30)
    assert (row["elapsed_minutes"], row["is_breached"]) == (140, True)  # all of it counts


def test_priority_that_changes_after_the_answer_changes_nothing():
    story = asked(priority="normal")
    story.says(7, "10-06 10:20", "agent")
    story.change(7, "10-06 10:21", priority=("normal", "urgent"))
    [row] = promised(story, "first_reply_time")
    assert (row["policy"], row["is_breached"]) == ("First reply", False)


def test_promise_that_holds_late_counts_from_the_start_in_its_own_hours():
    story = asked()
    story.change(7, "10-06 16:00", group=(None, "Logistics"))
    story.says(7, "10-06 17:30", "agent")
    [row] = promised(story, "first_reply_time")
    # 8–10 and 10:30–17 UTC
    assert (row["policy"], row["is_business"], row["elapsed_minutes"]) == ("Deliveries", True, 510)
    assert row["is_breached"]  # 240


def test_promise_without_a_target_for_it_leaves_no_row():
    story = asked(priority="low")
    story.says(7, "10-06 09:00", "agent")
    story.says(7, "10-06 10:00", "customer", author=1)
    told = story.truth()
    assert list(told["sla"]) == ["7:first_reply_time:1"]  # "First reply" has no next reply for low, and no waits
    story.change(7, "10-06 10:30", priority=("low", "high"))
    assert set(story.truth()["sla"]) == {"7:first_reply_time:1", "7:next_reply_time:1"}


def test_first_promise_in_order_holds():
    assert [promise.title for promise in PROMISES] == ["Urgent", "Deliveries", "Money", "First reply"]
    story = asked("billing", priority="urgent")
    story.change(7, "10-06 08:01", group=(None, "Logistics"))
    assert {row["policy"] for row in story.truth()["sla"].values()} == {"Urgent"}


def test_merged_ticket_is_promised_nothing():
    story = asked("billing")
    story.ticket(8, "10-06 08:30", topic="billing")
    story.tell(TicketMerged, "10-06 09:00", loser_ticket_id=8, winner_ticket_id=7, by_user_id=ANNA)
    told = story.truth(AS_OF)
    assert {row["ticket_id"] for row in told["sla"].values()} == {"7"}
    assert told["tickets"]["8"]["sla_targets"] == 0 and told["tickets"]["8"]["is_sla_breached"] is None
