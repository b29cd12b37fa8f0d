"""Which share of tickets went well, by cohort of their creation: with n, its 95 % interval by Wilson, and whether it
can still turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.company.working_time import local_day
from sandbox.model import COMPANY_TIME_ZONE
from sandbox.truth.cohorts import AccountOf, cut, row
from sandbox.truth.folding import Records, Ticket
from sandbox.truth.intervals import share

FCR = ("fcr_7d_same_topic", "fcr_7d_any_topic", "fcr_14d_same_topic", "fcr_14d_any_topic")
WINDOWS = {"fcr_7d": timedelta(days=7), "fcr_14d": timedelta(days=14)}
Told = Mapping[str, Mapping[str, Any]]
# How it went, none where that is not decided yet; and whether it may still come, or turn.
Outcome = tuple[bool | None, bool]


def shares(records: Records, tickets: Told, targets: Told, account_of: AccountOf) -> list[dict[str, Any]]:
    """A row for each metric, cut and period in which there is anything to judge, or will be. `tickets` and `targets`
    are what the truth says of each ticket and of each promised clock."""
    found: dict[str, list[tuple[Ticket, date, Outcome]]] = {}

    def add(metric: str, ticket_id: str, outcome: Outcome) -> None:
        ticket = records.tickets[int(ticket_id)]
        found.setdefault(metric, []).append((ticket, local_day(ticket.opened.at), outcome))

    for ticket_id, told in tickets.items():
        for metric, outcome in _of_ticket(told):
            add(metric, ticket_id, outcome)
    for target in targets.values():
        # a clock that still runs and is not over its time is not decided
        is_open = target["stopped_at"] is None and not target["is_breached"]
        add(
            f"sla_met_{target['metric']}",
            target["ticket_id"],
            (None if is_open else not target["is_breached"], is_open),
        )
    rows = []
    for metric, values in sorted(found.items()):
        for where, group in cut(values, account_of).items():
            judged = [int(value) for value, _ in group if value is not None]
            estimate = share({str(number): [value] for number, value in enumerate(judged)})
            n_open = sum(is_open for _, is_open in group)
            rows.append(
                row(
                    metric,
                    where,
                    value=estimate.value,
                    n=estimate.n,
                    ci_low=estimate.ci_low,
                    ci_high=estimate.ci_high,
                    n_open=n_open,
                    is_final=n_open == 0 and _is_over(metric, where[2], where[3], records.as_of),
                )
            )
    return rows


def _is_over(metric: str, period: str, start: str | None, as_of: datetime) -> bool:
    """Whether a period has ended, with the window that the metric leaves after it."""
    if start is None:
        return False
    first = date.fromisoformat(start)
    if period == "month":
        following = (first + timedelta(days=32)).replace(day=1)
    else:
        following = first + timedelta(days=7 if period == "week" else 1)
    window = next((window for name, window in WINDOWS.items() if metric.startswith(name)), timedelta())
    return datetime.combine(following, time(), ZoneInfo(COMPANY_TIME_ZONE)) + window <= as_of


def _of_ticket(told: Mapping[str, Any]) -> Iterator[tuple[str, Outcome]]:
    """What can be judged of a ticket; nothing of one that was merged away. What is closed can turn no more."""
    if told["is_merged"]:
        return
    can_turn = told["status"] != "closed"
    if told["is_one_touch"] is not None:
        has_had_its_touch = told["reopens"] > 0 or told["public_agent_replies"] > 1
        yield "one_touch", (told["is_one_touch"], can_turn and not has_had_its_touch)
    for name in FCR:
        value = told[f"is_{name}"]
        if value is not None or (told["first_resolved_at"] is not None and not told["is_opened_by_agent"]):
            yield name, (value, value is None)
    if told["first_resolved_at"] is not None:
        yield "reopened", (told["reopens"] > 0, can_turn and told["reopens"] == 0)
    if told["first_customer_turn_at"] is not None:
        yield "unanswered", (told["is_unanswered"], can_turn and told["is_unanswered"])
