"""Response times and what else is known of each ticket, and their summary."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.company.schedules import schedule_of
from sandbox.company.working_time import local_day
from sandbox.truth import replies, resolution, sla
from sandbox.truth.business_time import business_minutes
from sandbox.truth.folding import Records, Ticket
from sandbox.truth.intervals import mean
from sandbox.truth.kaplan_meier import survival_quantile
from sandbox.truth.persons import CustomerOf, user_key
from sandbox.truth.repeats import first_contact_resolutions

OPEN_STATUSES = ("new", "open", "pending", "hold")


def tickets(records: Records, customer_of: CustomerOf) -> dict[str, dict[str, Any]]:
    """Every ticket that is not deleted, by its id. Minutes are unrounded, and calendar minutes where their name does
    not say business; those are of the schedule of the ticket's present team."""
    repeats = first_contact_resolutions(records, customer_of)
    return {
        str(ticket_id): {
            **_ticket(records, ticket, customer_of),
            **resolution.facts(ticket, schedule_of(ticket.value("group")), records.as_of),
            **repeats[ticket_id],
            **_kept(ticket, records.as_of),
        }
        for ticket_id, ticket in records.tickets.items()
        if not ticket.is_deleted
    }


def _ticket(records: Records, ticket: Ticket, customer_of: CustomerOf) -> dict[str, Any]:
    opened = ticket.opened
    by_agent = opened.opened_by_agent_id is not None
    public = [comment for comment in ticket.comments if comment.is_public]

    turn_at = replies.first_turn_at(ticket)
    response_at = None
    if turn_at is not None:
        later = (comment.at for comment in public if comment.kind == "agent" and comment.at > turn_at)
        response_at = next(later, None)

    # The helpdesk's own rule: it knows agents by their seat, so a bot that holds one counts, an automatic reply does
    # not; where an agent opened the ticket with a public comment, the second one is the answer.
    seated = [comment.at for comment in public if comment.kind in ("agent", "bot")]
    opened_publicly = by_agent and bool(seated) and ticket.comments[0].is_public
    parity_at = next(iter(seated[1:] if opened_publicly else seated), None)

    schedule = schedule_of(ticket.value("group"))

    def waited(start: datetime | None, end: datetime | None) -> tuple[float | None, float | None]:
        if ticket.is_merged or start is None or end is None:
            return None, None
        return (end - start) / timedelta(minutes=1), business_minutes(schedule, start, end)

    response, response_business = waited(turn_at, response_at)
    parity, parity_business = waited(opened.at, parity_at)
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
        "first_response_minutes": response,
        "first_response_business_minutes": response_business,
        "first_response_zendesk_minutes": parity,
        "first_response_zendesk_business_minutes": parity_business,
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
    """First response by channel (and `all`) and month of creation, as "email 2025-10-01": open tickets count as waiting
    at least so long (Kaplan–Meier)."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for ticket in found.values():
        if ticket["first_response_minutes"] is not None or ticket["is_unanswered"]:
            month = local_day(datetime.fromisoformat(ticket["created_at"])).replace(day=1)
            for channel in ("all", ticket["channel"]):
                groups.setdefault(f"{channel} {month}", []).append(ticket)
    return {cut: _summary(group, as_of) for cut, group in groups.items()}


def _summary(group: list[dict[str, Any]], as_of: datetime) -> dict[str, Any]:
    answered = [ticket["first_response_minutes"] for ticket in group if not ticket["is_unanswered"]]
    waiting = [
        (as_of - datetime.fromisoformat(ticket["first_customer_turn_at"])) / timedelta(minutes=1)
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


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _kept(ticket: Ticket, as_of: datetime) -> dict[str, Any]:
    rows = sla.targets(ticket, schedule_of(ticket.value("group")), as_of)
    breaches = sum(row["is_breached"] for row in rows)
    return {
        "sla_targets": len(rows),
        "sla_breaches": breaches,
        "is_sla_breached": breaches > 0 if rows else None,
    }


def all_targets(records: Records) -> dict[str, dict[str, Any]]:
    """Every promised clock of the tickets that are neither deleted nor merged away, by "ticket:metric:instance"."""
    return {
        f"{row['ticket_id']}:{row['metric']}:{row['instance']}": row
        for ticket in records.tickets.values()
        if not ticket.is_deleted
        for row in sla.targets(ticket, schedule_of(ticket.value("group")), records.as_of)
    }


def all_replies(records: Records) -> dict[str, dict[str, Any]]:
    """Every customer turn of the tickets that are neither deleted nor merged away, by "ticket:turn"."""
    return {
        f"{row['ticket_id']}:{row['turn_number']}": row
        for ticket in records.tickets.values()
        if not ticket.is_deleted
        for row in replies.replies(ticket, schedule_of(ticket.value("group")))
    }
