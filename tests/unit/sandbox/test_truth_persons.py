"""Whose each record is, told event by event, and the same metrics under customers that somebody else made."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox.company import generate
from sandbox.company.staff_surveys import NOBODY
from sandbox.company.surveys import AFTER_TICKET, RELATIONSHIP
from sandbox.model import (
    ContactArchived,
    ContactChanged,
    ContactCreated,
    ContactsMerged,
    HelpdeskUserCreated,
    HelpdeskUserDeleted,
    HelpdeskUsersMerged,
    SurveyResponse,
    SurveyResponseDeleted,
    TicketOpened,
    VisitsCounted,
    hex_id,
)
from sandbox.truth import truth
from tests.unit.sandbox.story import ANNA, FORMER, Story, score

NPS, TICKET = RELATIONSHIP.form_id, AFTER_TICKET.form_id


# --- whose a record is ---
def test_all_records_of_a_person_are_theirs_whatever_is_written_in_them():
    story = Story()
    story.contact(5, person=3)
    story.tell(ContactChanged, "10-07 08:00", contact_id=5, changes={"email": "elsewhere@x.example"})
    story.user(1, person=3)
    story.user(2, person=4)
    story.answers(NPS, "10-06 08:00", {"nps": 9}, person=3, response_id="r")
    assert story.persons() == {3: ["hubspot:5", "zendesk:1", f"typeform:{NPS}:r"], 4: ["zendesk:2"]}


def test_records_that_were_merged_away_or_deleted_stay_a_persons():
    story = Story()
    for contact_id in (5, 6, 7):
        story.contact(contact_id)
    story.tell(ContactsMerged, "10-07 08:00", winner_id=5, loser_id=6)
    story.tell(ContactArchived, "10-07 08:00", contact_id=7)
    for user_id in (1, 2, 3):
        story.user(user_id)
    story.tell(HelpdeskUsersMerged, "10-07 08:00", winner_id=1, loser_id=2)
    story.tell(HelpdeskUserDeleted, "10-07 08:00", user_id=3)
    story.answers(NPS, "10-06 08:00", {"nps": 9}, response_id="r")
    story.tell(SurveyResponseDeleted, "10-07 08:00", response_id="r", form_id=NPS)
    contacts, users = ["hubspot:5", "hubspot:6", "hubspot:7"], ["zendesk:1", "zendesk:2", "zendesk:3"]
    assert story.persons() == {1: [*contacts, *users, f"typeform:{NPS}:r"]}


def test_survey_that_was_merely_started_is_no_record():
    story = Story()
    story.answers(NPS, "10-06 08:00", {}, state="started")
    assert story.persons() == {}
    assert story.truth()["business"] == {}


def test_employee_is_a_customer_only_as_somebody_who_asked_for_help():
    story = Story()
    story.user(FORMER, person=5)  # an agent by now
    assert story.persons() == {}
    story.ticket(7, "09-10 08:00", user_id=FORMER)
    assert story.persons() == {5: [f"zendesk:{FORMER}"]}


def test_logged_in_visitor_is_the_contacts_person_and_so_is_the_browser():
    story = Story()
    story.contact(5, person=3)
    story.visit("10-05 08:00", "1.1", None)
    assert story.persons() == {3: ["hubspot:5"]}  # nobody has logged in on it
    story.visit("10-06 08:00", "1.1", "5")
    assert story.persons() == {3: ["hubspot:5", "ga4:5", f"matomo:{hex_id('1.1')}"]}


def test_browser_of_two_people_is_nobodys():
    story = Story()
    for person in (3, 4):
        story.contact(person, person=person)
        story.visit("10-06 08:00", "1.1", str(person))
    browser = f"matomo:{hex_id('1.1')}"
    assert story.persons() == {3: ["hubspot:3", "ga4:3"], 4: ["hubspot:4", "ga4:4"]}
    # whoever gives it to one of them is wrong
    told = story.truth(customers={"hubspot:3": "a", "ga4:3": "a", browser: "a", "hubspot:4": "b", "ga4:4": "b"})
    assert told["who"]["wrong"] == [["hubspot:3", browser]]


@pytest.mark.parametrize(("customers", "days"), [(400, 120), (60, 20)])
def test_every_record_is_exactly_one_persons(customers: int, days: int):
    company = generate(7, customers, days)
    told = truth(company, company.opens_at)
    counts = Counter(record for person in told["persons"] for record in person["records"])
    assert set(counts.values()) == {1}
    assert all(one["person_id"] in company.people for one in told["persons"])

    expected: dict[str, int] = {}  # record → its person, as the events name them
    started: set[str] = set()
    logins: dict[str, set[str]] = {}
    requesters = set()
    for event in company.events:
        if event.at > company.opens_at:
            break
        match event:
            case ContactCreated():
                expected[f"hubspot:{event.contact_id}"] = event.person_id
            case HelpdeskUserCreated():
                expected[f"zendesk:{event.user_id}"] = event.person_id
            case TicketOpened():
                requesters.add(event.requester_user_id)
            case SurveyResponse() if event.person_id != NOBODY:
                key = f"typeform:{event.form_id}:{event.response_id}"
                expected[key] = event.person_id
                (started.add if event.state == "started" else started.discard)(key)
            case VisitsCounted() if event.user_id is not None:
                expected[f"ga4:{event.user_id}"] = expected[f"hubspot:{event.user_id}"]
                logins.setdefault(event.client_id, set()).add(event.user_id)
    for client_id, user_ids in logins.items():
        if len(user_ids) == 1:
            expected[f"matomo:{hex_id(client_id)}"] = expected[f"ga4:{user_ids.pop()}"]
    assert all(agent_id in requesters for agent_id in company.agents if f"zendesk:{agent_id}" in expected)
    found = {record: one["person_id"] for one in told["persons"] for record in one["records"]}
    assert found == {key: person for key, person in expected.items() if key not in started}


# --- the same metrics under other customers ---
def test_records_are_counted_under_the_customers_that_are_given():
    story = Story()
    story.contact(5, person=3)
    story.user(1, person=3)
    story.ticket(7, "10-06 08:00", user_id=1)
    story.deal(8, "10-06 08:00", "10", "EUR", contact_id=5)
    story.answers(NPS, "10-06 08:00", {"nps": 9}, person=3, response_id="r")
    story.answers(NPS, "10-07 08:00", {"nps": 3}, person=3, response_id="s")
    true = story.truth()
    assert true["tickets"]["7"]["customer"] == true["orders"]["8"]["customer"] == "person:3"
    assert score(true, "nps_responses", "0-10", "relationship")["n_customers"] == 1
    assert score(true, "nps_customers_90d", "0-10", "relationship")["value"] == -100  # the last answer alone
    assert "who" not in true

    told = story.truth(customers={"hubspot:5": "a", f"typeform:{NPS}:r": "a", "zendesk:1": "b"})
    assert told["orders"]["8"]["customer"] == "a"
    assert told["tickets"]["7"]["customer"] == "b"
    alone = f"typeform:{NPS}:s"  # not among them
    assert [answer["customer"] for answer in told["answers"]] == ["a", alone]
    assert score(told, "nps_responses", "0-10", "relationship")["n_customers"] == 2
    assert score(told, "nps_customers_90d", "0-10", "relationship")["value"] == 0
    assert {name: (row["orders"], row["tickets"]) for name, row in told["business"].items()} == {
        "a": (1, 0),
        "b": (0, 1),
        alone: (0, 0),
    }


def test_what_a_merged_record_named_is_its_winners_customers():
    story = Story()
    story.contact(5)
    story.contact(6)
    story.deal(8, "10-06 08:00", "10", "EUR", contact_id=6)
    story.tell(ContactsMerged, "10-08 08:00", winner_id=5, loser_id=6)
    story.user(1)
    story.user(2)
    story.ticket(7, "10-06 08:00", user_id=2)
    story.rates(7, "10-07 08:00", "good")
    story.tell(HelpdeskUsersMerged, "10-08 08:00", winner_id=1, loser_id=2)
    told = story.truth(customers={"hubspot:5": "a", "hubspot:6": "x", "zendesk:1": "b", "zendesk:2": "y"})
    assert told["orders"]["8"]["customer"] == "a"
    assert told["tickets"]["7"]["customer"] == "b"
    assert [answer["customer"] for answer in told["answers"]] == ["b"]
    assert set(told["business"]) == {"a", "b"}


def test_customer_without_a_live_record_is_no_row_of_the_business():
    story = Story()
    story.contact(5, person=3)
    story.tell(ContactArchived, "10-07 08:00", contact_id=5)
    story.user(1, person=4)
    story.tell(HelpdeskUserDeleted, "10-07 08:00", user_id=1)
    story.ticket(7, "10-06 08:00", user_id=1)
    told = story.truth()
    assert told["business"] == {}
    assert told["tickets"]["7"]["customer"] == "person:4"


def test_browser_alone_makes_no_customer():
    story = Story()
    story.contact(5, person=3)
    story.visit("10-06 08:00", "1.1", "5")
    told = story.truth(customers={"hubspot:5": "a", "ga4:5": "a", f"matomo:{hex_id('1.1')}": "b"})
    assert list(told["business"]) == ["a"]


def test_agent_is_unknown_to_the_persons():
    story = Story()
    story.user(1)
    told = story.truth(customers={"zendesk:1": "a", f"zendesk:{ANNA}": "a"})
    assert told["who"]["unknown"] == [f"zendesk:{ANNA}"]
