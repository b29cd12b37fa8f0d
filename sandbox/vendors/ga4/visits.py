"""The visits that analytics has processed by the sandbox's clock, and the rows that were added by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from sandbox.model import COMPANY_TIME_ZONE, VisitsCounted
from sandbox.world import World

ZONE = ZoneInfo(COMPANY_TIME_ZONE)


class _Cell(msgspec.Struct):
    value: str


class _Row(msgspec.Struct):
    dimensionValues: list[_Cell]


class Visits:
    """By property day. A day changes for as long as visits of it are still being processed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._folded: tuple[tuple[datetime, int], dict[date, list[VisitsCounted]]] | None = None

    def today(self) -> date:
        """The property's calendar day at the sandbox's clock."""
        return self._world.now().astimezone(ZONE).date()

    def of(self, first: date, last: date) -> list[VisitsCounted]:
        """Everything known of the days from `first` to `last`, both included."""
        days = self._by_day()
        return [visit for day in sorted(days) if first <= day <= last for visit in days[day]]

    def added(self, stream: str, first: date, last: date) -> Sequence[bytes]:
        """The rows added by hand to these days. One without a readable day counts as yesterday's."""
        yesterday = self.today() - timedelta(days=1)
        rows = self._world.extra_records("ga4", stream)
        return [row for row in rows if first <= (_day_of(row) or yesterday) <= last]

    def _by_day(self) -> dict[date, list[VisitsCounted]]:
        mark = (self._world.now(), self._world.revision)
        if self._folded is None or self._folded[0] != mark:
            facts: dict[tuple[object, ...], VisitsCounted] = {}
            for event in self._world.events():
                if isinstance(event, VisitsCounted):
                    # what analytics has processed of one browser's visits replaces what it had before
                    facts[
                        event.day, event.client_id, event.user_id, event.channel, event.device, event.landing_page
                    ] = event
            days: dict[date, list[VisitsCounted]] = defaultdict(list)
            for event in facts.values():
                days[event.day].append(event)
            self._folded = (mark, days)
        return self._folded[1]


def _day_of(row: bytes) -> date | None:
    try:
        return datetime.strptime(msgspec.json.decode(row, type=_Row).dimensionValues[0].value, "%Y%m%d").date()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, IndexError):
        return None
