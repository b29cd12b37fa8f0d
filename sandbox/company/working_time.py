"""When the support team works: weekdays 9–17 in the company's zone, never on the holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.model import COMPANY_TIME_ZONE

ZONE = ZoneInfo(COMPANY_TIME_ZONE)
OPENS, CLOSES = time(9), time(17)
WORKING_WEEKDAYS = range(5)  # Monday to Friday

# public holidays that fall on weekdays often enough to matter; month, day, name
_FIXED_HOLIDAYS = (
    (1, 1, "New Year"),
    (1, 6, "Epiphany"),
    (5, 1, "Labour Day"),
    (5, 3, "Constitution Day"),
    (8, 15, "Assumption"),
    (11, 1, "All Saints"),
    (11, 11, "Independence Day"),
    (12, 25, "Christmas Day"),
    (12, 26, "Second Day of Christmas"),
)


def holidays(year: int) -> list[tuple[date, str]]:
    """The days of a year on which nobody works."""
    return [(date(year, month, day), name) for month, day, name in _FIXED_HOLIDAYS]


def is_working_day(day: date) -> bool:
    """Whether the team works at all on this day."""
    if day.weekday() not in WORKING_WEEKDAYS:
        return False
    return all((day.month, day.day) != (month, number) for month, number, _ in _FIXED_HOLIDAYS)


def is_open(at: datetime) -> bool:
    """Whether the team works at this instant."""
    local = at.astimezone(ZONE)
    return OPENS <= local.time() < CLOSES and is_working_day(local.date())


def next_opening(at: datetime) -> datetime:
    """`at` itself if the team works then, else the next instant at which it begins."""
    if is_open(at):
        return at
    local = at.astimezone(ZONE)
    day = local.date()
    if local.time() >= OPENS:
        day += timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, ZONE).astimezone(UTC)


def local_day(at: datetime) -> date:
    """The calendar day in the company's zone."""
    return at.astimezone(ZONE).date()
