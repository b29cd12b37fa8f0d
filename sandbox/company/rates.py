"""What one unit of a currency was worth in euro: the public fact by which revenue is reckoned.

Rounded monthly averages, made for the sandbox (the months before the first row use the first row).
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from decimal import Decimal

COMPANY_CURRENCY = "EUR"

# valid from (a month's first day), currency, euro per unit
RATES: tuple[tuple[date, str, Decimal], ...] = tuple(
    (date(year, month, 1), currency, Decimal(rate))
    for year, month, pln, usd in (
        (2015, 1, "0.23900", "0.90100"),
        (2020, 1, "0.22500", "0.87700"),
        (2024, 1, "0.22900", "0.91700"),
        (2024, 7, "0.23350", "0.92150"),
        (2025, 1, "0.23550", "0.96550"),
        (2025, 2, "0.23990", "0.96050"),
        (2025, 3, "0.23920", "0.92500"),
        (2025, 4, "0.23470", "0.89200"),
        (2025, 5, "0.23510", "0.88650"),
        (2025, 6, "0.23420", "0.86780"),
        (2025, 7, "0.23500", "0.85630"),
        (2025, 8, "0.23460", "0.85900"),
        (2025, 9, "0.23480", "0.85240"),
        (2025, 10, "0.23520", "0.85940"),
        (2025, 11, "0.23580", "0.86490"),
        (2025, 12, "0.23640", "0.85410"),
        (2026, 1, "0.23740", "0.85250"),
        (2026, 4, "0.23600", "0.85800"),
        (2026, 7, "0.23550", "0.86100"),
    )
    for currency, rate in (("PLN", pln), ("USD", usd))
)

_BY_CURRENCY: dict[str, list[tuple[date, Decimal]]] = {}
for _valid_from, _currency, _rate in RATES:
    _BY_CURRENCY.setdefault(_currency, []).append((_valid_from, _rate))


def euro_rate(currency: str, day: date) -> Decimal | None:
    """Euro per unit of `currency` on `day`; None for a currency without rates."""
    if currency == COMPANY_CURRENCY:
        return Decimal(1)
    rates = _BY_CURRENCY.get(currency)
    if rates is None:
        return None
    return rates[max(0, bisect_right(rates, day, key=lambda row: row[0]) - 1)][1]
