"""Who is one customer, by the rule for now: the same normalised e-mail address.

- A record (CRM contact, helpdesk user, survey answer) with an address belongs to the customer of that address; only
  its present main address counts.
- A record that was merged away leads to its winner's customer.
- A record without an address is its own customer, unless it carries a CRM contact id, or else a ticket id, that leads
  to one. A logged-in visitor is the contact whose id the visit carries.
- An employee is a customer only as somebody who asked for help.

A customer's key says why: `email:<address>`, or `<source>:<id>` of the record that stands alone.
"""

from __future__ import annotations

from typing import Any

from sandbox.model import SurveyResponse
from sandbox.truth.folding import Contact, Records, User


def normalised(address: str | None) -> str | None:
    """An e-mail address without spaces around it and in lower case; None for an empty one."""
    return (address or "").strip().lower() or None


def contact_key(contact: Contact) -> str:
    """The customer of a CRM contact that was not merged away."""
    address = normalised(contact.email)
    return f"email:{address}" if address else f"hubspot:{contact.contact_id}"


def user_key(user: User) -> str:
    """The customer of a helpdesk user that was not merged away."""
    address = normalised(user.email)
    return f"email:{address}" if address else f"zendesk:{user.user_id}"


def requester_key(records: Records, user_id: int) -> str:
    """The customer who a helpdesk user id leads to."""
    user = records.user(user_id)
    return user_key(user) if user else f"zendesk:{user_id}"


def response_key(records: Records, response: SurveyResponse) -> str:
    """The customer of a survey answer."""
    hidden = response.hidden
    address = normalised(hidden.get("email"))
    if address:
        return f"email:{address}"
    contact = records.contact(int(hidden["contact_id"])) if hidden.get("contact_id") else None
    if contact:
        return contact_key(contact)
    ticket = records.tickets.get(int(hidden["ticket_id"])) if hidden.get("ticket_id") else None
    if ticket:
        return requester_key(records, ticket.opened.requester_user_id)
    return f"typeform:{response.form_id}:{response.response_id}"


def visitor_key(records: Records, user_id: str) -> str:
    """The customer of a logged-in visit."""
    contact = records.contact(int(user_id))
    return contact_key(contact) if contact else f"ga4:{user_id}"


def reckon(records: Records) -> dict[str, dict[str, list[str]]]:
    """Every customer who has a live record, with the ids of those records by kind. Started surveys are no answers."""
    customers: dict[str, dict[str, list[str]]] = {}

    def member(key: str, kind: str, record_id: Any) -> None:
        customers.setdefault(key, {"contacts": [], "helpdesk_users": [], "survey_responses": [], "visitors": []})
        customers[key][kind].append(str(record_id))

    for contact in records.contacts.values():
        if not contact.is_archived and contact.merged_into is None:
            member(contact_key(contact), "contacts", contact.contact_id)
    asked = {
        user.user_id
        for ticket in records.tickets.values()
        if not ticket.is_deleted and (user := records.user(ticket.opened.requester_user_id))
    }
    for user in records.users.values():
        is_live = not user.is_deleted and user.merged_into is None
        if is_live and (user.user_id in asked or not records.is_staff(user.user_id)):
            member(user_key(user), "helpdesk_users", user.user_id)
    for response in records.responses.values():
        if response.state != "started":
            member(response_key(records, response), "survey_responses", response.response_id)
    for visitor in sorted(records.visitors):
        member(visitor_key(records, visitor), "visitors", visitor)
    return customers
