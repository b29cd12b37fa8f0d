"""Response times and what else is known of each ticket, and their summary."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sandbox.truth.folding import Records, Ticket
from sandbox.truth.intervals import mean
from sandbox.truth.persons import CustomerOf, user_key

OPEN_STATUSES = ("new", "open", "pending", "hold")


def tickets(records: Records, customer_of: CustomerOf) -> dict[str, dict[str, Any]]:
    """Every ticket that is not deleted, by its id. Minutes are calendar minutes, unrounded."""
    return {
        str(ticket_id): _ticket(records, ticket, customer_of)
        for ticket_id, ticket in records.tickets.items()
        if not ticket.is_deleted
    }


def _ticket(records: Records, ticket: Ticket, customer_of: CustomerOf) -> dict[str, Any]:
    opened = ticket.opened
    by_agent = opened.opened_by_agent_id is not None
    public = [comment for comment in ticket.comments if comment.is_public]

    turn_at: datetime | None = opened.at
    if by_agent:
        turn_at = next((comment.at for comment in public if comment.kind == "customer"), None)
    response_at = None
    if turn_at is not None:
        later = (comment.at for comment in public if comment.kind == "agent" and comment.at > turn_at)
        response_at = next(later, None)

    # The helpdesk's own rule: it knows agents by their seat, so a bot that holds one counts, an automatic reply does
    # not; where an agent opened the ticket with a public comment, the second one is the answer.
    seated = [comment.at for comment in public if comment.kind in ("agent", "bot")]
    opened_publicly = by_agent and bool(seated) and ticket.comments[0].is_public
    parity_at = next(iter(seated[1:] if opened_publicly else seated), None)

    return {
        "customer": customer_of(user_key(records, opened.requester_user_id)),
        "channel": opened.channel,
        "topic": opened.topic,
        "priority": ticket.priority,
        "status": ticket.status,
        "is_open": ticket.status in OPEN_STATUSES,
        "is_merged": ticket.is_merged,
        "is_opened_by_agent": by_agent,
        "created_at": opened.at.isoformat(),
        "first_customer_turn_at": _iso(turn_at),
        "first_response_at": _iso(response_at),
        "first_response_minutes": None if ticket.is_merged else _minutes(turn_at, response_at),
        "first_response_zendesk_minutes": None if ticket.is_merged else _minutes(opened.at, parity_at),
        "is_unanswered": not ticket.is_merged and turn_at is not None and response_at is None,
        "public_agent_replies": sum(comment.kind == "agent" for comment in public),
        "public_customer_messages": sum(comment.kind == "customer" for comment in public),
        "reopens": ticket.reopens,
        "first_solved_at": _iso(ticket.first_solved_at),
        "last_solved_at": _iso(ticket.last_solved_at),
        "first_rating": ticket.ratings[0].rating if ticket.ratings else None,
        "latest_rating": ticket.ratings[-1].rating if ticket.ratings else None,
    }


def summary(found: dict[str, dict[str, Any]], as_of: datetime) -> dict[str, dict[str, Any]]:
    """First response by channel and for `all`: open tickets count as waiting at least so long (Kaplan–Meier)."""
    groups: dict[str, list[dict[str, Any]]] = {"all": []}
    for ticket in found.values():
        if ticket["first_response_minutes"] is not None or ticket["is_unanswered"]:
            groups["all"].append(ticket)
            groups.setdefault(ticket["channel"], []).append(ticket)
    return {channel: _summary(group, as_of) for channel, group in groups.items()}


def _summary(group: list[dict[str, Any]], as_of: datetime) -> dict[str, Any]:
    answered = [ticket["first_response_minutes"] for ticket in group if not ticket["is_unanswered"]]
    waiting = [
        _minutes(datetime.fromisoformat(ticket["first_customer_turn_at"]), as_of) or 0.0
        for ticket in group
        if ticket["is_unanswered"]
    ]
    average = mean({str(n): [minutes] for n, minutes in enumerate(answered)}, 0.0, None)
    return {
        "n": len(group),
        "n_answered": len(answered),
        "n_unanswered": len(waiting),
        "median_minutes": survival_quantile(answered, waiting, 0.5),
        "p90_minutes": survival_quantile(answered, waiting, 0.9),
        "mean_answered_minutes": average.value,
        "mean_answered_ci_low": average.ci_low,
        "mean_answered_ci_high": average.ci_high,
    }


def survival_quantile(ended: Iterable[float], censored: Iterable[float], share: float) -> float | None:
    """The time by which `share` have ended (Kaplan–Meier): the first at which at most 1 − share are left; None if that
    is never reached. One that is censored at a moment still counts as waiting at that moment."""
    moments: list[tuple[float, bool]] = sorted(
        [(minutes, True) for minutes in ended] + [(minutes, False) for minutes in censored]
    )
    at_risk, left = len(moments), 1.0
    for minutes, same in groupby(moments, key=_time):
        endings = [ended for _, ended in same]
        if any(endings):
            left *= 1 - sum(endings) / at_risk
            if left <= 1 - share + 1e-12:
                return minutes
        at_risk -= len(endings)
    return None


def _time(moment: tuple[float, bool]) -> float:
    return moment[0]


def _minutes(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start) / timedelta(minutes=1)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
