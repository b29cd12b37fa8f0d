"""Minutes inside a schedule's hours: each local day's hours are put on the real time line, and the overlaps summed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sandbox.company.schedules import Schedule

DAY = timedelta(days=1)
MIDNIGHT = datetime.min.time()


def business_minutes(schedule: Schedule, start: datetime, end: datetime) -> float:
    """Minutes of [start, end) in which the schedule is open. 0 where the end is not after the start."""
    zone = ZoneInfo(schedule.time_zone)
    first, last = start.timestamp(), end.timestamp()
    seconds = 0.0
    day, last_day = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last_day:
        for opens, closes in openings(schedule, day):
            seconds += max(0.0, min(last, closes) - max(first, opens))
        day += DAY
    return seconds / 60


@lru_cache(maxsize=100_000)
def openings(schedule: Schedule, day: date) -> tuple[tuple[float, float], ...]:
    """When the schedule is open on a local day: pairs of seconds since 1970."""
    if any(holiday.first <= day <= holiday.last for holiday in schedule.holidays(day.year)):
        return ()
    zone = ZoneInfo(schedule.time_zone)
    midnight = datetime.combine(day, MIDNIGHT)

    def moment(minutes: int) -> float:
        return (midnight + timedelta(minutes=minutes)).replace(tzinfo=zone).timestamp()

    return tuple(
        (moment(opens), moment(closes)) for weekday, opens, closes in schedule.hours if weekday == day.weekday()
    )
