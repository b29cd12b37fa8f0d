"""Tiny companies told event by event, for truths that are worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.model import (
    Agent,
    CommentAdded,
    Company,
    ContactCreated,
    DealChanged,
    DealCreated,
    Event,
    HelpdeskUserCreated,
    SatisfactionRated,
    SurveyResponse,
    TicketChanged,
    TicketOpened,
    VisitsCounted,
)
from sandbox.truth import truth

AS_OF = datetime(2025, 11, 4, 2, tzinfo=UTC)
ANNA, BEN, FORMER = 901, 902, 903  # agents; FORMER was an end user until 1 October
BOT = 999


def at(text: str) -> datetime:
    """'10-25 23:30' of 2025, UTC, with seconds if given."""
    shape = "%Y-%m-%d %H:%M:%S" if text.count(":") == 2 else "%Y-%m-%d %H:%M"
    return datetime.strptime(f"2025-{text}", shape).replace(tzinfo=UTC)


class Story:
    """Collects events; ids of comments and of responses are given in order."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def tell(self, kind: type[Event], when: str | datetime, /, **fields: Any) -> None:
        """Something happens at `when`."""
        moment = when if isinstance(when, datetime) else at(when)
        self._events.append(kind(event_id=len(self._events) + 1, at=moment, **fields))

    def user(self, user_id: int, *, person: int = 1) -> None:
        """A helpdesk user is made of a person."""
        self.tell(
            HelpdeskUserCreated, "01-02 08:00", user_id=user_id, person_id=person, email=None, organization_id=None
        )

    def contact(self, contact_id: int, *, person: int = 1) -> None:
        """A CRM contact is made of a person."""
        self.tell(
            ContactCreated,
            "01-02 08:00",
            contact_id=contact_id,
            person_id=person,
            email=None,
            owner_id=None,
            lifecycle_stage="lead",
        )

    def ticket(
        self,
        ticket_id: int,
        when: str,
        *,
        user_id: int = 1,
        by_agent: int | None = None,
        channel: str = "email",
        topic: str = "delivery",
        priority: str = "normal",
        organization: int | None = None,
    ) -> None:
        """A ticket is opened; without `by_agent` the customer's first comment comes with it."""
        self.tell(
            TicketOpened,
            when,
            ticket_id=ticket_id,
            requester_user_id=user_id,
            organization_id=organization,
            channel=channel,
            subject="Where is my order?",
            topic=topic,
            priority=priority,
            opened_by_agent_id=by_agent,
        )
        if by_agent is None:
            self.says(ticket_id, when, "customer", author=user_id)

    def says(self, ticket_id: int, when: str, kind: str, *, author: int = ANNA, public: bool = True) -> None:
        """Somebody writes into a ticket."""
        self.tell(
            CommentAdded,
            when,
            comment_id=len(self._events),
            ticket_id=ticket_id,
            author_user_id=author,
            kind=kind,
            is_public=public,
            body="…",
            channel="email",
        )

    def status(self, ticket_id: int, when: str, before: str, after: str) -> None:
        """A ticket's status changes."""
        self.tell(TicketChanged, when, ticket_id=ticket_id, by_user_id=ANNA, changes={"status": (before, after)})

    def change(self, ticket_id: int, when: str, **changes: tuple[str | None, str | None]) -> None:
        """Fields of a ticket change: of status, priority, assignee_id, group, each from … to …."""
        self.tell(TicketChanged, when, ticket_id=ticket_id, by_user_id=ANNA, changes=changes)

    def rates(self, ticket_id: int, when: str, rating: str) -> None:
        """The requester rates a ticket."""
        self.tell(
            SatisfactionRated,
            when,
            ticket_id=ticket_id,
            rating_id=len(self._events),
            rating=rating,
            reason=None,
            comment=None,
        )

    def answers(
        self,
        form_id: str,
        when: str | datetime,
        answers: dict[str, int | str],
        *,
        person: int = 1,
        state: str = "completed",
        response_id: str | None = None,
        submitted: datetime | None = None,
    ) -> None:
        """Somebody answers a survey."""
        moment = when if isinstance(when, datetime) else at(when)
        self.tell(
            SurveyResponse,
            moment,
            response_id=response_id or f"r{len(self._events)}",
            form_id=form_id,
            person_id=person,
            state=state,
            landed_at=moment - timedelta(minutes=3),
            submitted_at=submitted or moment,
            answers=answers,
            hidden={},
        )

    def deal(
        self,
        deal_id: int,
        when: str,
        amount: str | None,
        currency: str | None,
        *,
        contact_id: int | None = None,
        stage: str = "closedwon",
        closes: str | None = None,
    ) -> None:
        """A deal is made and closed."""
        self.tell(
            DealCreated,
            when,
            deal_id=deal_id,
            contact_id=contact_id,
            account_id=None,
            name="Desk lamp",
            amount=amount,
            currency=currency,
            owner_id=None,
            stage="appointmentscheduled",
        )
        changes = {"stage": stage, "close_date": closes or at(when).date().isoformat()}
        self.tell(DealChanged, when, deal_id=deal_id, changes=changes)

    def company(self) -> Company:
        """The company whose life this is."""
        long_ago = at("01-01 00:00")
        agents = {
            ANNA: Agent(ANNA, 1, "Anna", "anna@made-company.example", "Tier 1", long_ago, long_ago),
            BEN: Agent(BEN, None, "Ben", "ben@made-company.example", "Tier 1", long_ago, long_ago),
            FORMER: Agent(FORMER, None, "Fay", "fay@mail.example", "Tier 1", long_ago, at("10-01 00:00")),
            BOT: Agent(BOT, None, "Bot", "bot@made-company.example", "Bots", long_ago, long_ago, is_bot=True),
        }
        return Company(
            seed=0,
            starts_at=long_ago,
            opens_at=AS_OF,
            ends_at=AS_OF + timedelta(days=40),
            people={},
            accounts={},
            agents=agents,
            events=sorted(self._events, key=lambda event: (event.at, event.event_id)),
        )

    def visit(self, when: str, client_id: str, user_id: str | None, **changed: Any) -> None:
        """A browser's visit is counted; `user_id` is that of who is logged in."""
        fields: dict[str, Any] = {
            "day": at(when).date(),
            "channel": "Direct",
            "device": "mobile",
            "landing_page": "/",
            "sessions": 1,
            "engaged_sessions": 1,
            "page_views": 1,
            "key_events": 0,
            "engagement_seconds": 30,
        }
        self.tell(VisitsCounted, when, client_id=client_id, user_id=user_id, **{**fields, **changed})

    def truth(self, as_of: datetime = AS_OF, customers: dict[str, str] | None = None) -> dict[str, Any]:
        """What is true of it, by person or by the given customers."""
        return truth(self.company(), as_of, customers)

    def persons(self) -> dict[int, list[str]]:
        """Whose each record is."""
        return {one["person_id"]: one["records"] for one in self.truth()["persons"]}


def score(told: dict[str, Any], metric: str, scale: str, purpose: str, survey: str = "all") -> dict[str, Any]:
    """One score for all time."""
    wanted = (metric, scale, purpose, survey, "all")
    names = ("metric", "scale", "purpose", "survey", "period")
    return next(row for row in told["scores"] if tuple(row[name] for name in names) == wanted)
