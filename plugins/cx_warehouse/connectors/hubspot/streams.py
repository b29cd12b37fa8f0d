"""HubSpot's streams and endpoints, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from cx_warehouse.connectors.base import Stream
from cx_warehouse.connectors.hubspot.contracts import (
    Association,
    Company,
    CompanyProperties,
    Contact,
    ContactProperties,
    Deal,
    DealProperties,
    Owner,
)

# The search index runs behind the records by seconds, at times by much more (airbyte #69203); another
# connector holds its complete reading back by an hour (estuary #1871). Each increment reads that hour again.
INDEX_LAG = timedelta(hours=1)


@dataclass(frozen=True)
class ObjectEndpoint:
    """A CRM object type: where it is listed, its properties, and the one that holds its time of change."""

    path: str
    properties: tuple[str, ...]
    modified: str


@dataclass(frozen=True)
class AssociationEndpoint:
    """The links from every object of one type (listed at `path`) to objects of another."""

    path: str
    from_type: str
    to_type: str


def _names(properties: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.encode_name for field in msgspec.structs.fields(properties))


CONTACTS, COMPANIES, DEALS = "crm/v3/objects/contacts", "crm/v3/objects/companies", "crm/v3/objects/deals"

OBJECTS: Mapping[str, ObjectEndpoint] = {
    "contacts": ObjectEndpoint(CONTACTS, _names(ContactProperties), modified="lastmodifieddate"),
    "companies": ObjectEndpoint(COMPANIES, _names(CompanyProperties), modified="hs_lastmodifieddate"),
    "deals": ObjectEndpoint(DEALS, _names(DealProperties), modified="hs_lastmodifieddate"),
}

ASSOCIATIONS: Mapping[str, AssociationEndpoint] = {
    "contact_companies": AssociationEndpoint(CONTACTS, "contacts", "companies"),
    "deal_contacts": AssociationEndpoint(DEALS, "deals", "contacts"),
    "deal_companies": AssociationEndpoint(DEALS, "deals", "companies"),
}

_INCREMENTAL = "Archived and merged-away records are deleted versions."
_RESTATED = (
    "Read whole every night, since linking does not touch the record's time of change (airbyte #44554); a "
    "link that is gone is a deleted version."
)

STREAMS: Mapping[str, Stream] = {
    stream.name: stream
    for stream in (
        Stream("contacts", Contact, f"People in the CRM. {_INCREMENTAL}", lookback=INDEX_LAG, recheck="whole"),
        Stream("companies", Company, f"Accounts in the CRM. {_INCREMENTAL}", lookback=INDEX_LAG, recheck="whole"),
        Stream("deals", Deal, f"Sales, open, won and lost. {_INCREMENTAL}", lookback=INDEX_LAG, recheck="whole"),
        Stream("owners", Owner, "Users who own records, also those who left. Read whole every night."),
        Stream("contact_companies", Association, f"Which companies a contact belongs to. {_RESTATED}"),
        Stream("deal_contacts", Association, f"Which contacts a deal is with. {_RESTATED}"),
        Stream("deal_companies", Association, f"Which companies a deal is with. {_RESTATED}"),
    )
}
