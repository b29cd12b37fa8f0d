"""Service-level policies in Zendesk's form, and which of their targets holds for a ticket as it stands.

Policies are tried by position; the first whose filter matches applies (support.zendesk.com, "Defining SLA policies").
A filter is made like the conditions of other rules (developer.zendesk.com, "Conditions reference")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.company.promises import PROMISES, Promise
from sandbox.vendors.zendesk.records import ACCOUNT, TicketState, group_id, iso

FIRST_POLICY_ID = 360_800_000_100
STATUS_ORDER = ("new", "open", "pending", "hold", "solved", "closed", "deleted")


def policies(created_at: datetime) -> Iterator[dict[str, Any]]:
    """All policies, by position."""
    for position, promise in enumerate(PROMISES, start=1):
        number = FIRST_POLICY_ID + promise.number
        yield {
            "url": f"{ACCOUNT}/api/v2/slas/policies/{number}.json",
            "id": number,
            "title": promise.title,
            "description": promise.description,
            "position": position,
            "filter": _filter(promise),
            "policy_metrics": [
                {
                    "priority": target.priority,
                    "metric": target.metric,
                    "target": target.minutes,
                    "target_in_seconds": target.minutes * 60,
                    "business_hours": target.in_hours,
                }
                for target in promise.targets
            ],
            "metric_settings": {},
            "created_at": iso(created_at),
            "updated_at": iso(created_at),
        }


def _filter(promise: Promise) -> dict[str, Any]:
    """What is named once is asked for by `all`; of several, one has to be so."""
    every: list[dict[str, Any]] = [{"field": "status", "operator": "less_than", "value": ["solved"]}]
    either: list[dict[str, Any]] = []
    named = (
        [{"field": "group_id", "operator": "is", "value": group_id(team)} for team in sorted(promise.teams)],
        [{"field": "priority", "operator": "is", "value": priority} for priority in sorted(promise.priorities)],
        [{"field": "current_tags", "operator": "includes", "value": f"topic_{t}"} for t in sorted(promise.topics)],
    )
    for conditions in named:
        (every if len(conditions) == 1 else either).extend(conditions)
    return {"all": every, "any": either}


@dataclass(frozen=True)
class Applied:
    """A policy's target as it is applied to one of a ticket's clocks."""

    policy: Mapping[str, Any]
    minutes: int
    in_hours: bool

    def record(self) -> dict[str, Any]:
        """As an apply_sla event tells it."""
        return {
            "target": self.minutes,
            "target_in_seconds": self.minutes * 60,
            "business_hours": self.in_hours,
            "policy": {name: self.policy[name] for name in ("id", "title", "description")},
        }


class Policies:
    """The account's policies, asked for a ticket as it stands."""

    def __init__(self, created_at: datetime) -> None:
        self._all = list(policies(created_at))

    def target(self, ticket: TicketState, metric: str) -> Applied | None:
        """The target of a metric that holds for the ticket now."""
        policy = next((one for one in self._all if matches(one["filter"], ticket)), None)
        for one in policy["policy_metrics"] if policy else ():
            if (one["metric"], one["priority"]) == (metric, ticket.priority):
                assert policy is not None
                return Applied(policy, one["target"], one["business_hours"])
        return None


def matches(conditions: Mapping[str, Any], ticket: TicketState) -> bool:
    """Whether all conditions of `all` hold, and one of `any` if there are some."""
    either = conditions["any"]
    return all(_holds(one, ticket) for one in conditions["all"]) and (
        not either or any(_holds(one, ticket) for one in either)
    )


def _holds(condition: Mapping[str, Any], ticket: TicketState) -> bool:
    field, operator, value = (condition[name] for name in ("field", "operator", "value"))
    if (field, operator) == ("status", "less_than"):
        return STATUS_ORDER.index(ticket.status) < min(map(STATUS_ORDER.index, value))
    if (field, operator) == ("group_id", "is"):
        return ticket.group is not None and group_id(ticket.group) == value
    if (field, operator) == ("priority", "is"):
        return bool(ticket.priority == value)
    if (field, operator) == ("current_tags", "includes"):
        return value in ticket.tags
    raise AssertionError(f"no policy asks for {field} {operator}")
