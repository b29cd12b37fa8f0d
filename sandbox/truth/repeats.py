"""Whether the first contact was enough: did the same customer come back after it, by reopening it or anew?"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from sandbox.truth.folding import Records, Ticket
from sandbox.truth.persons import CustomerOf, user_key
from sandbox.truth.resolution import first_resolved_at, reopenings

WINDOWS_DAYS = (7, 14)
Contact = tuple[int, datetime, str]  # ticket, when, topic


def first_contact_resolutions(records: Records, customer_of: CustomerOf) -> dict[int, dict[str, bool | None]]:
    """By ticket: is_fcr_7d_same_topic and its three sisters.

    False as soon as the customer came back within the window, true when the window has ended without that, null while
    it is open. Null, too, for what is no contact of its own (merged tickets, those that an agent opened) and for what
    was never resolved."""
    contacts: dict[str, list[Contact]] = defaultdict(list)
    for ticket in records.tickets.values():
        if _is_contact(ticket):
            opened = ticket.opened
            customer = customer_of(user_key(records, opened.requester_user_id))
            contacts[customer].append((opened.ticket_id, opened.at, opened.topic))
    return {
        ticket_id: {
            f"is_fcr_{days}d_{'same' if same else 'any'}_topic": _judge(
                ticket,
                [
                    at
                    for other, at, topic in contacts[customer_of(user_key(records, ticket.opened.requester_user_id))]
                    if other != ticket_id and at > ticket.opened.at and (not same or topic == ticket.opened.topic)
                ],
                timedelta(days=days),
                records.as_of,
            )
            for days in WINDOWS_DAYS
            for same in (True, False)
        }
        for ticket_id, ticket in records.tickets.items()
        if not ticket.is_deleted
    }


def _is_contact(ticket: Ticket) -> bool:
    """A customer came by themselves; a ticket that was merged away was a contact all the same."""
    return not ticket.is_deleted and ticket.opened.opened_by_agent_id is None


def _judge(ticket: Ticket, others: list[datetime], window: timedelta, as_of: datetime) -> bool | None:
    resolved_at = first_resolved_at(ticket)
    if resolved_at is None or not _is_contact(ticket):
        return None
    ends_at = resolved_at + window
    if any(at <= ends_at for at in (*others, *reopenings(ticket))):
        return False
    return True if ends_at <= as_of else None
