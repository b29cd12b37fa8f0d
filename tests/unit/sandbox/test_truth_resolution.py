"""Resolutions, waits, hand-overs, turns and repeats of tickets told event by event; numbers are worked out beside them.

October 2025: Warsaw is two hours ahead of UTC, so that 9–17 is 7–15 UTC. The 6th is a Monday."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.model import HelpdeskUsersMerged, TicketDeleted, TicketMerged
from tests.unit.sandbox.story import ANNA, AS_OF, BEN, BOT, Story, at


def one(story: Story, ticket_id: int = 7) -> dict[str, Any]:
    return story.truth()["tickets"][str(ticket_id)]


def asked(topic: str = "delivery") -> Story:
    """A customer asks on Monday at 10:00 (8:00 UTC)."""
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00", topic=topic)
    return story


# --- resolutions ---
def test_first_resolution_is_when_it_became_solved_and_full_resolution_the_last_time():
    story = asked()
    story.status(7, "10-06 10:00", "new", "solved")  # two hours
    story.status(7, "10-07 08:00", "solved", "open")
    story.status(7, "10-07 09:00", "open", "solved")  # 25 hours
    story.status(7, "10-11 09:00", "solved", "closed")  # closing what is solved resolves nothing
    ticket = one(story)
    assert ticket["first_resolved_at"] == "2025-10-06T10:00:00+00:00"
    assert (ticket["first_resolution_minutes"], ticket["first_resolution_business_minutes"]) == (120, 120)
    assert ticket["full_resolved_at"] == "2025-10-07T09:00:00+00:00"
    # Monday 8:00–15:00 UTC and Tuesday 7:00–9:00
    assert (ticket["full_resolution_minutes"], ticket["full_resolution_business_minutes"]) == (1_500, 540)


def test_solved_reopened_and_still_open_has_a_first_and_no_full_resolution():
    story = asked()
    story.status(7, "10-06 10:00", "new", "solved")
    story.status(7, "10-07 08:00", "solved", "open")
    ticket = one(story)
    assert ticket["first_resolution_minutes"] == 120
    assert ticket["full_resolved_at"] is None and ticket["full_resolution_minutes"] is None
    assert ticket["is_one_touch"] is None


def test_ticket_that_was_closed_and_never_solved_is_resolved_by_the_closing():
    story = asked()
    story.status(7, "10-06 09:00", "new", "closed")
    ticket = one(story)
    assert ticket["first_solved_at"] is None
    assert ticket["first_resolution_minutes"] == ticket["full_resolution_minutes"] == 60


def test_business_minutes_are_of_the_schedule_of_the_ticket_s_present_team():
    story = asked()
    story.change(7, "10-06 08:30", group=(None, "Tier 1"))
    story.change(7, "10-06 11:00", group=("Tier 1", "Tier 2"))  # New York 8–20 is 12–24 UTC
    story.says(7, "10-06 13:00", "agent")
    story.status(7, "10-06 14:00", "new", "solved")
    ticket = one(story)
    assert (ticket["first_response_minutes"], ticket["first_response_business_minutes"]) == (300, 60)
    assert ticket["first_response_zendesk_business_minutes"] == 60
    assert ticket["first_resolution_business_minutes"] == 120
    assert (ticket["team_changes"], ticket["assignee_changes"]) == (1, 0)
    assert story.truth()["replies"]["7:1"]["reply_business_minutes"] == 60


# --- waits ---
def test_waits_are_times_in_statuses_and_solved_time_counts_nowhere():
    story = asked()
    for when, before, after in (
        ("10-06 08:10", "new", "open"),
        ("10-06 08:30", "open", "pending"),
        ("10-06 09:30", "pending", "open"),
        ("10-06 09:30:20", "open", "hold"),  # flips within a minute
        ("10-06 10:00", "hold", "solved"),
        ("10-07 07:00", "solved", "open"),
        ("10-07 07:05", "open", "solved"),
    ):
        story.status(7, when, before, after)
    ticket = one(story)
    hold = 29 + 40 / 60  # 9:30:20 → 10:00
    assert ticket["requester_wait_minutes"] == pytest.approx(30 + 20 / 60 + hold + 5)
    assert ticket["agent_wait_minutes"] == 60
    assert ticket["on_hold_minutes"] == pytest.approx(hold)
    assert ticket["requester_wait_business_minutes"] == pytest.approx(65)  # all of it within hours


def test_wait_that_still_runs_is_reckoned_up_to_the_clock():
    story = Story()
    story.user(1)
    story.ticket(7, "11-03 20:00")  # Monday evening; the clock stands at Tuesday 2:00 UTC
    ticket = one(story)
    assert (ticket["requester_wait_minutes"], ticket["requester_wait_business_minutes"]) == (360, 0)
    assert ticket["agent_wait_minutes"] == ticket["on_hold_minutes"] == 0


def test_merged_ticket_has_no_figures():
    story = asked()
    story.ticket(8, "10-06 09:00")
    story.says(8, "10-06 09:10", "agent")
    story.tell(TicketMerged, "10-06 10:00", loser_ticket_id=8, winner_ticket_id=7, by_user_id=BEN)
    told = story.truth()
    figures = {name: value for name, value in told["tickets"]["8"].items() if name.endswith("_minutes")}
    assert len(figures) == 14 and set(figures.values()) == {None}
    others = ("first_resolved_at", "full_resolved_at", "is_one_touch", "is_fcr_7d_any_topic")
    assert [told["tickets"]["8"][name] for name in others] == [None] * 4
    assert list(told["replies"]) == ["7:1"]


# --- one touch, hand-overs ---
@pytest.mark.parametrize(("answers", "reopened", "expected"), [(1, False, True), (2, False, False), (0, False, False),
                                                               (1, True, False)])  # fmt: skip
def test_one_touch_is_solved_with_one_public_answer_and_no_reopening(answers: int, reopened: bool, expected: bool):
    story = asked()
    story.says(7, "10-06 08:05", "agent", public=False)
    story.says(7, "10-06 08:06", "bot", author=BOT)
    for number in range(answers):
        story.says(7, f"10-06 09:0{number}", "agent")
    story.status(7, "10-06 10:00", "new", "solved")
    if reopened:
        story.status(7, "10-06 11:00", "solved", "open")
        story.status(7, "10-06 12:00", "open", "solved")
    assert one(story)["is_one_touch"] is expected


def test_first_assignment_is_no_change_of_hands():
    story = asked()
    story.change(7, "10-06 09:00", assignee_id=(None, str(ANNA)), group=(None, "Tier 1"))
    story.change(7, "10-06 10:00", assignee_id=(str(ANNA), None))
    story.change(7, "10-06 11:00", assignee_id=(None, str(BEN)))
    assert (one(story)["assignee_changes"], one(story)["team_changes"]) == (0, 0)
    story.change(7, "10-06 12:00", assignee_id=(str(BEN), str(ANNA)), group=("Tier 1", "Billing"))
    assert (one(story)["assignee_changes"], one(story)["team_changes"]) == (1, 1)


# --- replies ---
def test_turn_lasts_from_the_first_unanswered_message_to_the_next_public_answer_of_a_person():
    story = asked()
    story.says(7, "10-06 08:05", "customer", author=1)  # the same turn
    story.says(7, "10-06 08:10", "bot", author=BOT)
    story.says(7, "10-06 08:20", "agent", public=False)
    story.says(7, "10-06 09:00", "agent", author=BEN)
    story.says(7, "10-06 09:30", "agent")  # an afterthought answers nothing
    story.change(7, "10-06 14:30", group=(None, "Billing"))
    story.says(7, "10-06 14:30", "customer", author=1)  # 16:30 in Warsaw
    story.says(7, "10-07 07:30", "agent")  # 9:30 the next day
    story.says(7, "10-07 08:00", "customer", author=1)
    replies = story.truth()["replies"]
    assert [(r["turn_number"], r["reply_minutes"], r["reply_business_minutes"]) for r in replies.values()] == [
        (1, 60, 60),
        (2, 1_020, 60),  # 17 hours, of which 30 + 30 minutes
        (3, None, None),
    ]
    assert [r["agent_key"] for r in replies.values()] == [f"zendesk:{BEN}", f"zendesk:{ANNA}", None]
    assert [r["team"] for r in replies.values()] == [None, "Billing", None]
    assert replies["7:1"]["reply_minutes"] == one(story)["first_response_minutes"]


def test_change_of_the_answer_s_own_second_counts_for_the_team_as_of_it():
    story = asked()
    story.says(7, "10-06 09:00", "agent")
    story.change(7, "10-06 09:00", group=(None, "Tier 1"))
    story.change(7, "10-06 09:01", group=("Tier 1", "Billing"))
    assert story.truth()["replies"]["7:1"]["team"] == "Tier 1"


def test_ticket_that_an_agent_opened_has_its_first_turn_with_the_customer_s_first_message():
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00", by_agent=BEN)
    story.says(7, "10-06 08:00", "agent", author=BEN)
    assert story.truth()["replies"] == {}
    story.says(7, "10-06 10:00", "customer", author=1)
    story.says(7, "10-06 10:30", "agent", author=BEN)
    assert [(r["turn_number"], r["reply_minutes"]) for r in story.truth()["replies"].values()] == [(1, 30)]


# --- first contact resolution ---
def fcr(ticket: dict[str, Any]) -> list[bool | None]:
    names = ("7d_same", "7d_any", "14d_same", "14d_any")
    return [ticket[f"is_fcr_{name}_topic"] for name in names]


def solved(*, topic: str = "delivery") -> Story:
    """Asked on Monday the 6th, solved at 12:00 UTC: the windows end on the 13th and the 20th."""
    story = asked(topic)
    story.says(7, "10-06 11:00", "agent")
    story.status(7, "10-06 12:00", "new", "solved")
    return story


def test_resolved_by_the_first_contact_if_nobody_came_back():
    assert fcr(one(solved())) == [True, True, True, True]


@pytest.mark.parametrize(
    ("when", "topic", "expected"),
    [
        ("10-13 12:00", "delivery", [False, False, False, False]),  # the window's last instant
        ("10-13 12:00:01", "delivery", [True, True, False, False]),
        ("10-20 12:00:01", "delivery", [True, True, True, True]),
        ("10-08 12:00", "billing", [True, False, True, False]),  # about something else
        ("10-06 09:00", "delivery", [False, False, False, False]),  # before it was solved, after it was opened
        ("10-06 07:59", "delivery", [True, True, True, True]),  # an earlier contact is no repeat of this one
    ],
)
def test_another_ticket_within_the_window_is_a_repeat(when: str, topic: str, expected: list[bool]):
    story = solved()
    story.ticket(8, when, channel="chat", topic=topic)
    assert fcr(one(story)) == expected


def test_merged_ticket_is_a_repeat_and_one_that_an_agent_opened_or_that_was_deleted_is_none():
    story = solved()
    story.ticket(8, "10-08 12:00", by_agent=BEN)
    story.says(8, "10-08 12:00", "agent", author=BEN)
    story.ticket(9, "10-08 13:00")
    story.tell(TicketDeleted, "10-09 13:00", ticket_id=9)
    assert fcr(one(story)) == [True, True, True, True]
    assert fcr(one(story, 8)) == [None] * 4
    story.ticket(10, "10-15 12:00")
    story.tell(TicketMerged, "10-15 13:00", loser_ticket_id=10, winner_ticket_id=7, by_user_id=BEN)
    assert fcr(one(story)) == [True, True, False, False]


def test_reopening_within_the_window_is_a_repeat():
    story = solved()
    story.status(7, "10-14 12:00", "solved", "open")
    assert fcr(one(story)) == [True, True, False, False]


def test_open_window_without_a_repeat_is_null_and_with_one_is_false_at_once():
    story = Story()
    story.user(1)
    story.ticket(7, "10-28 01:00")
    story.status(7, "10-28 02:00", "new", "solved")  # seven days before the clock, to the second
    assert fcr(one(story)) == [True, True, None, None]
    assert fcr(story.truth(at("11-04 01:59:59"))["tickets"]["7"]) == [None] * 4
    story.ticket(8, "11-01 08:00", topic="billing")
    assert fcr(one(story)) == [True, False, None, False]
    assert fcr(one(story, 8)) == [None] * 4  # never resolved


def test_repeat_is_the_customer_s_also_by_another_user_of_theirs():
    story = solved()
    story.user(2)
    story.ticket(8, "10-08 12:00", user_id=2)
    apart = story.truth(customers={"zendesk:1": "a", "zendesk:2": "b"})["tickets"]["7"]
    assert fcr(apart) == [True] * 4
    assert fcr(one(story)) == [False] * 4  # both are one person
    story.tell(HelpdeskUsersMerged, "10-09 08:00", winner_id=2, loser_id=1)
    assert fcr(story.truth(AS_OF, {"zendesk:1": "a", "zendesk:2": "b"})["tickets"]["7"]) == [False] * 4
