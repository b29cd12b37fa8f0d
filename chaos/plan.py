"""What goes wrong in a night, drawn from the seed and the night's number, so that one night can be played again."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.faults import KINDS, Fault
from sandbox.vendor_faults import applicable, vendor_faults

Stream = tuple[str, str]  # source, stream

# How often, against the others. What makes a run wait, or brings many records, is worth less of a short night.
SELDOM: Mapping[str, float] = {"hang": 0.15, "same_timestamp_10k": 0.1, "slow_drip": 0.5, "clock_skew": 0.3}
SECONDS: Mapping[str, tuple[float, float]] = {
    "rate_limited_seconds": (0, 1),
    "rate_limited_date": (0, 1),
    "slow_drip": (0.1, 1),
    "clock_skew": (-600, 600),
}
IMPORTED = 300  # records of one bulk import
KILLS, DOUBLES = 4, 2  # a night
CHANCE_OF_CRASH, CHANCE_OF_FULL_DISK = 0.6, 0.9


@dataclass(frozen=True)
class At:
    """An instant of a night: so many seconds after so many runs were started."""

    runs: int
    seconds: float


@dataclass(frozen=True)
class NightPlan:
    """What is done to one night. `order` is that in which streams are begun, `kills` the seconds after which a
    stream's first run is killed, `doubles` the streams of which two runs are started at once."""

    order: tuple[Stream, ...]
    faults: tuple[Fault, ...] = ()
    kills: Mapping[Stream, float] = field(default_factory=dict)
    doubles: frozenset[Stream] = frozenset()
    crash: At | None = None
    full_disk: At | None = None


def plan(seed: int, night: int, streams: Sequence[Stream], faults: int) -> NightPlan:
    """The plan of a night with so many faults at the vendors; with none nothing at all goes wrong."""
    dice = random.Random(f"{seed}/{night}")
    order = tuple(dice.sample(streams, len(streams)))
    if faults == 0:
        return NightPlan(order)
    sources = sorted({source for source, _ in streams})
    return NightPlan(
        order,
        faults=tuple(_fault(dice, dice.choice(sources)) for _ in range(faults)),
        kills={stream: dice.uniform(0.02, 0.6) for stream in dice.sample(streams, min(KILLS, len(streams)))},
        doubles=frozenset(dice.sample(streams, min(DOUBLES, len(streams)))),
        crash=_instant(dice, len(streams)) if dice.random() < CHANCE_OF_CRASH else None,
        full_disk=_instant(dice, len(streams)) if dice.random() < CHANCE_OF_FULL_DISK else None,
    )


def _instant(dice: random.Random, runs: int) -> At:
    return At(dice.randrange(1, runs + 1), dice.uniform(0, 0.3))


def _fault(dice: random.Random, source: str) -> Fault:
    kinds = applicable(source)
    (kind,) = dice.choices(kinds, [SELDOM.get(name, 1.0) for name in kinds])
    where, after = "", dice.randrange(12)
    if KINDS[kind].acts_on in ("page", "next page"):
        # aimed at one list: else the list that is asked for first would take nearly all of them
        one = dice.choice([one for one in vendor_faults(source).lists if one.can(kind)])
        where, after = rf"^{one.path}(\?|$)", dice.choice((0, 0, 0, 1, 1, 2))
    seconds = dice.uniform(*SECONDS[kind]) if kind in SECONDS else None
    if kind == "rate_limited_seconds":
        seconds = float(dice.randrange(2))
    return Fault(
        kind=kind,
        source=source,
        where=where,
        after=after,
        seed=dice.randrange(2**31),
        seconds=seconds,
        count=IMPORTED if kind == "same_timestamp_10k" else None,
    )
