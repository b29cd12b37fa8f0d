"""The visits log: the sessions that GA4 counts in sums, here one visit each, with its actions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from sandbox.model import COMPANY_TIME_ZONE, VisitsCounted
from sandbox.vendors.matomo.records import record
from sandbox.world import World

ZONE = ZoneInfo(COMPANY_TIME_ZONE)
ONE_HOUR = timedelta(hours=1)
IDS_PER_FACT = 100  # a browser's visits of one day have ids side by side


@dataclass(frozen=True)
class Visit:
    """One visit. `first` and `last` are whole seconds; a visit's day is that of its last action, in the site's zone."""

    visit_id: int
    fact: VisitsCounted  # of which it is one session
    first: datetime
    last: datetime
    page_views: int
    goals: int


@dataclass(frozen=True)
class Logged:
    """A row of the log: where it stands, and the visit as it is served."""

    at: int  # the last action, seconds since 1970
    visit_id: int
    body: bytes


class VisitsLog:
    """All rows at the clock, oldest last action first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._folded: tuple[tuple[datetime, int], list[Logged]] | None = None
        self._unreadable: dict[int, int] = {}  # by number: where it was put

    def rows(self) -> list[Logged]:
        """Company and added visits together. An added record replaces the visit whose id it has."""
        version = (self._world.now(), self._world.revision)
        if self._folded is None or self._folded[0] != version:
            added = self._world.extra_records("matomo", "visits")
            rows = {visit.visit_id: _logged(visit) for visit in visits(self._world.events())}
            for number, body in enumerate(added):
                row = self._added(number, body)
                rows[row.visit_id] = row
            for key in self._world.purged("matomo", "visits"):
                rows.pop(int(key), None)
            self._folded = (version, sorted(rows.values(), key=lambda row: (row.at, row.visit_id)))
        return self._folded[1]

    def _added(self, number: int, body: bytes) -> Logged:
        """A record put in by hand. One without a readable time stands at noon of the day before it was first seen."""
        try:
            found = msgspec.json.decode(body, type=_Placed)
            return Logged(found.lastActionTimestamp, int(found.idVisit), body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            yesterday = self._world.now().astimezone(ZONE).date() - timedelta(days=1)
            noon = datetime.combine(yesterday, time(12), ZONE)
            return Logged(self._unreadable.setdefault(number, int(noon.timestamp())), -1 - number, body)


class _Placed(msgspec.Struct):
    idVisit: int | str
    lastActionTimestamp: int


def visits(events: Iterable[object]) -> list[Visit]:
    """The visits that the events tell of. A later event of the same browser, page and day replaces the earlier: its
    visits grow, and those that it no longer counts are deleted."""
    return [visit for facts in _facts(events) for visit in _of_fact(facts[0], facts[-1])]


def ids_ever(events: Iterable[object]) -> list[int]:
    """The ids of all visits that there ever were."""
    return [
        facts[0].event_id * IDS_PER_FACT + number
        for facts in _facts(events)
        for number in range(max(fact.sessions for fact in facts))
    ]


def _facts(events: Iterable[object]) -> Iterable[list[VisitsCounted]]:
    """The events of one browser, page and day together, oldest first."""
    facts: dict[tuple[object, ...], list[VisitsCounted]] = {}
    for event in events:
        if isinstance(event, VisitsCounted):
            key = (event.day, event.client_id, event.user_id, event.channel, event.device, event.landing_page)
            facts.setdefault(key, []).append(event)
    return facts.values()


def _of_fact(begun: VisitsCounted, fact: VisitsCounted) -> list[Visit]:
    """One visit a session, an hour apart; the last one known at first ended when it was counted."""
    anchor, opens, closes = _anchor(begun), _midnight(begun, 0), _midnight(begun, 1) - timedelta(seconds=1)
    found = []
    for number in range(fact.sessions):
        at = anchor - (begun.sessions - 1 - number) * ONE_HOUR
        first = min(max(at - _length(begun, number), opens), closes)
        found.append(
            Visit(
                visit_id=begun.event_id * IDS_PER_FACT + number,
                fact=fact,
                first=first,
                last=min(first + _length(fact, number), closes),
                page_views=max(1, fact.page_views // fact.sessions + (number < fact.page_views % fact.sessions)),
                goals=fact.key_events // fact.sessions + (number < fact.key_events % fact.sessions),
            )
        )
    return found


def _length(fact: VisitsCounted, number: int) -> timedelta:
    """How long the fact's visit of that number lasted: only engaged ones take time."""
    return timedelta(seconds=fact.engagement_seconds // fact.engaged_sessions if number < fact.engaged_sessions else 0)


def _anchor(begun: VisitsCounted) -> datetime:
    """When the visit ended. One that was counted on a later day was brought by an import of that day's server log."""
    if begun.at.astimezone(ZONE).date() == begun.day:
        return begun.at.replace(microsecond=0)
    seconds = 8 * 3600 + sum(map(ord, begun.client_id)) * 7919 % (14 * 3600)
    return _midnight(begun, 0) + timedelta(seconds=seconds)


def _midnight(begun: VisitsCounted, days_later: int) -> datetime:
    return datetime.combine(begun.day + timedelta(days=days_later), time(), ZONE).astimezone(UTC)


def _logged(visit: Visit) -> Logged:
    return Logged(int(visit.last.timestamp()), visit.visit_id, msgspec.json.encode(record(visit)))
