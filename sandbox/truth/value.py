"""What customers bought: orders with their amount in euro, and the sales that are none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.company.rates import euro_rate
from sandbox.company.working_time import local_day
from sandbox.truth.folding import Deal, Records
from sandbox.truth.persons import CustomerOf, contact_key


def orders(records: Records, customer_of: CustomerOf) -> dict[str, dict[str, Any]]:
    """Every won deal that is not archived, by deal id. Amounts are decimal text; a sale without currency or amount has
    `rejected` set and no amount. A negative amount is a refund."""
    return {
        str(deal_id): _order(records, deal, customer_of)
        for deal_id, deal in records.deals.items()
        if deal.stage == "closedwon" and not deal.is_archived
    }


def _order(records: Records, deal: Deal, customer_of: CustomerOf) -> dict[str, Any]:
    created = deal.created
    day = deal.close_date or local_day(created.at)
    contact = contact_key(records, created.contact_id) if created.contact_id is not None else None
    rejected = None
    amount: Decimal | None = None
    if deal.amount is None:
        rejected = "amount is missing"
    elif not created.currency:
        rejected = "currency is missing"
    else:
        rate = euro_rate(created.currency, day)
        if rate is None:
            rejected = "currency has no rate"
        else:
            amount = Decimal(deal.amount) * rate
    return {
        "customer": customer_of(contact) if contact else None,
        "account_id": None if created.account_id is None else str(created.account_id),
        "order_date": day.isoformat(),
        "original_amount": deal.amount,
        "currency": created.currency,
        "amount": None if amount is None else str(amount),
        "is_refund": amount is not None and amount < 0,
        "rejected": rejected,
    }


def revenue(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Orders, refunds and euro in all; refunds lower the revenue."""
    valid = [order for order in found.values() if order["rejected"] is None]
    return {
        "orders": sum(not order["is_refund"] for order in valid),
        "refunds": sum(order["is_refund"] for order in valid),
        "rejected": len(found) - len(valid),
        "revenue": str(sum((Decimal(order["amount"]) for order in valid), Decimal(0))),
    }
