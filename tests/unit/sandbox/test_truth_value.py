"""Orders and revenue told event by event; every expected number is worked out beside it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sandbox.model import DealArchived, DealChanged
from tests.unit.sandbox.story import Story


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
    story.contact(5, person=3)
    story.deal(1, "10-06 08:00", "100.00", "EUR", contact_id=5)
    story.deal(2, "10-09 08:00", "-30.00", "EUR", contact_id=5)
    found = story.truth()
    assert found["revenue"] == {"orders": 1, "refunds": 1, "rejected": 0, "revenue": "70.00"}
    business = found["business"]["person:3"]
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


def test_sessions_are_summed_by_day_channel_device_and_page_as_far_as_they_are_counted():
    story = Story()
    for number, (counted, page, sessions) in enumerate(
        (("11-02 20:00", "/", 1), ("11-03 09:00", "/", 2), ("11-03 09:00", "/sale", 1), ("11-04 09:00", "/", 4))
    ):
        day = date(2025, 11, 2)
        story.visit(counted, str(number), None, day=day, landing_page=page, sessions=sessions, page_views=sessions)
    rows = story.truth()["sessions"]
    assert [(row["landing_page"], row["sessions"], row["engagement_seconds"]) for row in rows] == [
        ("/", 3, 60),  # the four sessions counted after the night are not in yet
        ("/sale", 1, 30),
    ]
