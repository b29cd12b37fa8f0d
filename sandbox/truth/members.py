"""What the customers of a partition are: their account and country as given, their segment and what they are worth.

Which account and country a customer has is decided from records that disagree, and is judged elsewhere; here they are
taken as given, as the partition is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sandbox.truth.voice import Answer

Attributes = Mapping[str, Mapping[str, str | None]]  # customer → account_key, country

TIERS = (("high", Decimal(5000)), ("middle", Decimal(1000)), ("low", Decimal("0.01")))


def members(attributes: Attributes, orders: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str | None]]:
    """customer → account_key, country, segment and value_tier (by all revenue so far, in euro)."""
    revenue: dict[str, Decimal] = {}
    for order in orders.values():
        if order["rejected"] is None and order["customer"] is not None:
            revenue[order["customer"]] = revenue.get(order["customer"], Decimal(0)) + Decimal(order["amount"])
    return {
        customer: {
            "account_key": known.get("account_key"),
            "country": known.get("country"),
            "segment": "consumer" if known.get("account_key") is None else "business",
            "value_tier": tier(revenue.get(customer, Decimal(0))),
        }
        for customer, known in attributes.items()
    }


def tier(revenue: Decimal) -> str:
    """What a customer with so much revenue is worth."""
    return next((name for name, least in TIERS if revenue >= least), "none")


def placed(answers: list[Answer], known: Mapping[str, Mapping[str, str | None]]) -> list[Answer]:
    """The answers with what is known of their customers."""
    return [replace(answer, **known.get(answer.customer, {})) for answer in answers]
