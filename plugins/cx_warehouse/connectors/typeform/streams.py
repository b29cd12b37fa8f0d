"""Typeform's streams and the fields of their records that the warehouse relies on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from cx_warehouse.connectors.base import RecordContract, Stream

DEFAULT_OVERLAP = timedelta(days=14)


class FieldDefinition(msgspec.Struct, frozen=True):
    """A question of a form. `ref` is the name that the form's author may give it."""

    id: str
    type: str
    title: str | None = None
    ref: str | None = None
    properties: dict[str, Any] | None = None


class Form(RecordContract, frozen=True):
    """A form's definition, as `GET /forms/{id}` gives it."""

    id: str
    title: str
    type: str | None = None
    created_at: datetime | None = None
    last_updated_at: datetime | None = None
    published_at: datetime | None = None
    fields: list[FieldDefinition] = msgspec.field(default_factory=list)
    hidden: list[str] | None = None
    settings: dict[str, Any] | None = None

    def key(self) -> str:
        return self.id

    def changed_at(self) -> datetime | None:
        return self.last_updated_at


class FieldReference(msgspec.Struct, frozen=True):
    """The question that an answer is to."""

    id: str
    type: str
    ref: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """One answered question. `type` says which of the value fields is filled; new types flow through."""

    field: FieldReference
    type: str
    number: float | None = None
    text: str | None = None
    boolean: bool | None = None
    email: str | None = None


class Response(msgspec.Struct, frozen=True):
    """A response as the vendor serves it.

    Which times it has follows from its type: all have landed_at, partial ones staged_at, completed ones
    submitted_at (airbyte #73607, PostHog #63636). An unset time is left out, or is the year 1."""

    token: str
    landed_at: datetime
    staged_at: datetime | None = None
    submitted_at: datetime | None = None
    response_type: str | None = None
    answers: list[Answer] | None = None
    hidden: dict[str, Any] | None = None

    def latest_at(self) -> datetime:
        """The newest of its times."""
        times = (self.landed_at, self.staged_at, self.submitted_at)
        return max((time for time in times if time and time.year > 1), default=self.landed_at)


class WrappedResponse(RecordContract, frozen=True):
    """A response together with its form, which the vendor's record does not name."""

    form_id: str
    response: Response

    def key(self) -> str:
        # A response id is unique within its form only (vendor reference), so the form is part of the key.
        return f"{self.form_id}:{self.response.token}"

    def changed_at(self) -> datetime | None:
        return self.response.latest_at()


STREAMS: Mapping[str, Stream] = {
    stream.name: stream
    for stream in (
        Stream(
            name="forms",
            contract=Form,
            description="Forms with their questions. Listed whole every night: a missing one was deleted.",
        ),
        Stream(
            name="responses",
            contract=WrappedResponse,
            description="Responses of every listed form, the started and the partial ones included. Each "
            "night reads a form from the newest response down past the overlap; deleted responses are found "
            "whenever a form is read to its end: every night up to full_read_up_to responses, else once in "
            "full_read_days.",
            lookback=DEFAULT_OVERLAP,
            recheck="parts",
        ),
    )
}
