"""What can happen in the made company: people, accounts and the events that the vendors' APIs and the truth both read.

The generator (`sandbox.company`) writes these, the look-alike APIs (`sandbox.vendors`) fold them into vendor records,
and `sandbox.truth` reckons the metrics from them. Nothing here knows JSON, HTTP or SQL. All times are UTC and aware.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

COMPANY_TIME_ZONE = "Europe/Warsaw"

Channel = Literal["email", "web", "chat", "phone", "api"]
Status = Literal["new", "open", "pending", "hold", "solved", "closed", "deleted"]
Priority = Literal["low", "normal", "high", "urgent"]
Rating = Literal["good", "bad"]
Device = Literal["desktop", "mobile", "tablet"]
WebChannel = Literal["Organic Search", "Direct", "Paid Search", "Email", "Referral", "Organic Social"]


@dataclass(frozen=True)
class Account:
    """A company that buys (B2B). `account_id` is the CRM's id; `organization_id` the helpdesk's, if it has one."""

    account_id: int
    name: str
    domain: str
    industry: str
    country: str
    created_at: datetime
    organization_id: int | None


@dataclass(frozen=True)
class Agent:
    """An employee who answers tickets and may own CRM records. `became_agent_at` is later than `created_at` for one
    who was an end user before. A bot has `is_bot=True`."""

    agent_id: int  # the helpdesk's user id
    owner_id: int | None  # the CRM's owner id
    name: str
    email: str
    team: str
    created_at: datetime
    became_agent_at: datetime
    is_bot: bool = False


@dataclass(frozen=True)
class PostalAddress:
    """Where a person lives, as they would write it themselves."""

    street: str
    city: str
    postal_code: str
    country: str


@dataclass(frozen=True)
class Person:
    """One real human: the identity that the warehouse has to find. The vendors only ever see what is written in their
    records, which may be spelled, chosen or left out in many ways."""

    person_id: int
    first_name: str
    last_name: str
    email: str  # the main address, lower case
    other_emails: tuple[str, ...]  # addresses also used in some systems
    phone: str | None  # with the country's code and without spaces
    language: str
    account_id: int | None
    segment: Literal["consumer", "small business", "enterprise"]
    joined_at: datetime
    web_user_id: str | None  # the id that a logged-in visit carries (equals the first CRM contact id as text)
    address: PostalAddress | None = None
    date_of_birth: date | None = None


@dataclass(frozen=True)
class Tangle:
    """Records of several people, or of one, that are hard to tell apart or to bring together. `kind` is a key of
    `sandbox.company.tangles.KINDS`; `shared` is the address, number or browser that it is about, if it is about one."""

    kind: str
    at: datetime
    person_ids: tuple[int, ...]
    shared: str | None = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened at `at`. Events are totally ordered by (at, event_id)."""

    event_id: int
    at: datetime


# --- CRM -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class ContactCreated(Event):
    """`email` as typed in the CRM: letter case and stray spaces may differ from the person's. `details` is what else
    the record says, under the names of `ContactChanged`; a name or phone that is not in it is the person's own."""

    contact_id: int
    person_id: int
    email: str | None
    owner_id: int | None
    lifecycle_stage: str
    details: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ContactChanged(Event):
    contact_id: int
    # of: email, phone, mobile_phone, lifecycle_stage, owner_id, first_name, last_name, address, city, postal_code,
    # country, date_of_birth, email_opt_out ("true"), legal_basis
    changes: dict[str, str | None]


@dataclass(frozen=True, kw_only=True)
class ContactArchived(Event):
    contact_id: int


@dataclass(frozen=True, kw_only=True)
class ContactsMerged(Event):
    """The loser leaves the lists; the winner carries the loser's id among its merged ids."""

    winner_id: int
    loser_id: int


@dataclass(frozen=True, kw_only=True)
class AccountCreated(Event):
    account_id: int


@dataclass(frozen=True, kw_only=True)
class ContactLinkedToAccount(Event):
    """Associating does not bump the contact's own modification time (as in HubSpot)."""

    contact_id: int
    account_id: int
    linked: bool = True  # False: the association was removed


@dataclass(frozen=True, kw_only=True)
class OwnerArchived(Event):
    owner_id: int


@dataclass(frozen=True, kw_only=True)
class DealCreated(Event):
    """A negative amount is a refund. `currency` None is a record that somebody filled in badly."""

    deal_id: int
    contact_id: int | None
    account_id: int | None
    name: str
    amount: str | None  # as typed: decimal text
    currency: str | None
    owner_id: int | None
    stage: str  # appointmentscheduled | qualifiedtobuy | contractsent | closedwon | closedlost


@dataclass(frozen=True, kw_only=True)
class DealChanged(Event):
    deal_id: int
    changes: dict[str, str | None]  # of: stage, amount, close_date (ISO date); closing sets stage and close_date


@dataclass(frozen=True, kw_only=True)
class DealArchived(Event):
    deal_id: int


# --- helpdesk ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class HelpdeskUserCreated(Event):
    """`details` is what the record says otherwise than the person would: of name, phone."""

    user_id: int
    person_id: int
    email: str | None
    organization_id: int | None
    details: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class HelpdeskUserChanged(Event):
    user_id: int
    changes: dict[str, str | None]  # of: email, phone, name


@dataclass(frozen=True, kw_only=True)
class HelpdeskUsersMerged(Event):
    winner_id: int
    loser_id: int


@dataclass(frozen=True, kw_only=True)
class HelpdeskUserDeleted(Event):
    user_id: int


@dataclass(frozen=True, kw_only=True)
class TicketOpened(Event):
    """The first comment is a `CommentAdded` of the same instant. `opened_by_agent_id` is set where an agent opened the
    ticket for the requester; then the first comment is the agent's and may be public."""

    ticket_id: int
    requester_user_id: int
    organization_id: int | None
    channel: Channel
    subject: str
    topic: str
    priority: Priority
    opened_by_agent_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class CommentAdded(Event):
    """`kind`: customer and agent are people; bot is an agent account that is a program; auto_reply is a trigger's
    automatic public answer, sent as the system (Zendesk author -1)."""

    comment_id: int
    ticket_id: int
    author_user_id: int
    kind: Literal["customer", "agent", "bot", "auto_reply"]
    is_public: bool
    body: str
    channel: Channel


@dataclass(frozen=True, kw_only=True)
class TicketChanged(Event):
    """One audit: every changed field with its old and new value. `by_user_id` -1 is an automation."""

    ticket_id: int
    by_user_id: int
    changes: dict[str, tuple[str | None, str | None]]  # of: status, priority, assignee_id, group, subject


@dataclass(frozen=True, kw_only=True)
class TicketMerged(Event):
    """The loser is closed by the merge and tagged closed_by_merge; its contact counts, its response time does not."""

    loser_ticket_id: int
    winner_ticket_id: int
    by_user_id: int


@dataclass(frozen=True, kw_only=True)
class TicketDeleted(Event):
    ticket_id: int


@dataclass(frozen=True, kw_only=True)
class SatisfactionOffered(Event):
    ticket_id: int
    rating_id: int


@dataclass(frozen=True, kw_only=True)
class SatisfactionRated(Event):
    """The helpdesk's good/bad rating; a later event for the same ticket is a changed rating (a new rating_id)."""

    ticket_id: int
    rating_id: int
    rating: Rating
    reason: str | None
    comment: str | None


@dataclass(frozen=True, kw_only=True)
class HelpdeskSurveyAnswered(Event):
    """The helpdesk's newer survey (1–5). A second event with the same response_id changes the answer."""

    response_id: str
    ticket_id: int
    user_id: int
    rating: int
    comment: str | None


# --- surveys -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class SurveyResponse(Event):
    """A survey response as it stands from `at` on. A later event with the same response_id replaces the earlier
    state (started → partial → completed). `answers` maps a question's ref to its number or text.

    Forms and questions are in `sandbox.company.surveys.FORMS`. `submitted_at` is fixed at the first submission."""

    response_id: str
    form_id: str
    person_id: int
    state: Literal["started", "partial", "completed"]
    landed_at: datetime
    submitted_at: datetime
    answers: dict[str, int | str]
    hidden: dict[str, str]  # of: email, contact_id, ticket_id — as the survey link carried them; may be empty
    is_late: bool = False  # reaches the vendor's API a day or more after it was submitted (at > submitted_at)


@dataclass(frozen=True, kw_only=True)
class SurveyResponseDeleted(Event):
    response_id: str
    form_id: str


@dataclass(frozen=True, kw_only=True)
class RecordPurged(Event):
    """A vendor removed a record for good, on somebody's request: no list, archive or export tells of it any more."""

    source: str
    stream: str
    key: str  # the vendor's own id; of a survey response its form and its token, with a colon between


# --- web -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class VisitsCounted(Event):
    """The web sessions of one browser on one property day, as analytics has processed them from `at` on. `at` is up to
    three days after `day`: that restates a report. `user_id` is set for logged-in visits (the CRM contact id)."""

    day: date  # in the property's zone, COMPANY_TIME_ZONE
    client_id: str
    user_id: str | None
    channel: WebChannel
    device: Device
    landing_page: str
    sessions: int
    engaged_sessions: int
    page_views: int
    key_events: int
    engagement_seconds: int


def hex_id(text: str) -> str:
    """Sixteen digits: how the visits log names a browser (by its client_id)."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Company:
    """The whole made company. `events` is sorted by (at, event_id) and reaches beyond the sandbox's clock: readers take
    only events with at <= clock."""

    seed: int
    starts_at: datetime
    opens_at: datetime  # the clock of the first night
    ends_at: datetime
    people: dict[int, Person]
    accounts: dict[int, Account]
    agents: dict[int, Agent]
    events: list[Event] = field(repr=False)
    tangles: tuple[Tangle, ...] = ()  # no vendor knows of these: they are for tests and for explaining mistakes
