"""Orders, revenue and customers told event by event; every expected number is worked out beside it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sandbox.company.surveys import AFTER_TICKET, RELATIONSHIP
from sandbox.model import (
    ContactArchived,
    ContactChanged,
    ContactsMerged,
    DealArchived,
    DealChanged,
    HelpdeskUserDeleted,
    HelpdeskUsersMerged,
    VisitsCounted,
)
from tests.unit.sandbox.story import Story

NPS, TICKET = RELATIONSHIP.form_id, AFTER_TICKET.form_id


def test_revenue_is_in_euro_at_the_rate_of_the_day():
    story = Story()
    story.deal(1, "10-06 08:00", "100.00", "EUR")
    story.deal(2, "10-31 08:00", "1000", "PLN")  # 0.23520 in October
    story.deal(3, "10-31 08:00", "1000", "PLN", closes="2025-11-01")  # 0.23580 in November
    story.deal(4, "10-06 08:00", "50.5", "USD")  # 0.85940
    found = story.truth()
    amounts = {deal_id: Decimal(order["amount"]) for deal_id, order in found["orders"].items()}
    assert amounts == {"1": 100, "2": Decimal("235.2"), "3": Decimal("235.8"), "4": Decimal("43.3997")}
    assert Decimal(found["revenue"]["revenue"]) == Decimal("614.3997")


def test_refund_lowers_revenue_and_is_no_order():
    story = Story()
    story.contact(5, "a@x.example")
    story.deal(1, "10-06 08:00", "100.00", "EUR", contact_id=5)
    story.deal(2, "10-09 08:00", "-30.00", "EUR", contact_id=5)
    found = story.truth()
    assert found["revenue"] == {"orders": 1, "refunds": 1, "rejected": 0, "revenue": "70.00"}
    business = found["business"]["email:a@x.example"]
    assert (business["orders"], business["refunds"], business["revenue"]) == (1, 1, "70.00")
    assert business["last_order_date"] == "2025-10-06"


def test_sale_without_currency_or_amount_is_rejected_and_counted():
    story = Story()
    story.deal(1, "10-06 08:00", "100.00", None)
    story.deal(2, "10-06 08:00", None, "EUR")
    story.deal(3, "10-06 08:00", "100", "CHF")
    found = story.truth()
    assert found["revenue"] == {"orders": 0, "refunds": 0, "rejected": 3, "revenue": "0"}
    assert [order["rejected"] for order in found["orders"].values()] == [
        "currency is missing",
        "amount is missing",
        "currency has no rate",
    ]


def test_only_won_deals_that_are_not_archived_are_orders():
    story = Story()
    story.deal(1, "10-06 08:00", "1", "EUR", stage="closedlost")
    story.deal(2, "10-06 08:00", "2", "EUR")
    story.tell(DealChanged, "10-07 08:00", deal_id=2, changes={"stage": "closedlost"})  # not won after all
    story.deal(3, "10-06 08:00", "4", "EUR")
    story.tell(DealArchived, "10-07 08:00", deal_id=3)
    story.deal(4, "10-06 08:00", "8", "EUR")
    story.tell(DealChanged, "10-07 08:00", deal_id=4, changes={"amount": "16"})
    assert story.truth()["revenue"] == {"orders": 1, "refunds": 0, "rejected": 0, "revenue": "16"}


def test_same_address_in_another_case_or_with_spaces_is_one_customer():
    story = Story()
    story.contact(5, " Ada@X.example ")
    story.user(1, "ADA@x.example")
    story.answers(NPS, "10-06 08:00", {"nps": 9}, hidden={"email": "ada@x.example"}, response_id="r")
    assert story.truth()["customers"] == {
        "email:ada@x.example": {
            "contacts": ["5"],
            "helpdesk_users": ["1"],
            "survey_responses": ["r"],
            "visitors": [],
        }
    }


def test_merged_contact_leads_to_its_winners_customer():
    story = Story()
    story.contact(5, "main@x.example")
    story.contact(6, "other@x.example")
    story.contact(7, None)
    story.deal(1, "10-06 08:00", "10", "EUR", contact_id=6)
    story.tell(ContactsMerged, "10-07 08:00", winner_id=6, loser_id=7)
    story.tell(ContactsMerged, "10-08 08:00", winner_id=5, loser_id=6)
    story.answers(NPS, "10-09 08:00", {"nps": 9}, hidden={"contact_id": "7"}, response_id="r")
    found = story.truth()
    assert found["orders"]["1"]["customer"] == "email:main@x.example"
    assert list(found["customers"]) == ["email:main@x.example"]
    assert found["customers"]["email:main@x.example"]["survey_responses"] == ["r"]


def test_changed_address_moves_the_contact_to_another_customer():
    story = Story()
    story.contact(5, "old@x.example")
    story.user(1, "old@x.example")
    story.tell(ContactChanged, "10-07 08:00", contact_id=5, changes={"email": "new@x.example"})
    assert set(story.truth()["customers"]) == {"email:new@x.example", "email:old@x.example"}


def test_answer_without_address_leads_by_contact_then_by_ticket_else_stands_alone():
    story = Story()
    story.contact(5, "c@x.example")
    story.user(1, "t@x.example")
    story.user(2, None)
    story.ticket(7, "10-06 08:00")
    story.ticket(8, "10-06 08:00", user_id=2)
    for response_id, hidden in (
        ("by_contact", {"contact_id": "5"}),
        ("by_ticket", {"ticket_id": "7"}),
        ("by_phone_ticket", {"ticket_id": "8"}),
        ("unknown_contact", {"contact_id": "99"}),
        ("nothing", {}),
    ):
        story.answers(TICKET, "10-07 08:00", {"csat": 5}, hidden=hidden, response_id=response_id)
    customers = story.truth()["customers"]
    assert {key: members["survey_responses"] for key, members in customers.items()} == {
        "email:c@x.example": ["by_contact"],
        "email:t@x.example": ["by_ticket"],
        "zendesk:2": ["by_phone_ticket"],
        f"typeform:{TICKET}:unknown_contact": ["unknown_contact"],
        f"typeform:{TICKET}:nothing": ["nothing"],
    }


def test_records_that_are_gone_make_no_customer():
    story = Story()
    story.contact(5, "c@x.example")
    story.tell(ContactArchived, "10-07 08:00", contact_id=5)
    story.user(1, "u@x.example")
    story.tell(HelpdeskUserDeleted, "10-07 08:00", user_id=1)
    story.user(2, "v@x.example")
    story.user(3, "w@x.example")
    story.ticket(7, "10-06 08:00", user_id=3)
    story.tell(HelpdeskUsersMerged, "10-07 08:00", winner_id=2, loser_id=3)
    found = story.truth()
    assert list(found["customers"]) == ["email:v@x.example"]
    assert found["tickets"]["7"]["customer"] == "email:v@x.example"


def test_sessions_are_summed_by_day_channel_device_and_page_as_far_as_they_are_counted():
    story = Story()
    for number, (counted, page, sessions) in enumerate(
        (("11-02 20:00", "/", 1), ("11-03 09:00", "/", 2), ("11-03 09:00", "/sale", 1), ("11-04 09:00", "/", 4))
    ):
        story.tell(
            VisitsCounted,
            counted,
            day=date(2025, 11, 2),
            client_id=str(number),
            user_id=None,
            channel="Direct",
            device="mobile",
            landing_page=page,
            sessions=sessions,
            engaged_sessions=1,
            page_views=sessions,
            key_events=0,
            engagement_seconds=30,
        )
    rows = story.truth()["sessions"]
    assert [(row["landing_page"], row["sessions"], row["engagement_seconds"]) for row in rows] == [
        ("/", 3, 60),  # the four sessions counted after the night are not in yet
        ("/sale", 1, 30),
    ]
