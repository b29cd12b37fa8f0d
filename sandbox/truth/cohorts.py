"""How the summaries cut: by period of a day in the company's zone, and by what a ticket is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

from sandbox.truth.folding import Records, Ticket
from sandbox.truth.members import Attributes
from sandbox.truth.persons import CustomerOf, user_key
from sandbox.truth.voice import agent_key

SMALL_SAMPLE = 30  # an analyst's setting: below it a row is marked

T = TypeVar("T")
Cut = tuple[str, str, str, str | None]  # dimension, member, period, the period's first day
AccountOf = Callable[[Ticket], str | None]


def account_of(
    records: Records, customer_of: CustomerOf, known: Attributes, organizations: Mapping[str, str]
) -> AccountOf:
    """Whose a ticket is: the account of the organization that it was opened for, else that of its customer. Which
    account each of the two is, is taken as given."""

    def find(ticket: Ticket) -> str | None:
        own = organizations.get(str(ticket.opened.organization_id))
        customer = customer_of(user_key(records, ticket.opened.requester_user_id))
        return own or known.get(customer, {}).get("account_key")

    return find


def periods(day: date) -> Iterator[tuple[str, str | None]]:
    """The periods that a day lies in, with their first days; weeks begin on Monday."""
    yield "all", None
    yield "month", day.replace(day=1).isoformat()
    yield "week", (day - timedelta(days=day.weekday())).isoformat()
    yield "day", day.isoformat()


def members(ticket: Ticket, account: str | None) -> Iterator[tuple[str, str]]:
    """What a ticket is by now: dimension and member. A ticket without a team is in no team, one that nobody has in no
    agent's hands."""
    yield "all", "all"
    yield "channel", ticket.opened.channel
    yield "topic", ticket.opened.topic
    team = ticket.value("group")
    if team is not None:
        yield "team", team
    agent = agent_key(ticket.assignee_id)
    if agent is not None:
        yield "agent", agent
    yield "segment", "consumer" if account is None else "business"
    if account is not None:
        yield "account", account


def cut(found: Iterable[tuple[Ticket, date, T]], account_of: AccountOf) -> dict[Cut, list[T]]:
    """What was found of tickets, each with its day, by dimension and period. Accounts are told of by the month and over
    all."""
    groups: dict[Cut, list[T]] = defaultdict(list)
    for ticket, day, value in found:
        for dimension, member in members(ticket, account_of(ticket)):
            for period, start in periods(day):
                if dimension != "account" or period in ("all", "month"):
                    groups[dimension, member, period, start].append(value)
    return groups


def row(metric: str, where: Cut, **figures: Any) -> dict[str, Any]:
    """A row of a summary."""
    dimension, member, period, start = where
    named = {"metric": metric, "dimension": dimension, "member": member, "period": period, "period_start": start}
    return {**named, **figures, "is_small_sample": figures["n"] < SMALL_SAMPLE}
