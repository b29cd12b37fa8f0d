"""The company's records as they stand at a clock: one pass over its events, nothing reckoned yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sandbox import model
from sandbox.model import Company

Sessions = tuple[date, str, str, str]  # day, channel, device, landing page


@dataclass
class Contact:
    """A CRM contact. `merged_into` is set on one that was merged away."""

    contact_id: int
    person_id: int
    is_archived: bool = False
    merged_into: int | None = None


@dataclass
class User:
    """An end user of the helpdesk."""

    user_id: int
    person_id: int
    is_deleted: bool = False
    merged_into: int | None = None


@dataclass(frozen=True)
class FieldChange:
    """A ticket's field got another value."""

    at: datetime
    old: str | None
    new: str | None


@dataclass
class Ticket:
    """A ticket with its comments and changes in order. `born` has the values that it was made with."""

    opened: model.TicketOpened
    status: str = "new"
    priority: str = "normal"
    is_merged: bool = False
    is_deleted: bool = False
    reopens: int = 0
    comments: list[model.CommentAdded] = field(default_factory=list)
    ratings: list[model.SatisfactionRated] = field(default_factory=list)
    offered_at: datetime | None = None  # when its rating was first asked for
    assignee_id: int | None = None
    group: str | None = None
    rated: list[tuple[int | None, str | None]] = field(default_factory=list)  # who had it at each of the ratings
    first_solved_at: datetime | None = None
    last_solved_at: datetime | None = None
    born: dict[str, str | None] = field(default_factory=dict)
    # by field (status, priority, assignee_id, group), in order
    history: dict[str, list[FieldChange]] = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        """What a field is by now."""
        changes = self.history.get(name)
        return changes[-1].new if changes else self.born.get(name)

    def change(self, name: str, at: datetime, new: str | None) -> None:
        """Take a field's new value in."""
        self.history.setdefault(name, []).append(FieldChange(at, self.value(name), new))


@dataclass
class Deal:
    """A deal with its latest values."""

    created: model.DealCreated
    stage: str
    amount: str | None
    close_date: date | None = None
    is_archived: bool = False


@dataclass
class Records:
    """Everything known at the clock."""

    as_of: datetime
    company: Company
    contacts: dict[int, Contact] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    tickets: dict[int, Ticket] = field(default_factory=dict)
    deals: dict[int, Deal] = field(default_factory=dict)
    responses: dict[str, model.SurveyResponse] = field(default_factory=dict)  # latest state
    deleted_responses: dict[str, model.SurveyResponse] = field(default_factory=dict)
    helpdesk_answers: dict[str, model.HelpdeskSurveyAnswered] = field(default_factory=dict)
    accounts: set[int] = field(default_factory=set)
    links: set[tuple[int, int]] = field(default_factory=set)  # contact, account
    archived_owners: set[int] = field(default_factory=set)
    sessions: dict[Sessions, dict[str, int]] = field(default_factory=dict)
    visitors: set[str] = field(default_factory=set)  # user ids that logged-in visits carried
    browsers: dict[str, set[str]] = field(default_factory=dict)  # by client id: those who logged in on it

    def contact(self, contact_id: int) -> Contact | None:
        """The contact that an id leads to today: a merged one leads to its winner."""
        contact = self.contacts.get(contact_id)
        while contact is not None and contact.merged_into is not None:
            contact = self.contacts[contact.merged_into]
        return contact

    def user(self, user_id: int) -> User | None:
        """The helpdesk user that an id leads to today."""
        user = self.users.get(user_id)
        while user is not None and user.merged_into is not None:
            user = self.users[user.merged_into]
        return user

    def is_staff(self, user_id: int) -> bool:
        """Whether a helpdesk user is an employee at the clock."""
        agent = self.company.agents.get(user_id)
        return agent is not None and agent.became_agent_at <= self.as_of


def fold(company: Company, as_of: datetime) -> Records:
    """Take in every event up to and including `as_of`."""
    records = Records(as_of, company)
    for event in company.events:
        if event.at > as_of:
            break
        take = _TAKES.get(type(event))
        if take is not None:
            take(records, event)
    return records


def _contact_created(records: Records, event: model.ContactCreated) -> None:
    records.contacts[event.contact_id] = Contact(event.contact_id, event.person_id)


def _contact_archived(records: Records, event: model.ContactArchived) -> None:
    records.contacts[event.contact_id].is_archived = True


def _contacts_merged(records: Records, event: model.ContactsMerged) -> None:
    records.contacts[event.loser_id].merged_into = event.winner_id
    for contact_id, account_id in [pair for pair in records.links if pair[0] == event.loser_id]:
        records.links.discard((contact_id, account_id))
        records.links.add((event.winner_id, account_id))


def _account_created(records: Records, event: model.AccountCreated) -> None:
    records.accounts.add(event.account_id)


def _linked(records: Records, event: model.ContactLinkedToAccount) -> None:
    change = records.links.add if event.linked else records.links.discard
    change((event.contact_id, event.account_id))


def _owner_archived(records: Records, event: model.OwnerArchived) -> None:
    records.archived_owners.add(event.owner_id)


def _deal_created(records: Records, event: model.DealCreated) -> None:
    records.deals[event.deal_id] = Deal(event, event.stage, event.amount)


def _deal_changed(records: Records, event: model.DealChanged) -> None:
    deal = records.deals[event.deal_id]
    changes = event.changes
    deal.stage = changes.get("stage") or deal.stage
    if "amount" in changes:
        deal.amount = changes["amount"]
    close_date = changes.get("close_date")
    if close_date:
        deal.close_date = date.fromisoformat(close_date)


def _deal_archived(records: Records, event: model.DealArchived) -> None:
    records.deals[event.deal_id].is_archived = True


def _user_created(records: Records, event: model.HelpdeskUserCreated) -> None:
    records.users[event.user_id] = User(event.user_id, event.person_id)


def _users_merged(records: Records, event: model.HelpdeskUsersMerged) -> None:
    records.users[event.loser_id].merged_into = event.winner_id


def _user_deleted(records: Records, event: model.HelpdeskUserDeleted) -> None:
    records.users[event.user_id].is_deleted = True


def _ticket_opened(records: Records, event: model.TicketOpened) -> None:
    born = {"status": "new", "priority": event.priority}
    records.tickets[event.ticket_id] = Ticket(event, priority=event.priority, born=born)


def _comment_added(records: Records, event: model.CommentAdded) -> None:
    records.tickets[event.ticket_id].comments.append(event)


def _ticket_changed(records: Records, event: model.TicketChanged) -> None:
    ticket = records.tickets[event.ticket_id]
    for name, (_, new) in event.changes.items():
        ticket.change(name, event.at, new)
    if "priority" in event.changes:
        ticket.priority = event.changes["priority"][1] or ticket.priority
    if "assignee_id" in event.changes:
        assignee = event.changes["assignee_id"][1]
        ticket.assignee_id = None if assignee is None else int(assignee)
    if "group" in event.changes:
        ticket.group = event.changes["group"][1]
    if "status" not in event.changes:
        return
    before, after = event.changes["status"]
    if before == "solved" and after in ("new", "open", "pending", "hold"):
        ticket.reopens += 1
    if after == "solved":
        ticket.first_solved_at = ticket.first_solved_at or event.at
        ticket.last_solved_at = event.at
    ticket.status = after or ticket.status


def _ticket_merged(records: Records, event: model.TicketMerged) -> None:
    loser = records.tickets[event.loser_ticket_id]
    loser.is_merged = True
    loser.change("status", event.at, "closed")
    loser.status = "closed"


def _ticket_deleted(records: Records, event: model.TicketDeleted) -> None:
    records.tickets[event.ticket_id].is_deleted = True


def _offered(records: Records, event: model.SatisfactionOffered) -> None:
    ticket = records.tickets[event.ticket_id]
    ticket.offered_at = ticket.offered_at or event.at


def _rated(records: Records, event: model.SatisfactionRated) -> None:
    ticket = records.tickets[event.ticket_id]
    ticket.ratings.append(event)
    ticket.rated.append((ticket.assignee_id, ticket.group))


def _helpdesk_answered(records: Records, event: model.HelpdeskSurveyAnswered) -> None:
    records.helpdesk_answers[event.response_id] = event


def _responded(records: Records, event: model.SurveyResponse) -> None:
    records.responses[event.response_id] = event


def _response_deleted(records: Records, event: model.SurveyResponseDeleted) -> None:
    deleted = records.responses.pop(event.response_id, None)
    if deleted is not None:
        records.deleted_responses[event.response_id] = deleted


def _visited(records: Records, event: model.VisitsCounted) -> None:
    key = (event.day, event.channel, event.device, event.landing_page)
    row = records.sessions.setdefault(
        key,
        {"sessions": 0, "engaged_sessions": 0, "page_views": 0, "key_events": 0, "engagement_seconds": 0},
    )
    for name in row:
        row[name] += getattr(event, name)
    users = records.browsers.setdefault(event.client_id, set())
    if event.user_id is not None:
        records.visitors.add(event.user_id)
        users.add(event.user_id)


_TAKES: dict[type[model.Event], Callable[[Records, Any], None]] = {
    model.ContactCreated: _contact_created,
    model.ContactArchived: _contact_archived,
    model.ContactsMerged: _contacts_merged,
    model.AccountCreated: _account_created,
    model.ContactLinkedToAccount: _linked,
    model.OwnerArchived: _owner_archived,
    model.DealCreated: _deal_created,
    model.DealChanged: _deal_changed,
    model.DealArchived: _deal_archived,
    model.HelpdeskUserCreated: _user_created,
    model.HelpdeskUsersMerged: _users_merged,
    model.HelpdeskUserDeleted: _user_deleted,
    model.TicketOpened: _ticket_opened,
    model.CommentAdded: _comment_added,
    model.TicketChanged: _ticket_changed,
    model.TicketMerged: _ticket_merged,
    model.TicketDeleted: _ticket_deleted,
    model.SatisfactionOffered: _offered,
    model.SatisfactionRated: _rated,
    model.HelpdeskSurveyAnswered: _helpdesk_answered,
    model.SurveyResponse: _responded,
    model.SurveyResponseDeleted: _response_deleted,
    model.VisitsCounted: _visited,
}
