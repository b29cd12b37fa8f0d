"""What is expected of HubSpot's raw streams."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite
from expectations.raw.border import RawStream, raw_suite

STREAMS = (
    RawStream("contacts", ("properties.email", "properties.lifecyclestage", "properties.firstname", "archived")),
    RawStream("companies", ("properties.name", "properties.domain", "archived")),
    RawStream("deals", ("properties.amount", "properties.hs_is_closed_won", "properties.closedate", "archived")),
    RawStream("owners", ("email",)),
    RawStream("contact_companies"),
    RawStream("deal_contacts"),
    RawStream("deal_companies"),
)


def suite() -> Suite:
    """HubSpot."""
    return raw_suite("hubspot", STREAMS)
