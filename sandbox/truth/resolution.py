"""What became of a ticket: its resolutions, who waited for whom, hand-overs, and whether one answer was enough."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.company.schedules import Schedule
from sandbox.truth.business_time import business_minutes
from sandbox.truth.folding import Ticket
from sandbox.truth.spells import SOLVED, UNSOLVED, business, calendar, stretches

WAITS = {
    "requester_wait": frozenset({"new", "open", "hold"}),
    "agent_wait": frozenset({"pending"}),
    "on_hold": frozenset({"hold"}),
}


def resolutions(ticket: Ticket) -> list[datetime]:
    """Each time that the ticket became solved, or closed, from an unsolved status. Closing a solved one is none."""
    status = ticket.born["status"]
    found = []
    for change in ticket.history.get("status", []):
        if change.new in SOLVED and status in UNSOLVED:
            found.append(change.at)
        status = change.new
    return found


def reopenings(ticket: Ticket) -> list[datetime]:
    """Each time that a solved ticket became unsolved again."""
    changes = ticket.history.get("status", [])
    return [change.at for change in changes if change.old == "solved" and change.new in UNSOLVED]


def first_resolved_at(ticket: Ticket) -> datetime | None:
    """When it was resolved for the first time; None for one that never was, or was merged away."""
    return None if ticket.is_merged else next(iter(resolutions(ticket)), None)


def full_resolved_at(ticket: Ticket) -> datetime | None:
    """When it was resolved for the last time; None while it is unsolved, or if it was merged away."""
    if ticket.is_merged or ticket.status not in SOLVED:
        return None
    return resolutions(ticket)[-1]


def facts(ticket: Ticket, schedule: Schedule, as_of: datetime) -> dict[str, Any]:
    """The ticket's figures; minutes unrounded. A wait that still runs is reckoned up to `as_of`. A merged ticket has
    none of them but its changes."""
    merged = ticket.is_merged
    first, full = first_resolved_at(ticket), full_resolved_at(ticket)
    found: dict[str, Any] = {"first_resolved_at": first, "full_resolved_at": full}
    for name, at in (("first_resolution", first), ("full_resolution", full)):
        span = None if at is None else (ticket.opened.at, at)
        found[f"{name}_minutes"] = span and (span[1] - span[0]) / timedelta(minutes=1)
        found[f"{name}_business_minutes"] = span and business_minutes(schedule, *span)
    for name, statuses in WAITS.items():
        parts = stretches(ticket, statuses, ticket.opened.at, as_of)
        found[f"{name}_minutes"] = None if merged else calendar(parts)
        found[f"{name}_business_minutes"] = None if merged else business(schedule, parts)
    answers = sum(comment.kind == "agent" and comment.is_public for comment in ticket.comments)
    is_solved = ticket.status in SOLVED and not merged
    return {
        **{name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()},
        "team_changes": _changes(ticket, "group"),
        "assignee_changes": _changes(ticket, "assignee_id"),
        "is_one_touch": answers == 1 and not ticket.reopens if is_solved else None,
    }


def _changes(ticket: Ticket, field: str) -> int:
    """Changes from one value to another; the first one is a beginning, not a change."""
    return sum(None not in (change.old, change.new) for change in ticket.history.get(field, []))
