"""The fields of HubSpot's records that staging relies on, typed: a record that breaks them is quarantined.

Every property of a HubSpot object is a text, may be empty or null, and is left out where the account does not
have it; so numbers, times and ids are texts of a given form. What has the form of a time but is none
(30 February) is staging's to meet with a tolerant cast."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from cx_warehouse.connectors.base import RecordContract

Text = str | None
Moment = Annotated[datetime, Meta(tz=True)]
RecordId = Annotated[str, Meta(pattern=r"^[0-9]{1,19}$")]
IdText = Annotated[str, Meta(pattern=r"^[0-9]{0,19}$")] | None
IdListText = Annotated[str, Meta(pattern=r"^([0-9]{1,19};?)*$")] | None
NumberText = Annotated[str, Meta(pattern=r"^(-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?)?$")] | None
FlagText = Annotated[str, Meta(pattern=r"^(true|false)?$")] | None
TimeText = (
    Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
            r"(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?)?$"
        ),
    ]
    | None
)


def _require_utc(*moments: datetime | None) -> None:
    """HubSpot's times are UTC. Another offset may be one that Postgres does not take, so it stops at the border."""
    if any(moment is not None and moment.utcoffset() for moment in moments):
        raise ValueError("createdAt, updatedAt and archivedAt must be in UTC")


class CrmObject(RecordContract, frozen=True, rename="camel"):
    """What every CRM object has. `archived` is HubSpot's word for deleted (restorable for some 90 days)."""

    id: RecordId
    created_at: Moment
    updated_at: Moment
    archived: bool = False
    archived_at: Moment | None = None

    def __post_init__(self) -> None:
        _require_utc(self.created_at, self.updated_at, self.archived_at)

    def key(self) -> str:
        return self.id

    def changed_at(self) -> datetime | None:
        return self.archived_at if self.archived and self.archived_at else self.updated_at

    def is_deleted(self) -> bool:
        return self.archived


class ContactProperties(msgspec.Struct, frozen=True):
    """Properties of a contact that are asked for, all of them HubSpot's own. `date_of_birth` is free text there."""

    email: Text = None
    hs_additional_emails: Text = None
    firstname: Text = None
    lastname: Text = None
    phone: Text = None
    mobilephone: Text = None
    hs_language: Text = None
    address: Text = None
    city: Text = None
    zip: Text = None
    country: Text = None
    date_of_birth: Text = None
    lifecyclestage: Text = None
    hs_email_optout: FlagText = None
    hs_legal_basis: Text = None
    hubspot_owner_id: IdText = None
    hs_merged_object_ids: IdListText = None
    hs_object_id: IdText = None
    createdate: TimeText = None
    lastmodifieddate: TimeText = None


class CompanyProperties(msgspec.Struct, frozen=True):
    """Properties of a company that are asked for."""

    name: Text = None
    domain: Text = None
    industry: Text = None
    country: Text = None
    lifecyclestage: Text = None
    hubspot_owner_id: IdText = None
    hs_merged_object_ids: IdListText = None
    hs_object_id: IdText = None
    createdate: TimeText = None
    hs_lastmodifieddate: TimeText = None


class DealProperties(msgspec.Struct, frozen=True):
    """Properties of a deal that are asked for. Accounts with one currency have no deal_currency_code."""

    dealname: Text = None
    amount: NumberText = None
    deal_currency_code: Text = None
    pipeline: Text = None
    dealstage: Text = None
    hs_is_closed: FlagText = None
    hs_is_closed_won: FlagText = None
    closedate: TimeText = None
    hubspot_owner_id: IdText = None
    hs_merged_object_ids: IdListText = None
    hs_object_id: IdText = None
    createdate: TimeText = None
    hs_lastmodifieddate: TimeText = None


class Contact(CrmObject, frozen=True, rename="camel", kw_only=True):
    """A person in the CRM."""

    properties: ContactProperties


class Company(CrmObject, frozen=True, rename="camel", kw_only=True):
    """An account in the CRM."""

    properties: CompanyProperties


class Deal(CrmObject, frozen=True, rename="camel", kw_only=True):
    """A sale, open, won or lost."""

    properties: DealProperties


class Team(msgspec.Struct, frozen=True):
    """A team that an owner belongs to."""

    id: str
    name: str
    primary: bool = False


class Owner(RecordContract, frozen=True, rename="camel"):
    """A user who can own records. One who left is archived, but still owns them: a fact, not a deletion."""

    id: RecordId
    created_at: Moment
    updated_at: Moment
    email: Text = None
    first_name: Text = None
    last_name: Text = None
    type: Text = None
    user_id: int | None = None
    archived: bool = False
    teams: list[Team] | None = None

    def __post_init__(self) -> None:
        _require_utc(self.created_at, self.updated_at)

    def key(self) -> str:
        return self.id

    def changed_at(self) -> datetime | None:
        return self.updated_at


class AssociationType(msgspec.Struct, frozen=True, rename="camel"):
    """What a link means. The primary company of a contact or deal has the label "Primary"."""

    category: str
    type_id: int
    label: Text = None


class AssociatedObject(msgspec.Struct, frozen=True, rename="camel"):
    """The far end of a link, as the vendor serves it."""

    to_object_id: Annotated[int, Meta(gt=0)] | RecordId
    association_types: list[AssociationType]


class Association(RecordContract, frozen=True):
    """A link together with its near end, which the vendor names once for many links."""

    from_id: RecordId
    association: AssociatedObject

    def key(self) -> str:
        return f"{self.from_id}:{self.association.to_object_id}"
