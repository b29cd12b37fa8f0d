"""Zendesk's reckoning in business hours: the open parts of a time, by a schedule's weekly minutes and holidays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sandbox.company.schedules import Schedule

Part = tuple[datetime, datetime]


def open_parts(schedule: Schedule, start: datetime, end: datetime) -> Iterator[Part]:
    """The parts of start…end in which the schedule is open, in order."""
    zone = ZoneInfo(schedule.time_zone)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        for since, until in _open_on(schedule, day):
            if max(since, start) < min(until, end):
                yield max(since, start), min(until, end)
        day += timedelta(days=1)


@lru_cache(maxsize=100_000)
def _open_on(schedule: Schedule, day: date) -> tuple[Part, ...]:
    """When the schedule is open on a local day."""
    if any(holiday.first <= day <= holiday.last for holiday in schedule.holidays(day.year)):
        return ()
    midnight, zone = datetime(day.year, day.month, day.day), ZoneInfo(schedule.time_zone)

    def moment(minutes: int) -> datetime:
        return (midnight + timedelta(minutes=minutes)).replace(tzinfo=zone).astimezone(UTC)

    return tuple(
        (moment(opens), moment(closes)) for weekday, opens, closes in sorted(schedule.hours) if weekday == day.weekday()
    )


def total(parts: Iterable[Part]) -> timedelta:
    """The time of all parts."""
    return sum((until - since for since, until in parts), timedelta(0))


def reached(parts: Iterable[Part], limit: timedelta) -> datetime | None:
    """When the parts, one after the other, come to more than the limit; None if they never do."""
    left = limit
    for since, until in parts:
        if until - since > left:
            return since + left
        left -= until - since
    return None
