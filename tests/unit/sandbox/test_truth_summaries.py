"""Durations, shares, backlog and contact rates of tickets told event by event; numbers are worked out beside them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.company.surveys import RELATIONSHIP
from sandbox.model import TicketDeleted, TicketMerged
from sandbox.truth import truth
from sandbox.truth.kaplan_meier import curve, median_interval
from tests.unit.sandbox.story import ANNA, AS_OF, BEN, Story, at


def part(told: dict[str, Any], name: str, **where: Any) -> list[dict[str, Any]]:
    return [row for row in told[name] if all(row[column] == value for column, value in where.items())]


def whole(told: dict[str, Any], name: str, metric: str) -> dict[str, Any]:
    [row] = part(told, name, metric=metric, dimension="all", period="month" if name == "durations" else "all")
    return row


# --- durations ---
def test_open_ticket_counts_as_having_lasted_so_long():
    story = Story()
    story.user(1)
    for number, minutes in enumerate((10, 20)):
        story.ticket(number, f"10-0{number + 6} 08:00")
        story.status(number, f"10-0{number + 6} 08:{minutes}", "new", "solved")
    story.ticket(2, "10-08 08:00")
    row = whole(story.truth(at("10-08 08:15")), "durations", "first_resolution")
    # 10: two of three left. 15 waits: censored. 20: none left of the one at risk.
    assert (row["n"], row["n_done"], row["n_open"]) == (3, 2, 1)
    assert (row["median_minutes"], row["p90_minutes"], row["mean_done_minutes"]) == (20, 20, 15)
    assert row["is_small_sample"]


def test_all_open_has_no_median():
    story = Story()
    story.user(1)
    story.ticket(1, "10-06 08:00")
    row = whole(story.truth(), "durations", "full_resolution")
    assert (row["n"], row["n_done"], row["median_minutes"], row["mean_done_minutes"]) == (1, 0, None, None)


def test_reopened_ticket_is_done_for_the_first_and_open_for_the_full_resolution():
    story = Story()
    story.user(1)
    story.ticket(1, "10-06 08:00")
    story.status(1, "10-06 09:00", "new", "solved")
    story.status(1, "10-06 10:00", "solved", "open")
    told = story.truth(at("10-06 12:00"))
    assert whole(told, "durations", "first_resolution")["mean_done_minutes"] == 60
    assert whole(told, "durations", "full_resolution")["n_open"] == 1
    assert whole(told, "durations", "requester_wait")["n_open"] == 1


def test_cohort_is_the_local_day_of_the_creation_and_of_a_next_reply_that_of_the_question():
    story = Story()
    story.user(1)
    story.ticket(1, "10-05 22:30")  # Monday the 6th in Warsaw
    story.says(1, "10-06 08:00", "agent")
    story.says(1, "10-31 23:30", "customer", author=1)  # Saturday 1 November there
    story.says(1, "11-01 00:00", "agent")
    told = story.truth()
    [row] = part(told, "durations", metric="first_response", dimension="all", period="day")
    assert (row["member"], row["period_start"], row["mean_done_minutes"]) == ("all", "2025-10-06", 570)
    periods = {
        row["period"]: row["period_start"]
        for row in part(told, "durations", metric="next_reply", dimension="all", member="all")
    }
    assert periods == {"month": "2025-11-01", "week": "2025-10-27", "day": "2025-11-01"}


def test_ticket_is_counted_with_its_present_team_and_without_one_in_none():
    story = Story()
    story.user(1)
    for number in (1, 2):
        story.ticket(number, "10-06 08:00")
    story.change(1, "10-06 09:00", group=(None, "Tier 1"))
    story.change(1, "10-07 09:00", group=("Tier 1", "Billing"))
    rows = part(story.truth(), "durations", metric="first_response", dimension="team", period="month")
    assert [(row["member"], row["n"]) for row in rows] == [("Billing", 1)]


def test_merged_and_deleted_tickets_are_in_no_cohort():
    story = Story()
    story.user(1)
    for number in (1, 2, 3):
        story.ticket(number, "10-06 08:00")
    story.tell(TicketMerged, "10-06 09:00", loser_ticket_id=2, winner_ticket_id=1, by_user_id=BEN)
    story.tell(TicketDeleted, "10-06 09:00", ticket_id=3)
    told = story.truth()
    assert whole(told, "durations", "first_resolution")["n"] == 1
    assert whole(told, "shares", "unanswered")["n"] == 1


def test_interval_of_the_median_is_where_the_band_meets_one_half():
    # Ten answers after 1 … 10 minutes. After 2 minutes 0.8 are left: Greenwood 1/(10·9) + 1/(9·8) = 0.025, so the band
    # is exp(−exp(ln(−ln 0.8) ± 1.96·√0.025/0.22314)): 0.409 … 0.946; after 1 minute 0.473 … 0.985.
    # So the low end is 1; the high end is the first with its upper band at most one half: after 8 minutes 0.2 are left,
    # 0.031 … 0.475; after 7 it is 0.071 … 0.578.
    assert median_interval(curve(range(1, 11), [])) == (1, 8)
    assert median_interval(curve([10], [20, 30])) == (10, None)  # 0.667 left: 0.054 … 0.945


# --- shares ---
def test_shares_count_what_can_be_judged():
    story = Story()
    story.user(1)
    story.user(2, person=2)
    story.ticket(1, "10-06 08:00")  # one touch
    story.says(1, "10-06 09:00", "agent")
    story.status(1, "10-06 09:00", "new", "solved")
    story.ticket(2, "10-06 08:00", user_id=2)  # reopened and solved again
    story.says(2, "10-06 17:00", "agent")
    for when, before, after in (
        ("10-06 17:00", "new", "solved"),
        ("10-07 09:00", "solved", "open"),
        ("10-07 10:00", "open", "solved"),
    ):
        story.status(2, when, before, after)
    story.ticket(3, "11-03 20:00")  # waits, and is not late yet
    told = story.truth()
    found = {
        row["metric"]: (row["value"], row["n"])
        for row in part(told, "shares", dimension="all", period="all")
        if not row["metric"].startswith("fcr")
    }
    assert found == {
        "one_touch": (0.5, 2),
        "reopened": (0.5, 2),
        "unanswered": (pytest.approx(1 / 3), 3),
        "sla_met_first_reply_time": (0.5, 2),  # 60 and 540 of 480 minutes; the third is not decided
    }
    row = whole(told, "shares", "fcr_7d_any_topic")
    assert (row["value"], row["n"]) == (0.5, 2)
    # Wilson for 1 of 2: (0.5 + 3.8415/4 ± 1.96·√((0.25 + 3.8415/8)/2))/(1 + 3.8415/2)
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(0.0945, abs=1e-4), pytest.approx(0.9055, abs=1e-4))


def final(told: dict[str, Any], metric: str) -> tuple[int, int, bool]:
    """n, n_open and is_final of the week from 6 October."""
    [row] = part(told, "shares", metric=metric, dimension="all", period="week")
    return row["n"], row["n_open"], row["is_final"]


def test_share_is_final_when_its_period_and_the_window_after_it_are_over_and_nothing_can_turn():
    story = Story()
    story.user(1)
    story.ticket(1, "10-06 08:00")
    story.says(1, "10-06 09:00", "agent")
    story.status(1, "10-06 09:00", "new", "solved")
    story.status(1, "10-16 09:00", "solved", "closed")
    # the week is over on the 12th at 22:00 UTC, the window of the ticket on the 13th, that of the week on the 19th
    assert final(story.truth(at("10-13 08:59")), "fcr_7d_any_topic") == (0, 1, False)
    assert final(story.truth(at("10-13 09:00")), "fcr_7d_any_topic") == (1, 0, False)
    assert final(story.truth(at("10-19 21:59")), "fcr_7d_any_topic") == (1, 0, False)
    assert final(story.truth(at("10-19 22:00")), "fcr_7d_any_topic") == (1, 0, True)
    assert final(story.truth(at("10-19 22:00")), "fcr_14d_any_topic") == (0, 1, False)
    # what is solved may still be reopened; what is closed may not
    for metric in ("reopened", "one_touch"):
        assert final(story.truth(at("10-16 08:59")), metric) == (1, 1, False)
        assert final(story.truth(at("10-16 09:00")), metric) == (1, 0, True)
    assert final(story.truth(at("10-12 21:59")), "unanswered") == (1, 0, False)
    assert final(story.truth(at("10-12 22:00")), "unanswered") == (1, 0, True)
    assert not whole(story.truth(), "shares", "unanswered")["is_final"]  # all time is never over


# --- cuts ---
def test_ticket_is_its_organization_s_else_its_customer_s_and_in_the_hands_of_its_present_agent():
    story = Story()
    for user in (1, 2, 3):
        story.user(user, person=user)
    story.ticket(1, "10-06 08:00", user_id=1, organization=50)
    story.ticket(2, "10-06 08:00", user_id=2)
    story.ticket(3, "10-06 08:00", user_id=3)
    story.change(1, "10-06 09:00", assignee_id=(None, str(ANNA)))
    story.change(1, "10-06 09:30", assignee_id=(str(ANNA), str(BEN)))
    customers = {f"zendesk:{user}": f"customer {user}" for user in (1, 2, 3)}
    known = {"customer 1": {"account_key": "other"}, "customer 2": {"account_key": "two"}, "customer 3": {}}
    told = truth(story.company(), AS_OF, customers, known, {"50": "one"})
    for name in ("durations", "shares"):
        found = {
            (row["dimension"], row["member"]): row["n"]
            for row in part(
                told, name, metric="first_response" if name == "durations" else "unanswered", period="month"
            )
        }
        assert {key: n for key, n in found.items() if key[0] in ("account", "segment", "agent")} == {
            ("account", "one"): 1,
            ("account", "two"): 1,
            ("segment", "business"): 2,
            ("segment", "consumer"): 1,
            ("agent", f"zendesk:{BEN}"): 1,
        }
        assert {row["period"] for row in part(told, name, dimension="account")} <= {"all", "month"}


# --- backlog ---
def days(told: dict[str, Any]) -> dict[str, tuple[int, int, int, int]]:
    found: dict[str, tuple[int, int, int, int]] = {}
    for row in told["backlog"]:
        former = found.get(row["day"], (0, 0, 0, 0))
        names = ("open_tickets", "opened", "solved", "reopened")
        found[row["day"]] = tuple(a + row[name] for a, name in zip(former, names, strict=True))  # type: ignore[assignment]
    return found


def test_backlog_is_what_is_unsolved_at_the_end_of_the_local_day():
    story = Story()
    story.user(1)
    story.ticket(1, "10-24 21:30")  # 23:30 in Warsaw
    story.status(1, "10-25 22:00", "new", "solved")  # midnight to the 26th: still open on the 25th
    story.status(1, "10-26 23:30", "solved", "open")  # the 27th already; the clocks went back on the 26th
    told = story.truth(at("10-28 12:00"))
    assert days(told) == {
        "2025-10-24": (1, 1, 0, 0),
        "2025-10-25": (1, 0, 0, 0),
        "2025-10-26": (0, 0, 1, 0),
        "2025-10-27": (1, 0, 0, 1),
        "2025-10-28": (1, 0, 0, 0),  # today, at the clock
    }


def test_backlog_is_by_the_team_of_the_day_s_end_and_what_happens_by_that_of_the_moment():
    story = Story()
    story.user(1)
    story.ticket(1, "10-06 08:00")
    story.change(1, "10-06 09:00", group=(None, "Tier 1"))
    story.change(1, "10-07 09:00", group=("Tier 1", "Billing"))
    story.change(1, "10-08 09:00", status=("new", "solved"))
    rows = [
        (row["day"][8:], row["team"], row["open_tickets"], row["opened"], row["solved"])
        for row in story.truth(at("10-09 12:00"))["backlog"]
    ]
    assert rows == [
        ("06", None, 0, 1, 0),
        ("06", "Tier 1", 1, 0, 0),
        ("07", "Billing", 1, 0, 0),
        ("08", "Billing", 0, 0, 1),
    ]


def test_ticket_that_is_solved_at_the_clock_s_own_second_is_open_no_more():
    story = Story()
    story.user(1)
    story.ticket(1, "10-06 08:00")
    story.status(1, "10-06 12:00", "new", "solved")
    assert days(story.truth(at("10-06 12:00"))) == {"2025-10-06": (0, 1, 1, 0)}
    assert days(story.truth(at("10-06 11:59:59"))) == {"2025-10-06": (1, 1, 0, 0)}


def test_merged_ticket_lies_open_until_it_is_merged_and_a_deleted_one_nowhere():
    story = Story()
    story.user(1)
    for number in (1, 2, 3):
        story.ticket(number, "10-06 08:00")
    story.tell(TicketMerged, "10-07 09:00", loser_ticket_id=2, winner_ticket_id=1, by_user_id=BEN)
    story.tell(TicketDeleted, "10-07 09:00", ticket_id=3)
    assert days(story.truth(at("10-07 12:00"))) == {"2025-10-06": (2, 2, 0, 0), "2025-10-07": (1, 0, 1, 0)}


def test_backlog_adds_up_over_a_whole_company():
    from sandbox.company import generate
    from sandbox.truth import truth

    company = generate(7, 60, 60)
    found = days(truth(company, company.opens_at))
    before = 0
    for day in sorted(found):
        left, opened, solved, reopened = found[day]
        assert left == before + opened + reopened - solved, day
        before = left


# --- contacts ---
def test_contact_rate_sets_contacts_beside_active_customers_and_orders():
    story = Story()
    for person in (1, 2, 3, 4):
        story.user(person, person=person)
        story.contact(100 + person, person=person)
    story.ticket(1, "10-06 08:00", channel="chat")
    story.ticket(2, "10-07 08:00", topic="billing")
    story.tell(TicketMerged, "10-07 09:00", loser_ticket_id=2, winner_ticket_id=1, by_user_id=BEN)  # still a contact
    story.ticket(3, "10-08 08:00", user_id=4, by_agent=BEN)  # the company's own idea
    story.deal(1, "10-20 08:00", "10", "EUR", contact_id=102)
    story.deal(2, "10-20 08:00", "-5", "EUR", contact_id=104)  # a refund is no order
    story.deal(3, "10-21 08:00", "10", "EUR")  # nobody's
    story.answers(RELATIONSHIP.form_id, "10-22 08:00", {"nps": 9}, person=3)
    told = story.truth()
    [row] = part(told, "contact_rate", period="month", channel="all", topic="all")
    assert row == {
        "period": "month",
        "period_start": "2025-10-01",
        "channel": "all",
        "topic": "all",
        "contacts": 2,
        "active_customers": 3,  # who asked, who bought, who answered
        "orders": 2,
        "contacts_per_active_customer": pytest.approx(2 / 3),
        "contacts_per_order": 1,
    }
    [row] = part(told, "contact_rate", period="month", channel="chat", topic="delivery")
    assert (row["contacts"], row["active_customers"]) == (1, 3)
    [row] = part(told, "contact_rate", period="week", channel="all", topic="all")
    assert (row["period_start"], row["contacts"], row["orders"]) == ("2025-10-06", 2, 0)
    assert row["contacts_per_order"] is None
