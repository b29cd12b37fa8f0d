"""How often customers turn to the company, beside how many of them there are and what they buy."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sandbox.company.working_time import local_day
from sandbox.truth.cohorts import periods
from sandbox.truth.voice import Answer

KINDS = ("month", "week")
Period = tuple[str, str | None]


def contact_rate(
    tickets: Mapping[str, Mapping[str, Any]], orders: Mapping[str, Mapping[str, Any]], answers: Iterable[Answer]
) -> list[dict[str, Any]]:
    """A row for each month and week, channel and topic (either may be `all`) with at least one contact.

    A contact is a ticket that a customer opened, a merged one too. A customer is active in a period if they contacted
    the company, bought or answered in it; they and the orders are those of the whole period, whatever the channel."""
    active: dict[Period, set[str]] = defaultdict(set)
    bought: Counter[Period] = Counter()
    contacts: Counter[tuple[Period, str, str]] = Counter()
    for ticket in tickets.values():
        if ticket["is_opened_by_agent"]:
            continue
        for period in _periods(local_day(datetime.fromisoformat(ticket["created_at"]))):
            active[period].add(ticket["customer"])
            for channel in ("all", ticket["channel"]):
                for topic in ("all", ticket["topic"]):
                    contacts[period, channel, topic] += 1
    for order in orders.values():
        if order["rejected"] is not None or order["is_refund"]:
            continue
        for period in _periods(date.fromisoformat(order["order_date"])):
            bought[period] += 1
            if order["customer"] is not None:
                active[period].add(order["customer"])
    for answer in answers:
        if answer.rejected is None:
            for period in _periods(local_day(answer.answered_at)):
                active[period].add(answer.customer)
    return [
        {
            "period": period[0],
            "period_start": period[1],
            "channel": channel,
            "topic": topic,
            "contacts": n,
            "active_customers": len(active[period]),
            "orders": bought[period],
            "contacts_per_active_customer": n / len(active[period]),
            "contacts_per_order": n / bought[period] if bought[period] else None,
        }
        for (period, channel, topic), n in contacts.items()
    ]


def _periods(day: date) -> list[Period]:
    return [(kind, start) for kind, start in periods(day) if kind in KINDS]
