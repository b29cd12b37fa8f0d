"""Zendesk's reckoning in business hours: the open parts of a time, by a schedule's weekly minutes and holidays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.company.schedules import Schedule

Part = tuple[datetime, datetime]


def open_parts(schedule: Schedule, start: datetime, end: datetime) -> Iterator[Part]:
    """The parts of start…end in which the schedule is open, in order."""
    zone = ZoneInfo(schedule.time_zone)
    midnight = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    while midnight <= end.astimezone(zone).replace(tzinfo=None):
        day = midnight.date()
        closed = any(holiday.first <= day <= holiday.last for holiday in schedule.holidays(day.year))
        for weekday, opens, closes in () if closed else sorted(schedule.hours):
            if weekday == day.weekday():
                since, until = (
                    (midnight + timedelta(minutes=minutes)).replace(tzinfo=zone).astimezone(UTC)
                    for minutes in (opens, closes)
                )
                if max(since, start) < min(until, end):
                    yield max(since, start), min(until, end)
        midnight += timedelta(days=1)


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
