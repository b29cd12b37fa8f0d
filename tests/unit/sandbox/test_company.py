"""The made company: the same seed gives the same life, nobody acts after they are gone, and moods have consequences."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from statistics import mean
from zoneinfo import ZoneInfo

import pytest

from sandbox.company import generate
from sandbox.company.surveys import FORMS_BY_ID
from sandbox.model import (
    COMPANY_TIME_ZONE,
    CommentAdded,
    Company,
    ContactArchived,
    ContactChanged,
    ContactCreated,
    ContactsMerged,
    DealChanged,
    DealCreated,
    HelpdeskUserCreated,
    HelpdeskUserDeleted,
    HelpdeskUsersMerged,
    SurveyResponse,
    TicketChanged,
    TicketDeleted,
    TicketMerged,
    TicketOpened,
    VisitsCounted,
)
from sandbox.truth import truth


@pytest.fixture(scope="module")
def company() -> Company:
    """The default company."""
    return generate(7, 400, 120)


def test_same_seed_makes_the_same_company():
    first, again, other = (generate(seed, 40, 20, 5) for seed in (3, 3, 4))
    assert first == again
    assert first.events == again.events
    assert first.events != other.events


def test_longer_horizon_adds_to_the_future_and_changes_nothing_before():
    short, long = generate(3, 60, 30, 6), generate(3, 60, 30, 30)
    assert [event for event in long.events if event.at < short.ends_at] == short.events


@pytest.mark.parametrize(("customers", "days"), [(1, 1), (2, 3), (10, 400)])
def test_smallest_and_longest_companies_can_be_made(customers: int, days: int):
    made = generate(1, customers, days)
    assert made.people
    truth(made, made.opens_at)


def test_events_are_in_order_and_in_whole_seconds(company: Company):
    keys = [(event.at, event.event_id) for event in company.events]
    assert keys == sorted(keys)
    assert len({event.event_id for event in company.events}) == len(keys)
    assert not any(event.at.microsecond for event in company.events)


def test_nothing_happens_shortly_before_a_night(company: Company):
    near = []
    for event in company.events:
        since = event.at - event.at.replace(hour=2, minute=0, second=0)
        if timedelta(minutes=-10) <= since <= timedelta(0) and event.at >= company.opens_at - timedelta(days=1):
            near.append(event)
    assert near == []


def test_history_has_a_day_of_25_hours(company: Company):
    zone = ZoneInfo(COMPANY_TIME_ZONE)
    offsets = {event.at.astimezone(zone).utcoffset() for event in company.events if event.at <= company.opens_at}
    assert len(offsets) == 2


@pytest.mark.parametrize(("customers", "days"), [(400, 120), (60, 30), (40, 14)])
def test_every_day_after_the_first_night_brings_every_kind_of_change(customers: int, days: int):
    made = generate(7, customers, days)
    kinds_of_day: dict[int, Counter[str]] = defaultdict(Counter)
    for event in made.events:
        if event.at <= made.opens_at:
            continue
        kind = type(event).__name__
        if isinstance(event, SurveyResponse):
            kind = "late answer" if event.is_late else f"{event.state} answer"
            if event.at - event.submitted_at > timedelta(hours=12) and not event.is_late:
                kind = "answer completed on a later day"
        elif isinstance(event, VisitsCounted):
            kind = f"visit counted {(event.at.astimezone(ZoneInfo(COMPANY_TIME_ZONE)).date() - event.day).days} late"
        elif isinstance(event, TicketChanged) and event.changes.get("status", ("", ""))[0] == "solved":
            kind = f"solved ticket becomes {event.changes['status'][1]}"
        elif isinstance(event, DealCreated) and (event.amount or "").startswith("-"):
            kind = "refund"
        kinds_of_day[(event.at - made.opens_at).days][kind] += 1
    daily = {
        "AccountCreated",
        "CommentAdded",
        "ContactArchived",
        "ContactChanged",
        "ContactCreated",
        "ContactLinkedToAccount",
        "ContactsMerged",
        "DealArchived",
        "DealChanged",
        "DealCreated",
        "HelpdeskUserChanged",
        "HelpdeskUserCreated",
        "HelpdeskUserDeleted",
        "HelpdeskUsersMerged",
        "SatisfactionRated",
        "SurveyResponseDeleted",
        "TicketChanged",
        "TicketDeleted",
        "TicketMerged",
        "TicketOpened",
        "completed answer",
        "late answer",
        "partial answer",
        "solved ticket becomes open",
        "visit counted 1 late",
        "visit counted 2 late",
        "visit counted 3 late",
    }
    missing = {day: sorted(daily - set(kinds_of_day[day])) for day in range(40) if daily - set(kinds_of_day[day])}
    assert missing == {}


def test_nothing_happens_to_what_does_not_exist_or_is_gone(company: Company):
    contacts: set[int] = set()
    users: set[int] = set()
    tickets: set[int] = set()
    deals: set[int] = set()
    buyers: set[int | None] = set()
    hired = {agent_id: agent.became_agent_at for agent_id, agent in company.agents.items()}
    for event in company.events:
        match event:
            case ContactCreated():
                contacts.add(event.contact_id)
            case ContactChanged():
                assert event.contact_id in contacts
            case ContactArchived():
                contacts.remove(event.contact_id)
                assert event.contact_id not in buyers  # an order keeps its customer
            case ContactsMerged():
                assert event.winner_id in contacts
                contacts.remove(event.loser_id)
            case HelpdeskUserCreated():
                users.add(event.user_id)
            case HelpdeskUserDeleted():
                users.remove(event.user_id)
            case HelpdeskUsersMerged():
                assert event.winner_id in users
                users.remove(event.loser_id)
            case TicketOpened():
                assert event.requester_user_id in users
                tickets.add(event.ticket_id)
            case CommentAdded():
                assert event.ticket_id in tickets
                if event.kind == "customer":
                    assert event.author_user_id in users
                    assert hired.get(event.author_user_id, company.ends_at) > event.at
                elif event.kind != "auto_reply":
                    assert hired[event.author_user_id] <= event.at
                    assert company.agents[event.author_user_id].is_bot == (event.kind == "bot")
            case TicketChanged():
                assert event.ticket_id in tickets
            case TicketMerged():
                assert event.winner_ticket_id in tickets
                tickets.remove(event.loser_ticket_id)
            case TicketDeleted():
                tickets.discard(event.ticket_id)
            case DealCreated():
                assert event.contact_id is None or event.contact_id in contacts
                deals.add(event.deal_id)
                buyers.add(event.contact_id)
            case DealChanged():
                assert event.deal_id in deals


def test_changes_say_what_was_before(company: Company):
    status: dict[int, str] = {}
    for event in company.events:
        if isinstance(event, TicketOpened):
            status[event.ticket_id] = "new"
        elif isinstance(event, TicketChanged) and "status" in event.changes:
            before, after = event.changes["status"]
            assert status[event.ticket_id] == before
            assert before != "closed"
            status[event.ticket_id] = after or ""


def test_comments_of_a_ticket_never_share_a_second(company: Company):
    seen = Counter((event.ticket_id, event.at) for event in company.events if isinstance(event, CommentAdded))
    assert max(seen.values()) == 1


def test_visits_of_a_browser_are_told_once(company: Company):
    visits = [event for event in company.events if isinstance(event, VisitsCounted)]
    keys = {(visit.day, visit.client_id, visit.user_id, visit.channel, visit.landing_page) for visit in visits}
    assert len(keys) == len(visits)
    zone = ZoneInfo(COMPANY_TIME_ZONE)
    lateness = {(visit.at.astimezone(zone).date() - visit.day).days for visit in visits}
    assert lateness == {0, 1, 2, 3}


def test_answers_fit_their_questions_and_keep_their_first_submission(company: Company):
    submitted = {}
    for event in company.events:
        if not isinstance(event, SurveyResponse):
            continue
        form = FORMS_BY_ID[event.form_id]
        assert set(event.answers) <= {question.ref for question in form.questions}
        assert set(event.hidden) <= set(form.hidden)
        assert bool(event.answers) == (event.state != "started")
        assert event.landed_at <= event.submitted_at <= event.at
        if event.state != "started":
            assert submitted.setdefault(event.response_id, event.submitted_at) == event.submitted_at


def test_slow_answers_lower_the_next_score(company: Company):
    waited: dict[str, tuple[float, str]] = {}
    told = truth(company, company.ends_at - timedelta(seconds=1))
    for ticket_id, ticket in told["tickets"].items():
        if ticket["first_response_minutes"] is not None:
            waited[ticket_id] = (ticket["first_response_minutes"], ticket["customer"])
    quick, slow = [], []
    for answer in told["answers"]:
        minutes = waited.get(answer["ticket_id"] or "", (None,))[0]
        if answer["metric"] == "csat" and minutes is not None:
            (quick if minutes < 240 else slow if minutes > 1_440 else []).append(answer["score"])
    assert len(quick) > 50
    assert len(slow) > 50
    assert mean(quick) > mean(slow) + 0.25


def test_unhappy_customers_buy_less(company: Company):
    told = truth(company, company.ends_at - timedelta(seconds=1))
    orders: dict[str, list[int]] = {"promoter": [], "detractor": []}
    for customer in told["business"].values():
        group = customer["last_answers"].get("nps", {}).get("nps_group")
        if group in orders:
            orders[group].append(customer["orders"])
    assert mean(orders["promoter"]) > mean(orders["detractor"]) * 1.15
