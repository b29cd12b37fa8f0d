"""Response times of tickets told event by event; every expected number is worked out beside it."""

from __future__ import annotations

import pytest

from sandbox.model import TicketDeleted, TicketMerged
from sandbox.truth.kaplan_meier import survival_quantile
from tests.unit.sandbox.story import AS_OF, BEN, BOT, FORMER, Story


def test_first_response_is_the_first_public_answer_of_a_person():
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00")
    story.says(7, "10-06 08:00:10", "auto_reply", author=-1)  # the system's automatic answer
    story.says(7, "10-06 08:00:40", "bot", author=BOT)  # a program with an agent's seat
    story.says(7, "10-06 08:30", "agent", public=False)  # a note among colleagues
    story.says(7, "10-06 09:30:30", "agent")
    story.says(7, "10-06 09:40", "agent")
    ticket = story.truth()["tickets"]["7"]
    assert ticket["first_response_minutes"] == 90.5  # 08:00:00 → 09:30:30
    assert ticket["first_response_zendesk_minutes"] == pytest.approx(40 / 60)  # the bot, 40 seconds
    assert ticket["public_agent_replies"] == 2
    assert not ticket["is_unanswered"]


def test_ticket_without_an_answer_is_unanswered_even_when_solved():
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00")
    story.says(7, "10-06 08:00:10", "auto_reply", author=-1)
    story.status(7, "10-16 08:00", "new", "solved")
    told = story.truth()
    assert told["tickets"]["7"]["first_response_minutes"] is None
    assert told["tickets"]["7"]["first_response_zendesk_minutes"] is None
    assert told["tickets"]["7"]["is_unanswered"]
    assert told["first_response"]["all 2025-10-01"] == {
        "n": 1,
        "n_answered": 0,
        "n_unanswered": 1,
        "median_minutes": None,
        "p90_minutes": None,
        "mean_answered_minutes": None,
        "mean_answered_ci_low": None,
        "mean_answered_ci_high": None,
    }


def test_merged_ticket_is_a_contact_without_response_time():
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00")
    story.ticket(8, "10-06 09:00", channel="web")
    story.says(8, "10-06 09:20", "agent")  # answered before anybody noticed
    story.tell(TicketMerged, "10-06 10:00", loser_ticket_id=8, winner_ticket_id=7, by_user_id=BEN)
    story.says(7, "10-06 10:00:30", "agent")
    told = story.truth()
    merged = told["tickets"]["8"]
    assert (merged["is_merged"], merged["status"]) == (True, "closed")
    assert merged["first_response_minutes"] is None
    assert merged["first_response_zendesk_minutes"] is None
    assert not merged["is_unanswered"]
    assert told["tickets"]["7"]["first_response_minutes"] == 120.5
    assert told["first_response"]["all 2025-10-01"]["n"] == 1
    assert told["business"]["person:1"]["tickets"] == 2  # both were contacts


def test_deleted_ticket_is_out_of_every_metric():
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00")
    story.says(7, "10-06 08:10", "agent")
    story.rates(7, "10-06 09:00", "bad")
    story.tell(TicketDeleted, "10-07 09:00", ticket_id=7)
    told = story.truth()
    assert told["tickets"] == {}
    assert told["answers"] == []
    assert told["first_response"] == {}
    assert told["sources"]["zendesk"]["tickets"] == {"live": 0, "deleted": 1}


def test_ticket_that_an_agent_opened_waits_from_the_first_customer_comment():
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00", by_agent=BEN)
    story.says(7, "10-06 08:00", "agent", author=BEN)  # the outbound message
    story.says(7, "10-06 08:05", "agent", author=BEN)  # and an afterthought
    story.says(7, "10-06 11:00", "customer", author=1)
    story.says(7, "10-06 11:45", "agent")
    ticket = story.truth()["tickets"]["7"]
    assert ticket["first_customer_turn_at"] == "2025-10-06T11:00:00+00:00"
    assert ticket["first_response_minutes"] == 45  # 11:00 → 11:45
    assert ticket["first_response_zendesk_minutes"] == 5  # creation → second public agent comment


def test_call_that_an_agent_noted_privately_has_its_parity_from_the_first_public_comment():
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00", by_agent=BEN, channel="phone")
    story.says(7, "10-06 08:00", "agent", author=BEN, public=False)
    story.says(7, "10-06 08:12", "agent", author=BEN)
    ticket = story.truth()["tickets"]["7"]
    assert ticket["first_response_minutes"] is None  # the customer never wrote
    assert not ticket["is_unanswered"]
    assert ticket["first_customer_turn_at"] is None
    assert ticket["first_response_zendesk_minutes"] == 12


def test_comments_of_an_end_user_who_became_an_agent_later_are_a_customers():
    story = Story()
    story.user(FORMER, person=5)
    story.ticket(7, "09-10 08:00", user_id=FORMER)
    story.says(7, "09-10 08:05", "customer", author=FORMER)  # an agent by today, not then
    story.says(7, "09-10 10:00", "agent")
    story.user(1)
    story.ticket(8, "10-06 08:00")
    story.says(8, "10-06 08:07", "agent", author=FORMER)  # an agent by now
    told = story.truth()
    assert told["tickets"]["7"]["first_response_minutes"] == 120
    assert told["tickets"]["7"]["public_customer_messages"] == 2
    assert told["tickets"]["8"]["first_response_minutes"] == 7
    assert {"person_id": 5, "records": ["zendesk:903"]} in told["persons"]  # asked for help


def test_minutes_are_real_time_over_the_change_of_clocks():
    story = Story()
    story.user(1)
    # In Warsaw the night of 25 to 26 October has an hour twice: 01:30 to 03:30 on the clock, three hours in truth.
    story.ticket(7, "10-25 23:30")
    story.says(7, "10-26 02:30", "agent")
    assert story.truth()["tickets"]["7"]["first_response_minutes"] == 180


def test_ticket_reopened_twice_counts_two_also_while_open():
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00")
    for before, after, when in (
        ("new", "solved", "10-06 09:00"),
        ("solved", "open", "10-06 10:00"),
        ("open", "pending", "10-06 10:30"),
        ("pending", "solved", "10-06 11:00"),
        ("solved", "open", "10-07 10:00"),
    ):
        story.status(7, when, before, after)
    ticket = story.truth()["tickets"]["7"]
    assert ticket["reopens"] == 2
    assert ticket["is_open"]
    assert ticket["first_solved_at"] == "2025-10-06T09:00:00+00:00"
    assert ticket["last_solved_at"] == "2025-10-06T11:00:00+00:00"


def test_truth_knows_only_what_happened_by_its_clock():
    story = Story()
    story.user(1)
    story.ticket(7, "11-04 01:00")
    story.says(7, "11-04 02:00:01", "agent")  # one second after the night
    assert story.truth(AS_OF)["tickets"]["7"]["is_unanswered"]


def test_waiting_tickets_make_the_median_longer():
    # Answered after 10, 20, 40 minutes; one has waited 15 minutes, one 60, both unanswered.
    # 10: 4 of 5 left = 0.8. 15: censored, 3 at risk. 20: 0.8 × 2/3 = 0.533. 40: 0.533 × 1/2 = 0.267 ≤ 0.5.
    assert survival_quantile([10, 20, 40], [15, 60], 0.5) == 40
    assert survival_quantile([10, 20, 40], [15, 60], 0.9) is None  # never below 0.1
    # without the waiting ones: 0.667, 0.333, 0
    assert survival_quantile([10, 20, 40], [], 0.5) == 20
    assert survival_quantile([10, 20, 40], [], 0.9) == 40
    # one censored at the very moment of an answer was still waiting then: 1 − 1/2 = 0.5
    assert survival_quantile([10], [10], 0.5) == 10


def test_summary_of_first_responses_by_channel():
    story = Story()
    story.user(1)
    for number, minutes in enumerate((10, 20, 60)):
        story.ticket(number, f"10-0{number + 1} 08:00", channel="chat")
        story.says(number, f"10-0{number + 1} {8 + minutes // 60:02}:{minutes % 60:02}", "agent")
    found = story.truth()["first_response"]
    assert found["chat 2025-10-01"] == found["all 2025-10-01"]
    assert found["chat 2025-10-01"]["mean_answered_minutes"] == 30
    # deviation √((400 + 100 + 900)/2) = 26.4575; t(2) = 4.302653; 4.302653 × 26.4575/√3 = 65.7241
    assert found["chat 2025-10-01"]["mean_answered_ci_high"] == pytest.approx(95.7241, abs=1e-3)
    assert found["chat 2025-10-01"]["mean_answered_ci_low"] == 0  # no time is shorter than none
