"""What is known of each customer: orders, revenue, tickets and last answers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sandbox.truth.voice import Answer


def facts(
    customers: Iterable[str],
    tickets: dict[str, dict[str, Any]],
    orders: dict[str, dict[str, Any]],
    answers: list[Answer],
) -> dict[str, dict[str, Any]]:
    """One row for each of the customers, by name."""
    rows: dict[str, dict[str, Any]] = {
        key: {
            "orders": 0,
            "refunds": 0,
            "revenue": Decimal(0),
            "first_order_date": None,
            "last_order_date": None,
            "tickets": 0,
            "open_tickets": 0,
            "unanswered_tickets": 0,
            "last_answers": {},
        }
        for key in customers
    }
    for order in orders.values():
        row = rows.get(order["customer"])
        if row is None or order["rejected"] is not None:
            continue
        row["revenue"] += Decimal(order["amount"])
        row["refunds" if order["is_refund"] else "orders"] += 1
        if not order["is_refund"]:
            day = order["order_date"]
            row["first_order_date"] = min(row["first_order_date"] or day, day)
            row["last_order_date"] = max(row["last_order_date"] or day, day)
    for ticket in tickets.values():
        row = rows.get(ticket["customer"])
        if row is not None:
            row["tickets"] += 1
            row["open_tickets"] += ticket["is_open"]
            row["unanswered_tickets"] += ticket["is_unanswered"]
    for answer in sorted(answers, key=lambda answer: (answer.answered_at, answer.response_id)):
        row = rows.get(answer.customer)
        if row is not None and answer.rejected is None:
            row["last_answers"][answer.metric] = {
                "score": answer.score,
                "is_good": answer.is_good,
                "nps_group": answer.nps_group,
                "answered_at": answer.answered_at.isoformat(),
            }
    for row in rows.values():
        row["revenue"] = str(row["revenue"])
    return rows
