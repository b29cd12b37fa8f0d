"""Which share of tickets went well, by cohort of their creation: with n and its 95 % interval by Wilson."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sandbox.company.working_time import local_day
from sandbox.truth.cohorts import cut, row
from sandbox.truth.folding import Records, Ticket
from sandbox.truth.intervals import share

FCR = ("fcr_7d_same_topic", "fcr_7d_any_topic", "fcr_14d_same_topic", "fcr_14d_any_topic")
Told = Mapping[str, Mapping[str, Any]]


def shares(records: Records, tickets: Told, targets: Told) -> list[dict[str, Any]]:
    """A row for each metric, cut and period in which there is anything to judge. `tickets` and `targets` are what the
    truth says of each ticket and of each promised clock."""
    found: dict[str, list[tuple[Ticket, date, int]]] = {}

    def add(metric: str, ticket_id: str, value: bool) -> None:
        ticket = records.tickets[int(ticket_id)]
        found.setdefault(metric, []).append((ticket, local_day(ticket.opened.at), int(value)))

    for ticket_id, told in tickets.items():
        for metric, value in _of_ticket(told):
            add(metric, ticket_id, value)
    for target in targets.values():
        # a clock that still runs and is not over its time is not decided
        if target["stopped_at"] is not None or target["is_breached"]:
            add(f"sla_met_{target['metric']}", target["ticket_id"], not target["is_breached"])
    return [
        row(metric, where, value=estimate.value, n=estimate.n, ci_low=estimate.ci_low, ci_high=estimate.ci_high)
        for metric, values in sorted(found.items())
        for where, group in cut(values).items()
        for estimate in [share({str(number): [value] for number, value in enumerate(group)})]
    ]


def _of_ticket(told: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """What can be judged of a ticket; nothing of one that was merged away."""
    if told["is_merged"]:
        return
    if told["is_one_touch"] is not None:
        yield "one_touch", told["is_one_touch"]
    for name in FCR:
        if told[f"is_{name}"] is not None:
            yield name, told[f"is_{name}"]
    if told["first_resolved_at"] is not None:
        yield "reopened", told["reopens"] > 0
    if told["first_customer_turn_at"] is not None:
        yield "unanswered", told["is_unanswered"]
