"""Which suites belong to which border."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cx_warehouse.quality.suite import Border, Suite
from expectations.marts import customer, freshness, support, voice, web
from expectations.raw import ga4, hubspot, typeform, zendesk

SUITES: Mapping[Border, tuple[Callable[[], Suite], ...]] = {
    "raw": (zendesk.suite, hubspot.suite, typeform.suite, ga4.suite),
    "marts": (support.suite, voice.suite, customer.suite, web.suite, freshness.suite),
}


def suites_of(border: Border) -> list[Suite]:
    """The suites of a border, in the order in which they are shown."""
    return [suite() for suite in SUITES[border]]
