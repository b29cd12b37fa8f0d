"""Who was asked by a survey or came to one, and how many of them answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.company.surveys import FORMS_BY_ID
from sandbox.company.working_time import local_day
from sandbox.truth.cuts import DIMENSIONS, SMALL_SAMPLE
from sandbox.truth.folding import Records
from sandbox.truth.intervals import share
from sandbox.truth.persons import CustomerOf, response_key, user_key
from sandbox.truth.voice import RATINGS, SURVEYS, about


@dataclass(frozen=True)
class Response:
    """One request, or one visit of a form. What the source does not tell is None: the survey tool knows of nobody whom
    it invited, the helpdesk of nobody who began."""

    key: str
    survey: str
    customer: str
    about: Mapping[str, str | None]
    invited_at: datetime | None
    started_at: datetime | None
    answered_at: datetime | None
    completed_at: datetime | None

    @property
    def asked_on(self) -> date:
        """The day of the invitation, or else of the beginning, or else of the answer."""
        at = self.invited_at or self.started_at or self.answered_at
        assert at is not None
        return local_day(at)


def responses(records: Records, customer_of: CustomerOf) -> list[Response]:
    """All of customers. A ticket's rating is asked for once, however often it is changed."""
    return [
        *_of_forms(records, customer_of),
        *_of_ratings(records, customer_of),
        *_of_helpdesk_surveys(records, customer_of),
    ]


def _of_forms(records: Records, customer_of: CustomerOf) -> Iterator[Response]:
    for response in records.responses.values():
        if FORMS_BY_ID[response.form_id].audience == "customer":
            key = response_key(response)
            yield Response(
                key=key,
                survey=response.form_id,
                customer=customer_of(key),
                about=about(records, response.hidden.get("ticket_id")),
                invited_at=None,
                started_at=response.landed_at,
                answered_at=None if response.state == "started" else response.submitted_at,
                completed_at=response.submitted_at if response.state == "completed" else None,
            )


def _of_ratings(records: Records, customer_of: CustomerOf) -> Iterator[Response]:
    for ticket_id, ticket in records.tickets.items():
        first = ticket.ratings[0].at if ticket.ratings else None
        invited = min((at for at in (ticket.offered_at, first) if at is not None), default=None)
        if invited is not None and not ticket.is_deleted:
            yield Response(
                key=f"zendesk:{RATINGS}:ticket:{ticket_id}",
                survey=RATINGS,
                customer=customer_of(user_key(records, ticket.opened.requester_user_id)),
                about=about(records, ticket_id),
                invited_at=invited,
                started_at=None,
                answered_at=first,
                completed_at=first,
            )


def _of_helpdesk_surveys(records: Records, customer_of: CustomerOf) -> Iterator[Response]:
    for answer in records.helpdesk_answers.values():
        if not records.tickets[answer.ticket_id].is_deleted:
            yield Response(
                key=f"zendesk:{SURVEYS}:{answer.response_id}",
                survey=SURVEYS,
                customer=customer_of(user_key(records, answer.user_id)),
                about=about(records, answer.ticket_id),
                invited_at=None,
                started_at=None,
                answered_at=answer.at,
                completed_at=answer.at,
            )


def listed(found: list[Response]) -> dict[str, dict[str, Any]]:
    """By key, JSON-able."""
    return {
        one.key: {
            "survey": one.survey,
            "channel": one.about.get("channel"),
            "topic": one.about.get("topic"),
            "agent_key": one.about.get("agent_key"),
            "invited_at": _iso(one.invited_at),
            "started_at": _iso(one.started_at),
            "answered_at": _iso(one.answered_at),
            "completed_at": _iso(one.completed_at),
            "asked_date": one.asked_on.isoformat(),
        }
        for one in found
    }


def rates(found: list[Response], known: Mapping[str, Mapping[str, str | None]]) -> list[dict[str, Any]]:
    """By survey, and where people are invited also by whatever they belong to; by the day of the invitation."""
    groups: dict[tuple[str, str, str, str, date | None], list[Response]] = {}
    inviting = {one.survey for one in found if one.invited_at is not None}
    starting = {one.survey for one in found if one.started_at is not None}
    for one in found:
        day = one.asked_on
        periods = {"all": None, "month": day.replace(day=1), "week": day - timedelta(days=day.weekday()), "day": day}
        for dimension, member in _members(one, known.get(one.customer, {}), one.survey in inviting):
            for period, start in periods.items():
                if period != "day" or dimension == "all":
                    groups.setdefault((one.survey, dimension, member, period, start), []).append(one)
    rows = []
    for (survey, dimension, member, period, start), group in groups.items():
        whole = groups[survey, "all", "all", period, start]
        points: dict[str, list[int]] = {}
        for one in group:
            if one.invited_at is not None:
                points.setdefault(one.customer, []).append(int(one.answered_at is not None))
        estimate = share(points)
        answered = sum(one.answered_at is not None for one in group)
        started = [one for one in group if one.started_at is not None]
        invited = sum(one.invited_at is not None for one in group)
        whole_answered = sum(one.answered_at is not None for one in whole)
        rows.append(
            {
                "survey": survey,
                "dimension": dimension,
                "member": member,
                "period": period,
                "period_start": None if start is None else start.isoformat(),
                "n_invited": invited if survey in inviting else None,
                "n_started": len(started) if survey in starting else None,
                "n_answered": answered,
                "n_completed": sum(one.completed_at is not None for one in group),
                "response_rate": estimate.value,
                "response_rate_ci_low": estimate.ci_low,
                "response_rate_ci_high": estimate.ci_high,
                "completion_rate": sum(one.completed_at is not None for one in started) / len(started)
                if started
                else None,
                "share_of_invited": invited / len(whole) if survey in inviting else None,
                "share_of_answered": answered / whole_answered if survey in inviting and whole_answered else None,
                "is_small_sample": len(group) < SMALL_SAMPLE,
            }
        )
    return rows


def _members(one: Response, known: Mapping[str, str | None], is_invited: bool) -> Iterator[tuple[str, str]]:
    yield "all", "all"
    if is_invited:
        for name in DIMENSIONS:
            member = {**one.about, **known}.get(name)
            if member is not None:
                yield name.removesuffix("_key"), member


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
