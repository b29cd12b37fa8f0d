"""Zendesk's clocks and metric sets of tickets told event by event, as its documentation has them.

The 6th of October 2025 is a Monday; Warsaw is two hours ahead of UTC, so that 9–17 is 7–15 UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.model import HelpdeskUserCreated, TicketMerged
from sandbox.vendors.zendesk.helpdesk import Helpdesk
from sandbox.world import World
from tests.unit.sandbox.story import AS_OF, BEN, BOT, Story


def helpdesk(story: Story, as_of: datetime = AS_OF) -> Helpdesk:
    world = World(company=story.company())
    found = Helpdesk(world.company, world.credentials, as_of)
    tickets = (event for event in world.company.events if not isinstance(event, HelpdeskUserCreated))
    found.take(event for event in tickets if event.at <= as_of)
    return found


def ticks(story: Story, metric: str, ticket_id: int = 7) -> list[tuple[int, str, str]]:
    """Instance, kind and time of day of a ticket's metric events."""
    events = helpdesk(story).clocks[ticket_id].at(AS_OF)
    return [(e["instance_id"], e["type"], e["time"][8:16]) for e in events if e["metric"] == metric]


def statuses(story: Story, metric: str) -> list[dict[str, int]]:
    events = helpdesk(story).clocks[7].at(AS_OF)
    return [e["status"] for e in events if e["metric"] == metric and e["type"] == "update_status"]


def metric_set(story: Story, ticket_id: int = 7) -> dict[str, Any]:
    return helpdesk(story).metrics[ticket_id].record()


def asked(topic: str = "product", priority: str = "normal") -> Story:
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00", topic=topic, priority=priority)
    return story


# --- metric events ---
def test_reply_clock_is_fulfilled_by_whoever_has_a_seat_and_begins_again_with_the_customer():
    story = asked()
    story.says(7, "10-06 08:10", "bot", author=BOT)
    story.says(7, "10-06 09:00", "customer", author=1)
    story.says(7, "10-06 09:30:40", "agent")
    assert ticks(story, "reply_time") == [
        (1, "activate", "06T08:00"),
        (1, "apply_sla", "06T08:00"),
        (1, "fulfill", "06T08:10"),
        (1, "update_status", "06T08:10"),
        (2, "activate", "06T09:00"),
        (2, "fulfill", "06T09:30"),
        (2, "update_status", "06T09:30"),
    ]
    assert statuses(story, "reply_time") == [{"calendar": 10, "business": 10}, {"calendar": 30, "business": 30}]


def test_waits_pause_go_on_and_begin_anew_after_a_reopening():
    story = asked("billing")
    for when, before, after in (
        ("10-06 09:00", "new", "pending"),
        ("10-06 09:00:30", "pending", "open"),
        ("10-06 10:00:30", "open", "hold"),
        ("10-06 11:00:30", "hold", "solved"),
        ("10-07 09:00", "solved", "open"),
    ):
        story.status(7, when, before, after)
    assert [tick for tick in ticks(story, "requester_wait_time") if "sla" not in tick[1]] == [
        (1, "activate", "06T08:00"),
        (1, "pause", "06T09:00"),
        (1, "activate", "06T09:00"),
        (1, "fulfill", "06T11:00"),
        (1, "update_status", "06T11:00"),
        (2, "activate", "07T09:00"),
        (2, "breach", "10T09:00"),  # three days
    ]
    assert statuses(story, "requester_wait_time") == [{"calendar": 180, "business": 180}]
    assert statuses(story, "agent_work_time") == [{"calendar": 120, "business": 120}]


def test_update_clock_begins_with_each_public_comment_of_an_agent_unless_that_solves_it():
    story = asked("billing")
    story.says(7, "10-06 08:30", "agent", public=False)
    story.says(7, "10-06 09:00", "agent")
    story.status(7, "10-06 09:00", "new", "pending")
    story.status(7, "10-06 10:00", "pending", "open")
    story.says(7, "10-06 11:00", "agent")
    story.status(7, "10-06 11:00", "open", "solved")
    assert [tick for tick in ticks(story, "pausable_update_time") if "sla" not in tick[1]] == [
        (1, "activate", "06T09:00"),
        (1, "pause", "06T09:00"),
        (1, "activate", "06T10:00"),
        (1, "fulfill", "06T11:00"),
        (1, "update_status", "06T11:00"),
    ]
    assert statuses(story, "pausable_update_time") == [{"calendar": 60, "business": 60}]


def test_target_is_applied_again_when_priority_or_group_change_it():
    story = asked()
    story.change(7, "10-06 09:00", subject=("a", "b"))  # nothing that a policy asks for
    story.change(7, "10-06 10:00", priority=("normal", "urgent"))
    story.change(7, "10-06 11:00", priority=("urgent", "normal"), group=(None, "Logistics"))
    events = [
        (e["time"][11:16], e["sla"]["policy"]["title"], e["sla"]["target"], e["sla"]["business_hours"])
        for e in helpdesk(story).clocks[7].at(AS_OF)
        if e["metric"] == "reply_time" and e["type"] == "apply_sla"
    ]
    assert events == [
        ("08:00", "First reply", 480, False),
        ("10:00", "Urgent", 30, False),
        ("11:00", "Deliveries", 240, True),
    ]


def test_target_is_missed_when_its_minutes_are_over_in_its_own_hours():
    story = asked()
    story.change(7, "10-06 09:00", group=(None, "Logistics"))  # 7–12 and 12:30–19: 5–10 and 10:30–17 UTC
    story.says(7, "10-07 09:00", "agent")
    breaches = [tick for tick in ticks(story, "reply_time") if tick[1] == "breach"]
    assert breaches == [(1, "breach", "06T12:30")]  # 120 minutes up to the break, and 120 after it


def test_breach_that_was_told_is_not_moved_by_what_changes_later():
    story = asked()
    story.change(7, "10-06 09:00", group=(None, "Logistics"))
    before = ticks(story, "reply_time")
    story.change(7, "10-06 13:00", group=("Logistics", "Tier 2"))
    story.says(7, "10-07 09:00", "agent")
    assert next(tick for tick in ticks(story, "reply_time") if tick[1] == "breach") == (1, "breach", "06T12:30")
    assert (1, "breach", "06T12:30") in before


def test_target_that_is_over_when_it_is_set_is_missed_at_that_moment():
    story = asked(priority="low")
    story.change(7, "10-06 12:00", priority=("low", "urgent"))  # four hours; 30 minutes from now on
    assert [tick for tick in ticks(story, "reply_time") if tick[1] == "breach"] == [(1, "breach", "06T12:00")]


def test_ticks_have_ids_of_their_own_that_stay():
    story = asked("billing")
    story.ticket(8, "10-06 08:00", topic="billing")
    for number in (7, 8):
        story.says(number, "10-06 09:00", "agent")
        story.change(number, "10-06 09:00", status=("new", "solved"), group=(None, "Billing"))
        story.status(number, "10-06 10:00", "solved", "open")
    now = [event for number in (7, 8) for event in helpdesk(story).clocks[number].at(AS_OF)]
    assert len({event["id"] for event in now}) == len(now)
    story.says(7, "10-20 09:00", "agent")
    later = {event["id"]: event for event in helpdesk(story).clocks[7].at(AS_OF)}
    assert all(later[event["id"]] == event for event in now if event["ticket_id"] == 7 and event["time"] < "2025-10-20")


# --- metric sets ---
def test_metric_set_has_what_happened_in_whole_minutes():
    story = asked()
    assert metric_set(story)["requester_wait_time_in_minutes"] == {"calendar": None, "business": None}
    story.change(7, "10-06 08:10", status=("new", "open"), group=(None, "Tier 1"), assignee_id=(None, str(BEN)))
    story.says(7, "10-06 09:00:50", "agent", author=BEN)
    story.status(7, "10-06 09:00:50", "open", "pending")
    story.says(7, "10-06 16:00", "customer", author=1)
    story.status(7, "10-06 16:00", "pending", "open")
    story.change(7, "10-06 16:30", group=("Tier 1", "Billing"))
    story.says(7, "10-07 08:00", "agent", author=BEN)
    story.status(7, "10-07 08:00", "open", "solved")
    told = metric_set(story)
    assert told["reply_time_in_minutes"] == {"calendar": 60, "business": 60}
    assert told["first_resolution_time_in_minutes"] == {"calendar": 1_440, "business": 480}
    assert told["agent_wait_time_in_minutes"] == {"calendar": 419, "business": 359}  # 9:00:50–16:00, to 15:00 in hours
    assert told["requester_wait_time_in_minutes"] == {"calendar": 1_020, "business": 120}
    assert told["on_hold_time_in_minutes"] == {"calendar": 0, "business": 0}
    assert (told["replies"], told["reopens"]) == (2, 0)
    assert (told["group_stations"], told["assignee_stations"]) == (2, 1)
    assert told["solved_at"] == "2025-10-07T08:00:00Z" and told["initially_assigned_at"] == "2025-10-06T08:10:00Z"


def test_full_resolution_stays_while_the_ticket_is_open_again_and_the_lasting_status_is_in_no_wait():
    story = asked()
    story.status(7, "10-06 09:00", "new", "solved")
    story.status(7, "10-07 09:00", "solved", "open")
    told = metric_set(story)
    assert told["full_resolution_time_in_minutes"]["calendar"] == 60
    assert told["requester_wait_time_in_minutes"]["calendar"] == 60
    assert told["reopens"] == 1


def test_agent_s_own_opening_is_no_reply():
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00", by_agent=BEN)
    story.says(7, "10-06 08:00", "agent", author=BEN)
    story.says(7, "10-06 08:05", "agent", author=BEN)
    assert metric_set(story)["reply_time_in_minutes"] == {"calendar": 5, "business": 5}


def test_merged_ticket_is_solved_by_the_merge():
    story = asked()
    story.ticket(8, "10-06 08:30")
    story.tell(TicketMerged, "10-06 09:00", loser_ticket_id=8, winner_ticket_id=7, by_user_id=BEN)
    assert metric_set(story, 8)["full_resolution_time_in_minutes"] == {"calendar": 30, "business": 30}
