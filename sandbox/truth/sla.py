"""Promises and whether they were kept: one row for each time that a promised clock ran on a ticket.

A reply clock runs from a customer's turn to its answer, whatever the status; one that is never answered runs on. The
others run while the ticket is unsolved, and stand still in the statuses that are not theirs. Which promise holds, and
for which priority, is asked once: when the clock stops, or now if it still runs. The whole time is compared with that
target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.company.promises import PROMISES, Metric, Promise
from sandbox.company.schedules import Schedule
from sandbox.truth.folding import Ticket
from sandbox.truth.replies import turns
from sandbox.truth.resolution import resolutions
from sandbox.truth.spells import UNSOLVED, business, calendar, stretches, value_at

RUNS_IN: dict[Metric, frozenset[str]] = {
    "requester_wait_time": frozenset({"new", "open", "hold"}),
    "agent_work_time": frozenset({"new", "open"}),
    "pausable_update_time": frozenset({"new", "open", "hold"}),
}


@dataclass(frozen=True)
class Clock:
    """One run of a metric on a ticket; `stopped_at` None: it still runs."""

    metric: Metric
    instance: int
    started_at: datetime
    stopped_at: datetime | None


def targets(ticket: Ticket, schedule: Schedule, as_of: datetime) -> list[dict[str, Any]]:
    """The promised clocks of a ticket that was not merged away. Minutes are unrounded, in the schedule's hours where
    the target is."""
    if ticket.is_merged:
        return []
    rows = (_target(ticket, schedule, clock, as_of) for clock in clocks(ticket))
    return [row for row in rows if row is not None]


def clocks(ticket: Ticket) -> Iterator[Clock]:
    """Every clock that ran on a ticket, promised or not."""
    for turn in turns(ticket):
        answered_at = turn.answer.at if turn.answer else None
        if turn.number == 1:
            yield Clock("first_reply_time", 1, turn.asked_at, answered_at)
        else:
            yield Clock("next_reply_time", turn.number - 1, turn.asked_at, answered_at)
    for number, (start, end) in enumerate(_unsolved(ticket), start=1):
        yield Clock("requester_wait_time", number, start, end)
        yield Clock("agent_work_time", number, start, end)
    yield from _updates(ticket)


def _unsolved(ticket: Ticket) -> Iterator[tuple[datetime, datetime | None]]:
    """From the creation, and from each return to an unsolved status, to the next resolution."""
    start: datetime | None = ticket.opened.at
    for change in ticket.history.get("status", []):
        if start is not None and change.new not in UNSOLVED:
            yield start, change.at
            start = None
        elif start is None and change.new in UNSOLVED:
            start = change.at
    if start is not None:
        yield start, None


def _updates(ticket: Ticket) -> Iterator[Clock]:
    """From each public comment of a person of the team, on a ticket that is unsolved by then, to the next one or to the
    resolution."""
    said = [comment.at for comment in ticket.comments if comment.is_public and comment.kind == "agent"]
    number = 0
    for place, at in enumerate(said):
        if value_at(ticket, "status", at) not in UNSOLVED:
            continue
        number += 1
        ends = [*said[place + 1 : place + 2], *(solved for solved in resolutions(ticket) if solved > at)]
        yield Clock("pausable_update_time", number, at, min(ends, default=None))


def _target(ticket: Ticket, schedule: Schedule, clock: Clock, as_of: datetime) -> dict[str, Any] | None:
    until = clock.stopped_at or as_of
    priority = value_at(ticket, "priority", until)
    promise = promise_of(ticket, until)
    if promise is None:
        return None
    wanted = (clock.metric, priority)
    target = next((one for one in promise.targets if (one.metric, one.priority) == wanted), None)
    if target is None:
        return None
    parts = [(clock.started_at, until)]
    if clock.metric in RUNS_IN:
        parts = stretches(ticket, RUNS_IN[clock.metric], clock.started_at, until)
    elapsed = business(schedule, parts) if target.in_hours else calendar(parts)
    return {
        "ticket_id": str(ticket.opened.ticket_id),
        "metric": clock.metric,
        "instance": clock.instance,
        "policy": promise.title,
        "priority": priority,
        "target_minutes": target.minutes,
        "is_business": target.in_hours,
        "started_at": clock.started_at.isoformat(),
        "stopped_at": clock.stopped_at.isoformat() if clock.stopped_at else None,
        "elapsed_minutes": elapsed,
        "is_breached": elapsed > target.minutes,
    }


def promise_of(ticket: Ticket, at: datetime) -> Promise | None:
    """The first promise that the ticket suits at an instant."""
    team, priority = value_at(ticket, "group", at), value_at(ticket, "priority", at)

    def suits(promise: Promise) -> bool:
        return (
            (not promise.teams or team in promise.teams)
            and (not promise.priorities or priority in promise.priorities)
            and (not promise.topics or ticket.opened.topic in promise.topics)
        )

    return next(filter(suits, PROMISES), None)
