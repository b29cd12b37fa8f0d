"""Whose each record is: the answer that the warehouse has to find.

- A record is of the person whom it was made for, whatever is written in it; merged away or deleted, it stays so.
- A survey that was merely started is no record. An employee has records only as somebody who asked
  for help: what employees say in their own surveys is nobody's.
- The id of a logged-in visit is of the contact's person. A browser is of the one person who ever logged in on it; one
  on which nobody has, or two people, is nobody's.

A record is named as the warehouse names it: by its source and the id there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.company.surveys import FORMS_BY_ID
from sandbox.model import SurveyResponse, hex_id
from sandbox.truth.folding import Records, Ticket

CustomerOf = Callable[[str], str]  # a record's key → the customer whose it is taken for


def contact_key(records: Records, contact_id: int) -> str | None:
    """The contact that an id leads to today; None for an id that never was one."""
    contact = records.contact(contact_id)
    return None if contact is None else f"hubspot:{contact.contact_id}"


def user_key(records: Records, user_id: int) -> str:
    """The helpdesk user that an id leads to today."""
    user = records.user(user_id)
    return f"zendesk:{user_id if user is None else user.user_id}"


def response_key(response: SurveyResponse) -> str:
    """A survey response; a token is unique within its form only."""
    return f"typeform:{response.form_id}:{response.response_id}"


def owners(records: Records) -> dict[str, str]:
    """Every record that exists or existed → `person:<id>`; one that is nobody's → itself."""
    owned = {f"hubspot:{one.contact_id}": _person(one.person_id) for one in records.contacts.values()}
    asked = {user_key(records, ticket.opened.requester_user_id) for ticket in _tickets(records)}
    for user in records.users.values():
        key = f"zendesk:{user.user_id}"
        if key in asked or not records.is_staff(user.user_id):
            owned[key] = _person(user.person_id)
    for response in (*records.responses.values(), *records.deleted_responses.values()):
        if response.state != "started" and FORMS_BY_ID[response.form_id].audience == "customer":
            owned[response_key(response)] = _person(response.person_id)
    for user_id in sorted(records.visitors):
        contact = records.contacts.get(int(user_id))
        owned[f"ga4:{user_id}"] = _person(contact.person_id) if contact else f"ga4:{user_id}"
    for client_id, user_ids in records.browsers.items():
        key = f"matomo:{hex_id(client_id)}"
        users = {owned[f"ga4:{user_id}"] for user_id in user_ids}
        owned[key] = users.pop() if len(users) == 1 else key
    return owned


def live(records: Records, owned: Mapping[str, str]) -> set[str]:
    """The records of `owned` that their sources still have. Of browsers only those on which somebody logged in: no
    other says of anybody that they were here."""
    contacts, users = records.contacts.values(), records.users.values()
    return {
        *(f"hubspot:{one.contact_id}" for one in contacts if not one.is_archived and one.merged_into is None),
        *(f"zendesk:{one.user_id}" for one in users if not one.is_deleted and one.merged_into is None),
        *(response_key(response) for response in records.responses.values()),
        *(f"ga4:{user_id}" for user_id in records.visitors),
        *(f"matomo:{hex_id(client_id)}" for client_id, user_ids in records.browsers.items() if user_ids),
    } & owned.keys()


def people(owned: Mapping[str, str]) -> list[dict[str, Any]]:
    """The persons with their records, in order of their ids."""
    records: dict[int, list[str]] = {}
    for key, owner in owned.items():
        if owner.startswith("person:"):
            records.setdefault(int(owner.removeprefix("person:")), []).append(key)
    return [{"person_id": person_id, "records": records[person_id]} for person_id in sorted(records)]


def _person(person_id: int) -> str:
    return f"person:{person_id}"


def _tickets(records: Records) -> Iterator[Ticket]:
    return (ticket for ticket in records.tickets.values() if not ticket.is_deleted)
