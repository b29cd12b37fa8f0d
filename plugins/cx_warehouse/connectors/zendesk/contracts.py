"""The fields of Zendesk's records that the warehouse relies on; all others flow into raw untouched.

Shapes as recorded from a live account in October 2026, and as documented at developer.zendesk.com. Values
that Zendesk may extend (statuses, roles, event types, channels) are plain text, so that a new one never stops
a record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import msgspec

from cx_warehouse.connectors.base import RecordContract

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class User(RecordContract, frozen=True):
    """A person that Zendesk knows: customer (`end-user`), agent or admin. One that was deleted, or merged
    into another, stays in the export with `active: false`; what is personal may be blanked."""

    id: int
    role: str
    created_at: Moment
    updated_at: Moment
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    organization_id: int | None = None
    external_id: str | None = None
    active: bool | None = None
    suspended: bool | None = None
    locale: str | None = None
    iana_time_zone: str | None = None
    tags: list[str] | None = None

    def key(self) -> str:
        return str(self.id)

    def changed_at(self) -> datetime | None:
        return self.updated_at

    def is_deleted(self) -> bool:
        return self.active is False


class TicketVia(msgspec.Struct, frozen=True):
    """Where a ticket came from."""

    channel: str | int | None = None


class TicketRating(msgspec.Struct, frozen=True):
    """The ticket's latest satisfaction rating, as the ticket itself shows it."""

    score: str | None = None


class Ticket(RecordContract, frozen=True):
    """A ticket as it stands. `generated_timestamp` moves with every change, also those by the system that
    leave `updated_at` alone; the export filters and orders by it."""

    id: int
    status: str
    created_at: Moment
    updated_at: Moment
    generated_timestamp: int | None = None
    requester_id: int | None = None
    submitter_id: int | None = None
    assignee_id: int | None = None
    organization_id: int | None = None
    group_id: int | None = None
    brand_id: int | None = None
    ticket_form_id: int | None = None
    subject: str | None = None
    priority: str | None = None
    type: str | None = None
    via: TicketVia | None = None
    is_public: bool | None = None
    tags: list[str] | None = None
    satisfaction_rating: TicketRating | None = None

    def key(self) -> str:
        return str(self.id)

    def changed_at(self) -> datetime | None:
        if self.generated_timestamp is None:
            return self.updated_at
        return EPOCH + timedelta(seconds=self.generated_timestamp)

    def is_deleted(self) -> bool:
        return self.status == "deleted"


class Organization(RecordContract, frozen=True):
    """A customer's company. A deleted one keeps its row, with `deleted_at` and `<id>_deleted_<name>`."""

    id: int
    created_at: Moment
    updated_at: Moment
    name: str | None = None
    external_id: str | None = None
    domain_names: list[str] | None = None
    tags: list[str] | None = None
    deleted_at: Moment | None = None

    def key(self) -> str:
        return str(self.id)

    def changed_at(self) -> datetime | None:
        return self.updated_at

    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class ChildEvent(msgspec.Struct, frozen=True):
    """One thing that an update did. A change names its field by its own key (`"status": "solved"`), beside
    `previous_value`; a comment is spelled out because the export is asked for `comment_events`."""

    id: int
    event_type: str
    author_id: int | None = None
    public: bool | None = None
    body: str | None = None
    attachments: list[Any] | None = None


class TicketEvent(RecordContract, frozen=True):
    """One update of a ticket, with everything that it did. `updater_id` is -1 for triggers and
    automations."""

    id: int
    ticket_id: int
    created_at: Moment
    child_events: list[ChildEvent]
    updater_id: int | None = None
    event_type: str | None = None

    def key(self) -> str:
        return str(self.id)

    def changed_at(self) -> datetime | None:
        return self.created_at


class MetricEvent(RecordContract, frozen=True):
    """A tick of one of Zendesk's own clocks (reply time, requester wait time, agent work time, …) on a
    ticket."""

    id: int
    ticket_id: int
    metric: str
    type: str
    time: Moment
    instance_id: int | None = None
    deleted: bool | None = None

    def key(self) -> str:
        return str(self.id)

    def changed_at(self) -> datetime | None:
        return self.time


class MetricMinutes(msgspec.Struct, frozen=True):
    """A figure in whole minutes; null until it has happened."""

    calendar: int | None = None
    business: int | None = None


class TicketMetrics(RecordContract, frozen=True):
    """Zendesk's own figures of a ticket, its metric set; one a ticket, so the ticket's id is the key."""

    ticket_id: int
    created_at: Moment
    updated_at: Moment
    id: int | None = None
    reopens: int | None = None
    replies: int | None = None
    group_stations: int | None = None
    assignee_stations: int | None = None
    solved_at: Moment | None = None
    reply_time_in_minutes: MetricMinutes | None = None
    first_resolution_time_in_minutes: MetricMinutes | None = None
    full_resolution_time_in_minutes: MetricMinutes | None = None
    agent_wait_time_in_minutes: MetricMinutes | None = None
    requester_wait_time_in_minutes: MetricMinutes | None = None
    on_hold_time_in_minutes: MetricMinutes | None = None

    def key(self) -> str:
        return str(self.ticket_id)

    def changed_at(self) -> datetime | None:
        return self.updated_at


class SatisfactionRating(RecordContract, frozen=True):
    """A good/bad rating of a ticket. `offered` means asked and not answered yet."""

    id: int
    ticket_id: int
    score: str
    created_at: Moment
    updated_at: Moment
    requester_id: int | None = None
    assignee_id: int | None = None
    group_id: int | None = None
    reason: str | None = None
    comment: str | None = None

    def key(self) -> str:
        return str(self.id)

    def changed_at(self) -> datetime | None:
        return self.updated_at


class SurveySubject(msgspec.Struct, frozen=True):
    """What a survey is about: a ticket, or a conversation."""

    id: str
    type: str


class SurveyVersion(msgspec.Struct, frozen=True):
    """The survey as it stood when it was sent."""

    id: str
    version: int | None = None


class SurveyQuestion(msgspec.Struct, frozen=True):
    """The question that an answer is to; `sub_type` is `customer_satisfaction` for the score itself."""

    id: str
    type: str
    sub_type: str | None = None


class SurveyAnswer(msgspec.Struct, frozen=True):
    """One answer: `rating` for a scale, `value` for free text, `selections` for a choice, nothing if
    skipped."""

    type: str
    question: SurveyQuestion
    updated_at: Moment
    created_at: Moment | None = None
    rating: int | None = None
    rating_category: str | None = None
    value: str | None = None


class SurveyResponse(RecordContract, frozen=True):
    """A customer-satisfaction survey that was sent, with its answers so far. Answers may change for 28
    days."""

    id: str
    answers: list[SurveyAnswer]
    responder_id: str | int | None = None
    subjects: list[SurveySubject] | None = None
    survey: SurveyVersion | None = None
    expires_at: Moment | None = None

    def key(self) -> str:
        return self.id

    def changed_at(self) -> datetime | None:
        return max((answer.updated_at for answer in self.answers), default=None)


class ScheduleInterval(msgspec.Struct, frozen=True):
    """Business hours in minutes since Sunday 00:00 in the schedule's zone."""

    start_time: int
    end_time: int


class Schedule(RecordContract, frozen=True):
    """A calendar of business hours."""

    id: int
    name: str
    time_zone: str
    intervals: list[ScheduleInterval]
    created_at: Moment | None = None
    updated_at: Moment | None = None

    def key(self) -> str:
        return str(self.id)

    def changed_at(self) -> datetime | None:
        return self.updated_at


class Group(RecordContract, frozen=True):
    """A team that tickets are assigned to. A deleted one stays in the list, and says so."""

    id: int
    name: str
    default: bool | None = None
    deleted: bool | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None

    def key(self) -> str:
        return str(self.id)

    def changed_at(self) -> datetime | None:
        return self.updated_at

    def is_deleted(self) -> bool:
        return self.deleted is True


class Holiday(msgspec.Struct, frozen=True):
    """Days that are no business hours, as the vendor serves them: local days of the schedule's zone, both ends
    included."""

    id: int
    name: str
    start_date: date
    end_date: date

    def __post_init__(self) -> None:
        if self.end_date < self.start_date:
            raise ValueError(f"the holiday ends on {self.end_date}, before it begins on {self.start_date}")


class WrappedHoliday(RecordContract, frozen=True):
    """A holiday together with its schedule, which the vendor's record does not name."""

    schedule_id: int
    holiday: Holiday

    def key(self) -> str:
        return f"{self.schedule_id}:{self.holiday.id}"


class PolicyMetric(msgspec.Struct, frozen=True):
    """A target of a service-level policy, in minutes."""

    metric: str
    priority: str | None = None
    target: int | float | None = None
    business_hours: bool | None = None


class SlaPolicy(RecordContract, frozen=True):
    """A service-level policy: the first whose filter matches a ticket applies to it."""

    id: int
    title: str
    policy_metrics: list[PolicyMetric]
    position: int | None = None
    description: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None

    def key(self) -> str:
        return str(self.id)

    def changed_at(self) -> datetime | None:
        return self.updated_at
