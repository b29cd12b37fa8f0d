"""A small company made event by event: every case that Zendesk's exports know, and ties at page edges."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.model import (
    Account,
    Agent,
    CommentAdded,
    Company,
    Event,
    HelpdeskSurveyAnswered,
    HelpdeskUserChanged,
    HelpdeskUserCreated,
    HelpdeskUserDeleted,
    HelpdeskUsersMerged,
    Person,
    SatisfactionOffered,
    SatisfactionRated,
    TicketChanged,
    TicketDeleted,
    TicketMerged,
    TicketOpened,
)

OPENS_AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
STARTS_AT = OPENS_AT - timedelta(days=200)
AGENT, LATE_AGENT, BOT = 7_001, 7_002, 7_003
FIRST_USER, FIRST_TICKET = 9_001, 101
TIE = OPENS_AT - timedelta(days=20)  # many things happen in this one second

# Tickets with a story of their own.
DELETED, MERGED, WINNER, OLD, RATED, UNANSWERED = 101, 102, 103, 104, 105, 106
TOUCHED = 113  # closed tickets that end in 3 are touched by the look-alike's system 36 hours later


class Story:
    """Collects events; each gets the next id."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, event: type[Event], at: datetime, **fields: Any) -> None:
        self.events.append(event(event_id=len(self.events) + 1, at=at, **fields))

    def opened(self, ticket: int, user: int, at: datetime, *, by: int | None = None, channel: str = "email") -> None:
        self.tell(
            TicketOpened,
            at,
            ticket_id=ticket,
            requester_user_id=user,
            organization_id=5_001,
            channel=channel,
            subject=f"Ticket {ticket}",
            topic="delivery",
            priority="normal",
            opened_by_agent_id=by,
        )
        self.said(ticket, by or user, at, "agent" if by else "customer")

    def said(self, ticket: int, author: int, at: datetime, kind: str, *, public: bool = True) -> None:
        self.tell(
            CommentAdded,
            at,
            comment_id=50_000 + len(self.events),
            ticket_id=ticket,
            author_user_id=author,
            kind=kind,
            is_public=public,
            body=f"Words about <{ticket}> & more",
            channel="email",
        )

    def changed(self, ticket: int, by: int, at: datetime, **changes: tuple[str | None, str | None]) -> None:
        self.tell(TicketChanged, at, ticket_id=ticket, by_user_id=by, changes=changes)


def made_company(tickets: int = 45) -> Company:
    """The company; `tickets` ordinary ones beside those with a story."""
    story = Story()
    people = {number: _person(number) for number in range(1, 9)}
    for number in people:
        story.tell(
            HelpdeskUserCreated,
            STARTS_AT + timedelta(days=number),
            user_id=FIRST_USER + number - 1,
            person_id=number,
            email=f"p{number}@example.com",
            organization_id=5_001 if number % 2 else None,
        )
    _stories(story)
    for number in range(tickets):
        ticket = FIRST_TICKET + 20 + number
        at = TIE if number < 12 else TIE + timedelta(hours=number)
        user = FIRST_USER + number % 4
        story.opened(ticket, user, at)
        if number % 3 == 0:
            story.said(ticket, AGENT, at + timedelta(minutes=30), "agent")
            story.changed(ticket, AGENT, at + timedelta(minutes=30), status=("new", "solved"))
    _second_day(story)
    events = sorted(story.events, key=lambda event: (event.at, event.event_id))
    return Company(
        seed=1,
        starts_at=STARTS_AT,
        opens_at=OPENS_AT,
        ends_at=OPENS_AT + timedelta(days=30),
        people=people,
        accounts={n: _account(n) for n in range(1, 10)},
        agents=dict(_agents()),
        events=events,
    )


def _stories(story: Story) -> None:
    day, hour = timedelta(days=1), timedelta(hours=1)
    at = OPENS_AT - 30 * day
    story.opened(DELETED, FIRST_USER, at)
    story.said(DELETED, AGENT, at + hour, "agent")
    story.tell(TicketDeleted, at + 2 * day, ticket_id=DELETED)

    story.opened(MERGED, FIRST_USER + 1, at, channel="web")
    story.opened(WINNER, FIRST_USER + 1, at)
    story.tell(TicketMerged, at + hour, loser_ticket_id=MERGED, winner_ticket_id=WINNER, by_user_id=AGENT)

    old = OPENS_AT - 190 * day
    story.opened(OLD, FIRST_USER, old)
    story.changed(OLD, AGENT, old + day, status=("new", "solved"))
    story.changed(OLD, -1, old + 5 * day, status=("solved", "closed"))

    story.opened(RATED, FIRST_USER + 2, at, by=AGENT, channel="phone")
    story.said(RATED, FIRST_USER + 2, at + hour, "customer")
    story.said(RATED, -1, at + hour, "auto_reply")
    story.said(RATED, BOT, at + hour, "bot")
    story.said(RATED, AGENT, at + 2 * hour, "agent", public=False)
    story.said(RATED, AGENT, at + 3 * hour, "agent")
    story.changed(
        RATED, AGENT, at + 3 * hour, status=("new", "solved"), assignee_id=(None, str(AGENT)), group=(None, "Tier 1")
    )
    story.tell(SatisfactionOffered, at + 4 * hour, ticket_id=RATED, rating_id=601)
    story.tell(
        SatisfactionRated, at + 5 * hour, ticket_id=RATED, rating_id=601, rating="bad", reason=None, comment="no"
    )
    story.tell(
        HelpdeskSurveyAnswered,
        at + 5 * day,
        response_id="01HSURVEYA",
        ticket_id=RATED,
        user_id=FIRST_USER + 2,
        rating=2,
        comment=None,
    )
    story.opened(UNANSWERED, FIRST_USER + 3, at)
    story.opened(TOUCHED, FIRST_USER, at)
    story.changed(TOUCHED, AGENT, at + day, status=("new", "solved"))
    story.changed(TOUCHED, -1, at + 5 * day, status=("solved", "closed"))

    story.tell(HelpdeskUserChanged, at, user_id=FIRST_USER, changes={"email": "new@example.com"})
    story.tell(HelpdeskUsersMerged, at + day, winner_id=FIRST_USER + 4, loser_id=FIRST_USER + 3)
    story.tell(HelpdeskUserDeleted, at + day, user_id=FIRST_USER + 5)
    for number in range(2, 8):
        story.tell(
            HelpdeskSurveyAnswered,
            TIE + number * hour,
            response_id=f"01HSURVEYB{number}",
            ticket_id=UNANSWERED,
            user_id=FIRST_USER + 3,
            rating=number % 5 + 1,
            comment="words",
        )
        story.tell(SatisfactionOffered, TIE, ticket_id=UNANSWERED, rating_id=610 + number)


def _second_day(story: Story) -> None:
    """What happens between the first and the second night."""
    noon = OPENS_AT + timedelta(hours=10)
    story.opened(501, FIRST_USER, noon)
    story.said(UNANSWERED, LATE_AGENT, noon, "agent")
    story.changed(UNANSWERED, LATE_AGENT, noon, status=("new", "pending"))
    story.tell(SatisfactionRated, noon, ticket_id=RATED, rating_id=602, rating="good", reason=None, comment=None)
    story.tell(
        HelpdeskSurveyAnswered,
        noon,
        response_id="01HSURVEYA",
        ticket_id=RATED,
        user_id=FIRST_USER + 2,
        rating=5,
        comment="better",
    )
    story.tell(TicketDeleted, noon, ticket_id=FIRST_TICKET + 21)


def _agents() -> Iterator[tuple[int, Agent]]:
    for agent_id, name, since, bot in (
        (AGENT, "Anna Agent", STARTS_AT, False),
        (LATE_AGENT, "Lena Late", OPENS_AT + timedelta(hours=1), False),
        (BOT, "Helper", STARTS_AT, True),
    ):
        yield (
            agent_id,
            Agent(
                agent_id=agent_id,
                owner_id=None,
                name=name,
                email=f"{name.split()[0].lower()}@made.example",
                team="Tier 1",
                created_at=STARTS_AT,
                became_agent_at=since,
                is_bot=bot,
            ),
        )


def _person(number: int) -> Person:
    return Person(
        person_id=number,
        first_name=f"First{number}",
        last_name=f"Last{number}",
        email=f"p{number}@example.com",
        other_emails=(),
        phone="+48 600 000 000",
        language="pl",
        account_id=1,
        segment="consumer",
        joined_at=STARTS_AT,
        web_user_id=None,
    )


def _account(number: int) -> Account:
    return Account(
        account_id=number,
        name=f"Account {number}",
        domain=f"a{number}.example",
        industry="Retail",
        country="Poland",
        created_at=STARTS_AT + timedelta(hours=number),
        organization_id=5_000 + number,
    )
