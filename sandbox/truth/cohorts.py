"""How the summaries cut: by period of a day in the company's zone, and by what a ticket is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, TypeVar

from sandbox.truth.folding import Ticket

SMALL_SAMPLE = 30  # an analyst's setting: below it a row is marked

T = TypeVar("T")
Cut = tuple[str, str, str, str | None]  # dimension, member, period, the period's first day


def periods(day: date) -> Iterator[tuple[str, str | None]]:
    """The periods that a day lies in, with their first days; weeks begin on Monday."""
    yield "all", None
    yield "month", day.replace(day=1).isoformat()
    yield "week", (day - timedelta(days=day.weekday())).isoformat()
    yield "day", day.isoformat()


def members(ticket: Ticket) -> Iterator[tuple[str, str]]:
    """What a ticket is by now: dimension and member. A ticket without a team is in no team."""
    yield "all", "all"
    yield "channel", ticket.opened.channel
    yield "topic", ticket.opened.topic
    team = ticket.value("group")
    if team is not None:
        yield "team", team


def cut(found: Iterable[tuple[Ticket, date, T]]) -> dict[Cut, list[T]]:
    """What was found of tickets, each with its day, by dimension and period."""
    groups: dict[Cut, list[T]] = defaultdict(list)
    for ticket, day, value in found:
        for dimension, member in members(ticket):
            for period, start in periods(day):
                groups[dimension, member, period, start].append(value)
    return groups


def row(metric: str, where: Cut, **figures: Any) -> dict[str, Any]:
    """A row of a summary."""
    dimension, member, period, start = where
    named = {"metric": metric, "dimension": dimension, "member": member, "period": period, "period_start": start}
    return {**named, **figures, "is_small_sample": figures["n"] < SMALL_SAMPLE}
