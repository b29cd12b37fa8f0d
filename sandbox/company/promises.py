"""What the company promises its customers: how soon, for which tickets, by the clock or in the team's hours.

Promises are tried in the order of PROMISES; the first one that a ticket suits holds for it, until a change of the
ticket makes it suit another. How time is counted is not here: the helpdesk's settings and the truth each do that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.model import Priority

Metric = Literal[
    "first_reply_time", "next_reply_time", "requester_wait_time", "agent_work_time", "pausable_update_time"
]
ANY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Target:
    """At most so many minutes; `in_hours`: only those count in which the team works."""

    metric: Metric
    priority: Priority
    minutes: int
    in_hours: bool


@dataclass(frozen=True)
class Promise:
    """A ticket suits it if its team, its priority and its topic are among those named; none named: any."""

    number: int
    title: str
    description: str
    targets: tuple[Target, ...]
    teams: frozenset[str] = ANY
    priorities: frozenset[str] = ANY
    topics: frozenset[str] = ANY


def _targets(metric: Metric, *, in_hours: bool, **minutes: int) -> tuple[Target, ...]:
    found: tuple[Target, ...] = ()
    for priority in ("low", "normal", "high", "urgent"):
        if priority in minutes:
            found += (Target(metric, priority, minutes[priority], in_hours),)
    return found


PROMISES = (
    Promise(
        2,
        "Urgent",
        "Somebody is cut off",
        (
            *_targets("first_reply_time", in_hours=False, urgent=30),
            *_targets("next_reply_time", in_hours=False, urgent=60),
            *_targets("requester_wait_time", in_hours=False, urgent=480),
            *_targets("pausable_update_time", in_hours=False, urgent=240),
        ),
        priorities=frozenset({"urgent"}),
    ),
    Promise(
        3,
        "Deliveries",
        "Whatever is on its way",
        (
            *_targets("first_reply_time", in_hours=True, low=480, normal=240, high=120),
            *_targets("requester_wait_time", in_hours=True, low=2_400, normal=1_440, high=960),
            *_targets("agent_work_time", in_hours=True, low=1_200, normal=600, high=300),
        ),
        teams=frozenset({"Logistics"}),
    ),
    Promise(
        4,
        "Money",
        "Invoices and refunds",
        (
            *_targets("first_reply_time", in_hours=True, low=480, normal=300),
            *_targets("first_reply_time", in_hours=False, high=240),
            *_targets("next_reply_time", in_hours=True, low=480, normal=300, high=180),
            *_targets("pausable_update_time", in_hours=True, low=960, normal=480, high=480),
            *_targets("requester_wait_time", in_hours=False, low=10_080, normal=4_320, high=2_880),
        ),
        topics=frozenset({"billing", "returns"}),
    ),
    Promise(
        1,
        "First reply",
        "How soon a customer hears from a person",
        (
            *_targets("first_reply_time", in_hours=False, low=1_440, normal=480, high=240, urgent=60),
            *_targets("next_reply_time", in_hours=False, high=480),
        ),
    ),
)
