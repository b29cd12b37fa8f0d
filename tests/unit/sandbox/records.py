"""The made company's records as CRM and helpdesk hold them at a clock: what is written there, and of whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.credentials import Credentials
from sandbox.model import Company, Person, SurveyResponse, VisitsCounted
from sandbox.truth.folding import Records, fold
from sandbox.vendors.hubspot.portal import Portal
from sandbox.vendors.zendesk.helpdesk import Helpdesk
from sandbox.vendors.zendesk.records import UserState

Properties = dict[str, str | None]


@dataclass
class Written:
    """`contacts` and `users` are the live ones by id, without employees; `of` says whose a record is."""

    company: Company
    records: Records
    contacts: dict[int, Properties] = field(default_factory=dict)
    users: dict[int, UserState] = field(default_factory=dict)
    visits: list[VisitsCounted] = field(default_factory=list)

    def contacts_of(self, person_id: int) -> list[Properties]:
        """A person's contacts."""
        return [held for number, held in self.contacts.items() if self.records.contacts[number].person_id == person_id]

    def users_of(self, person_id: int) -> list[UserState]:
        """A person's helpdesk users."""
        return [user for number, user in self.users.items() if self.records.users[number].person_id == person_id]

    def answers_of(self, person_id: int) -> list[SurveyResponse]:
        """What a person answered in surveys."""
        given = self.records.responses.values()
        return [response for response in given if response.person_id == person_id and response.state != "started"]

    def person_of_contact(self, number: int) -> Person:
        return self.company.people[self.records.contacts[number].person_id]

    def person_of_user(self, number: int) -> Person:
        return self.company.people[self.records.users[number].person_id]


def written(company: Company, at: datetime) -> Written:
    """Everything as it stands at `at`."""
    events = [event for event in company.events if event.at <= at]
    found = Written(company, fold(company, at))
    portal = Portal()
    portal.fold(company, events)
    found.contacts = {
        number: contact.properties
        for number, contact in portal.objects["contacts"].items()
        if contact.archived_at is None
    }
    helpdesk = Helpdesk(company, Credentials.create(), at)
    helpdesk.take(events)
    found.users = {
        number: user
        for number, user in helpdesk.users.items()
        if user.active and user.role == "end-user" and number in found.records.users
    }
    found.visits = [event for event in events if isinstance(event, VisitsCounted)]
    return found


def plain(address: str | None) -> str | None:
    """An address without regard to letter case and spaces around it."""
    return (address or "").strip().lower() or None


def digits(number: str | None) -> str | None:
    """The last nine digits of a number: the same however it is written (of this country's numbers all but its code)."""
    found = "".join(filter(str.isdigit, number or ""))
    return found[-9:] or None


def phones(contact: Properties) -> set[str | None]:
    """The numbers of a contact, comparable."""
    return {digits(contact[name]) for name in ("phone", "mobilephone")} - {None}


def typed(responses: Iterable[SurveyResponse]) -> list[str]:
    """The addresses that were typed into answers."""
    return [str(response.answers["reply_to"]) for response in responses if "reply_to" in response.answers]
