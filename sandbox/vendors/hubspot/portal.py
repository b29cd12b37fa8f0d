"""What the account holds at one moment: the company's CRM events folded into objects, owners and links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox import model
from sandbox.model import Company, Event

OBJECT_TYPES = ("contacts", "companies", "deals")
# The names that events give to what HubSpot calls otherwise.
PROPERTY_OF = {
    "lifecycle_stage": "lifecyclestage",
    "owner_id": "hubspot_owner_id",
    "first_name": "firstname",
    "last_name": "lastname",
    "mobile_phone": "mobilephone",
    "postal_code": "zip",
    "email_opt_out": "hs_email_optout",
    "legal_basis": "hs_legal_basis",
    "stage": "dealstage",
}


@dataclass
class CrmObject:
    """A contact, company or deal. `archived_at` is set once it is in the recycling bin."""

    id: int
    properties: dict[str, str | None]
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None


@dataclass(frozen=True)
class OwnerRecord:
    """A user who can own records; `archived_at` is set once they have left."""

    agent: model.Agent
    created_at: datetime
    archived_at: datetime | None


class Portal:
    """The account. `fold` takes the events since the last one; what they leave is what every endpoint serves.

    Linking moves no object's time of change. A merge leaves the winner with the loser's id, addresses and links, and
    no trace of the loser in any list, archived or not; ids that were merged away lead to the winner."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[int, CrmObject]] = {kind: {} for kind in OBJECT_TYPES}
        self.links: dict[tuple[str, str], dict[int, dict[int, None]]] = defaultdict(lambda: defaultdict(dict))
        self._owners_gone: dict[int, datetime] = {}
        self._winner: dict[int, int] = {}
        self._folded = 0
        self._apply: dict[type[Event], Callable[..., None]] = {
            model.ContactCreated: self._contact_created,
            model.ContactChanged: self._contact_changed,
            model.ContactArchived: self._contact_archived,
            model.ContactsMerged: self._contacts_merged,
            model.ContactLinkedToAccount: self._contact_linked,
            model.AccountCreated: self._account_created,
            model.OwnerArchived: self._owner_archived,
            model.DealCreated: self._deal_created,
            model.DealChanged: self._deal_changed,
            model.DealArchived: self._deal_archived,
        }

    def fold(self, company: Company, events: Sequence[Event]) -> None:
        """Apply the events that were not applied yet. `events` begins with those of the last call."""
        for event in events[self._folded :]:
            apply = self._apply.get(type(event))
            if apply is not None:
                apply(company, event)
        self._folded = len(events)

    def owners(self, company: Company, now: datetime) -> dict[int, OwnerRecord]:
        """Everybody who owns or owned records, by owner id."""
        return {
            agent.owner_id: OwnerRecord(agent, agent.became_agent_at, self._owners_gone.get(agent.owner_id))
            for agent in company.agents.values()
            if agent.owner_id is not None and agent.became_agent_at <= now
        }

    def is_merged_away(self, kind: str, number: int) -> bool:
        """Whether the object lives on in another one: then no list serves it again, however it was changed before."""
        return kind == "contacts" and number in self._winner

    def linked(self, near: str, far: str, number: int) -> list[int]:
        """The objects at the far end, the first linked (the primary one) first; links of or to archived objects do
        not show."""
        here, there = self.objects[near].get(number), self.objects[far]
        if here is None or here.archived_at is not None:
            return []
        found = self.links[near, far].get(number, {})
        return [other for other in found if other in there and there[other].archived_at is None]

    # --- folding ---
    def _contact_created(self, company: Company, event: model.ContactCreated) -> None:
        person = company.people[event.person_id]
        properties = {
            "email": event.email,
            "hs_additional_emails": None,
            "firstname": person.first_name,
            "lastname": person.last_name,
            "phone": person.phone,
            "mobilephone": None,
            "hs_language": person.language,
            "address": None,
            "city": None,
            "zip": None,
            "country": None,
            "date_of_birth": None,
            "lifecyclestage": event.lifecycle_stage,
            "hs_email_optout": None,
            "hs_legal_basis": None,
            "hubspot_owner_id": _text(event.owner_id),
            "hs_merged_object_ids": None,
            **_named(event.details),
        }
        self._create("contacts", event.contact_id, properties, event.at)

    def _contact_changed(self, company: Company, event: model.ContactChanged) -> None:
        self._change("contacts", self._current(event.contact_id), event.changes, event.at)

    def _contact_archived(self, company: Company, event: model.ContactArchived) -> None:
        self._archive("contacts", self._current(event.contact_id), event.at)

    def _contacts_merged(self, company: Company, event: model.ContactsMerged) -> None:
        winner = self.objects["contacts"][self._current(event.winner_id)]
        loser = self.objects["contacts"].pop(self._current(event.loser_id))
        self._winner[loser.id] = winner.id
        _append(winner, "hs_merged_object_ids", loser.properties["hs_merged_object_ids"], str(loser.id))
        addresses = (loser.properties["email"], loser.properties["hs_additional_emails"])
        if winner.properties["email"]:
            _append(winner, "hs_additional_emails", *addresses)
        else:
            winner.properties["email"], winner.properties["hs_additional_emails"] = addresses
        winner.updated_at = event.at
        for far in ("companies", "deals"):
            for other in self.links["contacts", far].pop(loser.id, {}):
                self.links[far, "contacts"][other].pop(loser.id, None)
                self._link("contacts", winner.id, far, other)

    def _contact_linked(self, company: Company, event: model.ContactLinkedToAccount) -> None:
        contact = self._current(event.contact_id)
        if event.linked:
            self._link("contacts", contact, "companies", event.account_id)
        else:
            self.links["contacts", "companies"][contact].pop(event.account_id, None)
            self.links["companies", "contacts"][event.account_id].pop(contact, None)

    def _account_created(self, company: Company, event: model.AccountCreated) -> None:
        account = company.accounts[event.account_id]
        properties = {
            "name": account.name,
            "domain": account.domain,
            "industry": account.industry,
            "country": account.country,
            "lifecyclestage": None,
            "hubspot_owner_id": None,
            "hs_merged_object_ids": None,
        }
        self._create("companies", event.account_id, properties, event.at)

    def _owner_archived(self, company: Company, event: model.OwnerArchived) -> None:
        self._owners_gone[event.owner_id] = event.at

    def _deal_created(self, company: Company, event: model.DealCreated) -> None:
        properties = {
            "dealname": event.name,
            "amount": event.amount,
            "deal_currency_code": event.currency,
            "pipeline": "default",
            "dealstage": event.stage,
            "closedate": None,
            "hubspot_owner_id": _text(event.owner_id),
            "hs_merged_object_ids": None,
        }
        self._create("deals", event.deal_id, properties, event.at)
        self._reckon(event.deal_id)
        if event.contact_id is not None:
            self._link("deals", event.deal_id, "contacts", self._current(event.contact_id))
        if event.account_id is not None:
            self._link("deals", event.deal_id, "companies", event.account_id)

    def _deal_changed(self, company: Company, event: model.DealChanged) -> None:
        changes = dict(event.changes)
        if "close_date" in changes:
            day = changes.pop("close_date")
            changes["closedate"] = f"{day}T00:00:00Z" if day else None
        self._change("deals", event.deal_id, changes, event.at)
        self._reckon(event.deal_id)

    def _deal_archived(self, company: Company, event: model.DealArchived) -> None:
        self._archive("deals", event.deal_id, event.at)

    # --- helpers ---
    def _create(self, kind: str, number: int, properties: dict[str, str | None], at: datetime) -> None:
        self.objects[kind][number] = CrmObject(number, properties, at, at)

    def _change(self, kind: str, number: int, changes: dict[str, str | None], at: datetime) -> None:
        changed = self.objects[kind][number]
        changed.properties.update(_named(changes))
        changed.updated_at = at

    def _archive(self, kind: str, number: int, at: datetime) -> None:
        # Archiving moves no time of change: an archived object is found in the archived list only.
        self.objects[kind][number].archived_at = at

    def _reckon(self, deal_id: int) -> None:
        properties = self.objects["deals"][deal_id].properties
        stage = properties["dealstage"]
        properties["hs_is_closed"] = "true" if stage in ("closedwon", "closedlost") else "false"
        properties["hs_is_closed_won"] = "true" if stage == "closedwon" else "false"

    def _link(self, near: str, number: int, far: str, other: int) -> None:
        self.links[near, far][number][other] = None
        self.links[far, near][other][number] = None

    def _current(self, contact_id: int) -> int:
        while contact_id in self._winner:
            contact_id = self._winner[contact_id]
        return contact_id


def _named(changes: Mapping[str, str | None]) -> dict[str, str | None]:
    return {PROPERTY_OF.get(name, name): value for name, value in changes.items()}


def _append(winner: CrmObject, name: str, *values: str | None) -> None:
    parts = [value for value in (winner.properties[name], *values) if value]
    winner.properties[name] = ";".join(parts) or None


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
