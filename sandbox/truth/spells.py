"""What a ticket's status, priority, assignee and team were, and how long: spells [since, until) from its history."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.company.schedules import Schedule
from sandbox.truth.business_time import business_minutes
from sandbox.truth.folding import Ticket

UNSOLVED = frozenset({"new", "open", "pending", "hold"})
SOLVED = frozenset({"solved", "closed"})


@dataclass(frozen=True)
class Spell:
    """One value from `since` up to `until` (not included); None: it still holds."""

    value: str | None
    since: datetime
    until: datetime | None


def spells(ticket: Ticket, field: str) -> list[Spell]:
    """The spells of a field (status, priority, assignee_id, group) in order, from the ticket's creation on. Of several
    changes in one instant the last one counts."""
    value = ticket.born.get(field)
    since = ticket.opened.at
    found: list[Spell] = []
    for change in ticket.history.get(field, []):
        if change.new == value:
            continue
        if change.at > since:
            found.append(Spell(value, since, change.at))
        value, since = change.new, change.at
    found.append(Spell(value, since, None))
    return found


def value_at(ticket: Ticket, field: str, at: datetime) -> str | None:
    """The value that holds at an instant, a change of that instant included; before the creation that of it."""
    value = ticket.born.get(field)
    for change in ticket.history.get(field, []):
        if change.at > at:
            break
        value = change.new
    return value


def stretches(
    ticket: Ticket, statuses: Container[str | None], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """The parts of [start, end) that the ticket spent in the statuses."""
    found = []
    for spell in spells(ticket, "status"):
        if spell.value not in statuses:
            continue
        since, until = max(start, spell.since), min(end, spell.until or end)
        if since < until:
            found.append((since, until))
    return found


def calendar(parts: list[tuple[datetime, datetime]]) -> float:
    """Minutes of all parts."""
    return sum(((end - start) / timedelta(minutes=1) for start, end in parts), 0.0)


def business(schedule: Schedule, parts: list[tuple[datetime, datetime]]) -> float:
    """Minutes of all parts inside the schedule's hours."""
    return sum((business_minutes(schedule, start, end) for start, end in parts), 0.0)
