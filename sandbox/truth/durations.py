"""How long things take, by cohort: what has not ended yet has lasted at least so long (Kaplan–Meier).

A slow team cannot look fast by leaving things open. Tickets that were merged away are in no cohort."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.company.schedules import schedule_of
from sandbox.company.working_time import local_day
from sandbox.truth.business_time import business_minutes
from sandbox.truth.cohorts import AccountOf, Cut, cut, row
from sandbox.truth.folding import Records, Ticket
from sandbox.truth.intervals import mean
from sandbox.truth.kaplan_meier import curve, median_interval, quantile
from sandbox.truth.replies import turns
from sandbox.truth.resolution import WAITS, first_resolved_at, full_resolved_at
from sandbox.truth.spells import SOLVED, calendar, stretches


@dataclass(frozen=True)
class Wait:
    """How long something took, or has lasted so far."""

    minutes: float
    is_done: bool


def durations(records: Records, account_of: AccountOf) -> list[dict[str, Any]]:
    """A row for each metric, cut and period in which there is anything; minutes are unrounded."""
    found: dict[str, list[tuple[Ticket, date, Wait]]] = {}
    for ticket in records.tickets.values():
        if ticket.is_deleted or ticket.is_merged:
            continue
        for metric, day, wait in _waits(ticket, records.as_of):
            found.setdefault(metric, []).append((ticket, day, wait))
    return [
        row(metric, where, **summary(group))
        for metric, waits in sorted(found.items())
        for where, group in cut(waits, account_of).items()
        if _is_cohort(where)
    ]


def _is_cohort(where: Cut) -> bool:
    """Whether a cell is one whose durations are told: weeks and months, and of all tickets also single days."""
    dimension, _, period, _ = where
    return period in ("week", "month") or (period == "day" and dimension == "all")


def _waits(ticket: Ticket, as_of: datetime) -> Iterator[tuple[str, date, Wait]]:
    """The ticket's waits, each with the day of its cohort: that of the ticket's creation, of a next reply that of the
    question."""
    schedule = schedule_of(ticket.value("group"))
    created = local_day(ticket.opened.at)

    def both(metric: str, day: date, start: datetime, end: datetime | None) -> Iterator[tuple[str, date, Wait]]:
        until, is_done = end or as_of, end is not None
        yield metric, day, Wait((until - start) / timedelta(minutes=1), is_done)
        yield f"{metric}_business", day, Wait(business_minutes(schedule, start, until), is_done)

    for turn in turns(ticket):
        first = turn.number == 1
        metric, day = ("first_response", created) if first else ("next_reply", local_day(turn.asked_at))
        yield from both(metric, day, turn.asked_at, turn.answer.at if turn.answer else None)
    yield from both("first_resolution", created, ticket.opened.at, first_resolved_at(ticket))
    yield from both("full_resolution", created, ticket.opened.at, full_resolved_at(ticket))
    waited = calendar(stretches(ticket, WAITS["requester_wait"], ticket.opened.at, as_of))
    yield "requester_wait", created, Wait(waited, ticket.status in SOLVED)


def summary(group: list[Wait]) -> dict[str, Any]:
    """The figures of one group; what ended is averaged beside, with waits as independent."""
    done = [wait.minutes for wait in group if wait.is_done]
    open_ = [wait.minutes for wait in group if not wait.is_done]
    steps = curve(done, open_)
    low, high = median_interval(steps)
    average = mean({str(number): [minutes] for number, minutes in enumerate(done)}, 0.0, None)
    return {
        "n": len(group),
        "n_done": len(done),
        "n_open": len(open_),
        "median_minutes": quantile(steps, 0.5),
        "median_ci_low": low,
        "median_ci_high": high,
        "p90_minutes": quantile(steps, 0.9),
        "mean_done_minutes": average.value,
        "mean_done_ci_low": average.ci_low,
        "mean_done_ci_high": average.ci_high,
    }
