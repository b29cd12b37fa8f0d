"""Customer turns and their answers: when each turn began, and when a person of the team answered it publicly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.company.schedules import Schedule
from sandbox.model import CommentAdded
from sandbox.truth.business_time import business_minutes
from sandbox.truth.folding import Ticket
from sandbox.truth.spells import value_at


@dataclass(frozen=True)
class Turn:
    """A customer's turn; `answer` is None while nobody has answered."""

    number: int
    asked_at: datetime
    answer: CommentAdded | None


def first_turn_at(ticket: Ticket) -> datetime | None:
    """When the customer's first turn began: with the ticket, or with their first public comment where an agent opened
    it; None if they never wrote in such a one."""
    if ticket.opened.opened_by_agent_id is None:
        return ticket.opened.at
    written = (comment.at for comment in ticket.comments if comment.is_public and comment.kind == "customer")
    return next(written, None)


def turns(ticket: Ticket) -> list[Turn]:
    """The turns in order. One begins with the first public customer message that nobody has answered, and ends with the
    next public comment of a person of the team; bots and automatic answers end none."""
    asked_at = first_turn_at(ticket)
    if asked_at is None:
        return []
    found: list[Turn] = []
    waiting: datetime | None = asked_at
    for comment in ticket.comments:
        if not comment.is_public or comment.at <= asked_at:
            continue
        if comment.kind == "agent" and waiting is not None:
            found.append(Turn(len(found) + 1, waiting, comment))
            waiting = None
        elif comment.kind == "customer" and waiting is None:
            waiting = comment.at
    if waiting is not None:
        found.append(Turn(len(found) + 1, waiting, None))
    return found


def replies(ticket: Ticket, schedule: Schedule) -> list[dict[str, Any]]:
    """A row for each turn of a ticket that was not merged away. Minutes are null while unanswered; `team` is the
    ticket's as of the answer."""
    return [] if ticket.is_merged else [_reply(ticket, schedule, turn) for turn in turns(ticket)]


def _reply(ticket: Ticket, schedule: Schedule, turn: Turn) -> dict[str, Any]:
    answer = turn.answer
    return {
        "ticket_id": str(ticket.opened.ticket_id),
        "turn_number": turn.number,
        "asked_at": turn.asked_at.isoformat(),
        "answered_at": answer.at.isoformat() if answer else None,
        "reply_minutes": (answer.at - turn.asked_at) / timedelta(minutes=1) if answer else None,
        "reply_business_minutes": business_minutes(schedule, turn.asked_at, answer.at) if answer else None,
        "agent_key": f"zendesk:{answer.author_user_id}" if answer else None,
        "team": value_at(ticket, "group", answer.at) if answer else None,
    }
