"""The engine: a queue of things to come, handled in time order, so that the past never depends on how far we look.

Everything random comes from one seeded generator that is consumed in time order. A company generated with a longer
horizon therefore has exactly the same events up to the shorter one.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sandbox.model import Account, Agent, Event, Person, Tangle

T = TypeVar("T")
E = TypeVar("E", bound=Event)

# Nights run at 02:00 UTC. Vendors hold back the last minutes before a request, so nothing happens just before.
QUIET_FROM, QUIET_UNTIL = 2 * 3600 - 16 * 60, 2 * 3600


def clear_of_night(at: datetime) -> datetime:
    """`at` in whole seconds, moved behind 02:00 UTC if it falls into the sixteen minutes up to it."""
    at = at.replace(microsecond=0)
    second = at.hour * 3600 + at.minute * 60 + at.second
    if QUIET_FROM <= second <= QUIET_UNTIL:
        return at + timedelta(seconds=QUIET_UNTIL + 45 - QUIET_FROM)
    return at


@dataclass
class Browser:
    """A browser as one of its users has it: whether and since when they log in there. Before, they are nobody."""

    client_id: str
    logs_in_from: datetime | None


@dataclass
class PersonState:
    """What the simulation remembers of a person beyond what never changes."""

    person: Person
    mood: float  # 0 angry … 1 delighted
    temper: float  # the mood that time brings the person back to
    buys_every_days: float
    language: str
    phone: str | None  # the number that they have now
    listed_phone: str | None = None  # what the main contact says of it
    is_lead: bool = False  # looked once, never bought: may be archived
    answers_often: bool = False
    contact_ids: list[int] = field(default_factory=list)  # live CRM contacts, the main one first
    user_ids: list[int] = field(default_factory=list)  # live helpdesk users, the main one first
    browsers: list[Browser] = field(default_factory=list)
    is_opted_out: bool = False  # of e-mail
    is_altered: bool = False  # the main contact does not say any more what the person would
    orders: int = 0
    open_tickets: int = 0
    is_staff: bool = False
    will_be_staff: bool = False  # then the helpdesk user stays the same

    def feel(self, change: float) -> None:
        """Move the mood, within its bounds."""
        self.mood = min(1.0, max(0.0, self.mood + change))

    def forget(self) -> None:
        """Weeks pass, and a part of what happened is forgotten."""
        self.feel(0.3 * (self.temper - self.mood))


class Simulation:
    """State shared by all parts of the company's life. `now` moves from one handled thing to the next."""

    def __init__(self, seed: int, customers: int, starts_at: datetime, opens_at: datetime, ends_at: datetime):
        self.seed = seed
        self.rng = random.Random(seed)
        self.customers = customers
        self.starts_at, self.opens_at, self.ends_at = starts_at, opens_at, ends_at
        self.now = starts_at
        self.events: list[Event] = []
        self.people: dict[int, Person] = {}
        self.accounts: dict[int, Account] = {}
        self.agents: dict[int, Agent] = {}
        self.states: list[PersonState] = []
        self.tangles: list[Tangle] = []
        self.tangled: set[int] = set()  # people whose records stay as they are: chance must not untangle them
        self.crm_addresses: dict[str, int] = {}  # normalised e-mail → live contact
        self.helpdesk_addresses: dict[str, int] = {}  # normalised e-mail → live user
        self._queue: list[tuple[datetime, int, Callable[..., None], tuple[Any, ...]]] = []
        self._queued = 0
        self._next_ids: dict[str, int] = {}

    # --- time ---
    def at(self, when: datetime, action: Callable[..., None], *arguments: Any) -> None:
        """Do `action` at `when` (clear of the night's clock). What lies in the past is done next."""
        self.at_exactly(clear_of_night(max(when, self.now)), action, *arguments)

    def at_exactly(self, when: datetime, action: Callable[..., None], *arguments: Any) -> None:
        """Do `action` at this very instant, even if a night's clock stands there."""
        if when < self.ends_at:
            self._queued += 1
            heapq.heappush(self._queue, (when, self._queued, action, arguments))

    def after(self, seconds: float, action: Callable[..., None], *arguments: Any) -> None:
        """Do `action` so many seconds from now."""
        self.at(self.now + timedelta(seconds=seconds), action, *arguments)

    def run(self) -> None:
        """Handle everything in time order up to the end."""
        while self._queue:
            self.now, _, action, arguments = heapq.heappop(self._queue)
            action(*arguments)

    @property
    def is_open(self) -> bool:
        """Whether the first night is at most four days away or past: from here on every day has every change."""
        return self.now >= self.opens_at - timedelta(days=4)

    # --- facts ---
    def emit(self, kind: type[E], /, *, at: datetime | None = None, **fields: Any) -> E:
        """Let an event happen now, or (for what nothing else depends on) at a later instant."""
        event = kind(event_id=self.new_id("event", 1), at=at or self.now, **fields)
        self.events.append(event)
        return event

    def new_id(self, kind: str, first: int, step: int = 1) -> int:
        """The next id of a kind, counting from `first`."""
        value = self._next_ids.get(kind, first)
        self._next_ids[kind] = value + step
        return value

    # --- chance ---
    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """One of them, all alike likely."""
        return options[int(self.rng.random() * len(options))]

    def minutes(self, median: float, spread: float = 0.8) -> float:
        """A waiting time in seconds: log-normal around `median` minutes."""
        return max(20.0, self.rng.lognormvariate(0.0, spread) * median * 60)

    def times_today(self, per_day: float) -> int:
        """How often something with this daily rate happens today."""
        whole = int(per_day)
        return whole + (self.rng.random() < per_day - whole)
