"""The helpdesk as it stands at the clock: the company's events folded into users, tickets, updates and
ratings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import singledispatchmethod
from typing import Any

from sandbox.credentials import Credentials
from sandbox.model import (
    CommentAdded,
    Company,
    Event,
    HelpdeskSurveyAnswered,
    HelpdeskUserChanged,
    HelpdeskUserCreated,
    HelpdeskUserDeleted,
    HelpdeskUsersMerged,
    SatisfactionOffered,
    SatisfactionRated,
    TicketChanged,
    TicketDeleted,
    TicketMerged,
    TicketOpened,
)
from sandbox.vendors.zendesk.audits import Audit, audit_id
from sandbox.vendors.zendesk.clocks import Clocks
from sandbox.vendors.zendesk.metric_sets import MetricSet
from sandbox.vendors.zendesk.records import SurveyState, TicketState, UserState, group_id, iso, ticket_via
from sandbox.vendors.zendesk.sla import Policies

ADMIN_ID = 380_100_000_999
AUTOMATION = -1
SYSTEM_TOUCH_AFTER = timedelta(hours=36)  # the system touches some closed tickets without an event


class Helpdesk:
    """Feed it the company's events in order; read users, tickets, audits, clocks, ratings and surveys."""

    def __init__(self, company: Company, credentials: Credentials, now: datetime) -> None:
        self.users: dict[int, UserState] = {}
        self.tickets: dict[int, TicketState] = {}
        self.audits: list[Audit] = []
        self.clocks: dict[int, Clocks] = {}
        self.metrics: dict[int, MetricSet] = {}
        self.ratings: dict[int, dict[str, Any]] = {}
        self.surveys: dict[str, SurveyState] = {}
        self._company, self._now = company, now
        self._policies = Policies(company.starts_at)
        self._open: Audit | None = None  # the update that further events of the same instant belong to
        self.admin = self._hire(company, credentials)

    def take(self, events: Iterable[Event]) -> None:
        """Fold events up to the clock."""
        for event in events:
            self._take(event)
        for ticket in self.tickets.values():
            if ticket.status == "closed" and ticket.ticket_id % 10 == 3:
                touched = ticket.updated_at + SYSTEM_TOUCH_AFTER
                ticket.system_touch_at = touched if touched <= self._now else None

    @singledispatchmethod
    def _take(self, event: Event) -> None:
        """Events of other systems are not the helpdesk's."""

    # --- users ---
    def _hire(self, company: Company, credentials: Credentials) -> UserState:
        for agent in company.agents.values():
            if agent.created_at > self._now:
                continue
            is_agent = agent.became_agent_at <= self._now
            self.users[agent.agent_id] = UserState(
                user_id=agent.agent_id,
                name=agent.name,
                email=agent.email,
                created_at=agent.created_at,
                updated_at=agent.became_agent_at if is_agent else agent.created_at,
                role="agent" if is_agent else "end-user",
                group=agent.team if is_agent else None,
            )
        since = company.starts_at - timedelta(days=400)
        admin = UserState(ADMIN_ID, "Warehouse Reader", credentials.zendesk.email, since, since, role="admin")
        self.users[ADMIN_ID] = admin
        return admin

    @_take.register
    def _user_created(self, event: HelpdeskUserCreated) -> None:
        if event.user_id in self.users:  # an employee who was a customer first
            self.users[event.user_id].created_at = min(event.at, self.users[event.user_id].created_at)
            return
        person = self._company.people[event.person_id]
        self.users[event.user_id] = UserState(
            user_id=event.user_id,
            name=f"{person.first_name} {person.last_name}",
            email=event.email,
            created_at=event.at,
            updated_at=event.at,
            phone=person.phone,
            organization_id=event.organization_id,
            language=person.language,
        )
        for name, value in event.details.items():
            setattr(self.users[event.user_id], name, value)

    @_take.register
    def _user_changed(self, event: HelpdeskUserChanged) -> None:
        user = self.users[event.user_id]
        for name, value in event.changes.items():
            setattr(user, name, value)
        user.updated_at = max(user.updated_at, event.at)

    @_take.register
    def _user_deleted(self, event: HelpdeskUserDeleted) -> None:
        """Soft-deleted: the record keeps what it holds and is inactive."""
        user = self.users[event.user_id]
        user.active, user.updated_at = False, max(user.updated_at, event.at)

    @_take.register
    def _users_merged(self, event: HelpdeskUsersMerged) -> None:
        """The loser's tickets and addresses go to the winner; the loser stays as an inactive user without an
        address."""
        winner, loser = self.users[event.winner_id], self.users[event.loser_id]
        loser.active, loser.email = False, None
        winner.updated_at, loser.updated_at = (max(user.updated_at, event.at) for user in (winner, loser))
        moved = [ticket for ticket in self.tickets.values() if ticket.requester_id == event.loser_id]
        for part, ticket in enumerate(moved):
            number = audit_id(event.event_id) + 2 * part  # an audit and its one change
            audit = self._audit(number, ticket, event.at, AUTOMATION, "user_merge")
            audit.change("requester_id", event.winner_id, str(event.loser_id))
            ticket.requester_id = event.winner_id

    # --- tickets ---
    @_take.register
    def _opened(self, event: TicketOpened) -> None:
        submitter = event.opened_by_agent_id or event.requester_user_id
        ticket = TicketState(
            ticket_id=event.ticket_id,
            created_at=event.at,
            updated_at=event.at,
            requester_id=event.requester_user_id,
            submitter_id=submitter,
            organization_id=event.organization_id,
            channel=event.channel,
            subject=event.subject,
            topic=event.topic,
            priority=event.priority,
            tags=[f"topic_{event.topic}"],
            via=ticket_via(event.channel, self.users.get(event.requester_user_id)),
        )
        self.tickets[event.ticket_id] = ticket
        audit = self._audit(audit_id(event.event_id), ticket, event.at, submitter, event.channel)
        audit.created(event.subject, event.priority, ticket.tags, event.requester_user_id, event.organization_id)
        self._open = audit
        clocks = self.clocks[event.ticket_id] = Clocks(ticket, self._policies)
        clocks.opened(event.event_id, event.at, customer_waits=event.opened_by_agent_id is None)
        self.metrics[event.ticket_id] = MetricSet(ticket, is_by_agent=event.opened_by_agent_id is not None)

    @_take.register
    def _commented(self, event: CommentAdded) -> None:
        ticket = self.tickets[event.ticket_id]
        if event.kind == "auto_reply":
            via = {
                "channel": "rule",
                "source": {"from": {"id": 360_950_000_101, "title": "Notify requester"}, "to": {}, "rel": "trigger"},
            }
            audit = self._audit(audit_id(event.event_id), ticket, event.at, AUTOMATION, "rule")
            audit.comment(event.comment_id, AUTOMATION, event.body, event.is_public, via)
        else:
            way = {"agent": "agent", "bot": "api"}.get(event.kind, event.channel)
            author = self.users.get(event.author_user_id) if event.kind == "customer" else None
            via = ticket_via("web" if way == "agent" else way, author)
            audit = self._joined(event, ticket, event.author_user_id, way)
            audit.comment(event.comment_id, event.author_user_id, event.body, event.is_public, via)
        if not ticket.description:
            ticket.description = event.body
        ticket.is_public = ticket.is_public or event.is_public
        if event.kind != "auto_reply":
            self.metrics[ticket.ticket_id].commented(
                event.at, by_agent=event.kind != "customer", public=event.is_public
            )
        if event.is_public and event.kind != "auto_reply":
            self.clocks[ticket.ticket_id].commented(event.event_id, event.at, by_agent=event.kind != "customer")

    @_take.register
    def _changed(self, event: TicketChanged) -> None:
        ticket = self.tickets[event.ticket_id]
        audit = self._joined(event, ticket, event.by_user_id, "rule" if event.by_user_id < 0 else "agent")
        for name, (old, new) in event.changes.items():
            if name == "group":
                audit.change("group_id", group_id(new) if new else None, str(group_id(old)) if old else None)
                ticket.group = new
            elif name == "assignee_id":
                audit.change(name, int(new) if new else None, old)
                ticket.assignee_id = int(new) if new else None
            else:
                audit.change(name, new, old)
                setattr(ticket, name, new)
        self.clocks[ticket.ticket_id].changed(event.event_id, event.at)
        self.metrics[ticket.ticket_id].changed(event.at, event.changes)

    @_take.register
    def _merged(self, event: TicketMerged) -> None:
        """The loser is closed and tagged; both tickets get a private note that names the other one."""
        winner, loser = self.tickets[event.winner_ticket_id], self.tickets[event.loser_ticket_id]
        audit = self._audit(audit_id(event.event_id), loser, event.at, event.by_user_id, "merge")
        body = f'This request was closed and merged into request #{winner.ticket_id} "{winner.subject}".'
        audit.comment(audit.audit_id + 40, event.by_user_id, body, False, _merge_via({}))
        was = loser.status
        if was != "closed":
            audit.change("status", "closed", was)
            loser.status = "closed"
        loser.tags.append("closed_by_merge")
        audit.tag(loser.tags, ["closed_by_merge"])
        self.clocks[loser.ticket_id].changed(event.event_id, event.at)
        self.metrics[loser.ticket_id].changed(event.at, {"status": (was, "closed")})

        audit = self._audit(audit_id(event.event_id, 1), winner, event.at, event.by_user_id, "merge")
        body = f'Request #{loser.ticket_id} "{loser.subject}" was closed and merged into this request.'
        source = {"subject": loser.subject, "ticket_id": loser.ticket_id, "ticket_ids": [loser.ticket_id]}
        audit.comment(audit.audit_id + 40, event.by_user_id, body, False, _merge_via(source))

    @_take.register
    def _deleted(self, event: TicketDeleted) -> None:
        ticket = self.tickets[event.ticket_id]
        by = ticket.assignee_id or self.admin.user_id
        audit = self._audit(audit_id(event.event_id), ticket, event.at, by, "agent")
        audit.change("status", "deleted", ticket.status)
        ticket.status = "deleted"

    # --- what customers said ---
    @_take.register
    def _offered(self, event: SatisfactionOffered) -> None:
        ticket = self.tickets[event.ticket_id]
        self._scored(event, ticket, "offered", None, None)

    @_take.register
    def _rated(self, event: SatisfactionRated) -> None:
        ticket = self.tickets[event.ticket_id]
        self._scored(event, ticket, event.rating, event.comment, event.reason)

    def _scored(
        self,
        event: SatisfactionOffered | SatisfactionRated,
        ticket: TicketState,
        score: str,
        comment: str | None,
        reason: str | None,
    ) -> None:
        audit = self._audit(audit_id(event.event_id), ticket, event.at, AUTOMATION, "system")
        audit.change("satisfaction_score", score, ticket.rating["score"])
        former = self.ratings.get(event.rating_id)
        self.ratings[event.rating_id] = {
            "id": event.rating_id,
            "ticket_id": ticket.ticket_id,
            "requester_id": ticket.requester_id,
            "assignee_id": ticket.assignee_id,
            "group_id": group_id(ticket.group) if ticket.group else None,
            "score": score,
            "comment": comment,
            "reason": reason or "No reason provided",
            "reason_id": None,
            "reason_code": 0,
            "created_at": former["created_at"] if former else iso(event.at),
            "updated_at": iso(event.at),
        }
        ticket.rating = {"score": score}
        if score != "offered":
            ticket.rating = {
                "id": event.rating_id,
                "score": score,
                "comment": comment,
                "reason": reason,
                "reason_id": None,
            }

    @_take.register
    def _surveyed(self, event: HelpdeskSurveyAnswered) -> None:
        former = self.surveys.get(event.response_id)
        if former is None:
            former = SurveyState(
                response_id=event.response_id,
                ticket_id=event.ticket_id,
                user_id=event.user_id,
                rating=event.rating,
                comment=event.comment,
                sent_at=event.at - timedelta(hours=1),
                first_at=event.at,
                changed_at=event.at,
            )
        self.surveys[event.response_id] = replace(
            former, rating=event.rating, comment=event.comment, changed_at=event.at
        )

    # --- updates ---
    def _audit(self, number: int, ticket: TicketState, at: datetime, updater_id: int, via: str) -> Audit:
        audit = Audit(number, ticket.ticket_id, at, updater_id, via)
        self.audits.append(audit)
        ticket.updated_at = max(ticket.updated_at, at)
        self._open = None
        return audit

    def _joined(self, event: CommentAdded | TicketChanged, ticket: TicketState, by: int, via: str) -> Audit:
        """What one person does to a ticket in one instant is one update."""
        last = self._open
        if last and (last.ticket_id, last.at, last.updater_id) == (ticket.ticket_id, event.at, by):
            return last
        self._open = self._audit(audit_id(event.event_id), ticket, event.at, by, via)
        return self._open


def _merge_via(source: dict[str, Any]) -> dict[str, Any]:
    return {"channel": "web", "source": {"from": source, "to": {}, "rel": "merge"}}
