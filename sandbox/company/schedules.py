"""The hours that the company promises to work, by team: each schedule in a zone of its own, with its holidays.

Public facts of the company, which the helpdesk's settings and the truth both read; how minutes are counted in them is
not here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.company import working_time
from sandbox.model import COMPANY_TIME_ZONE

MONDAY_TO_FRIDAY, SATURDAY = range(5), 5
THURSDAY = 3


@dataclass(frozen=True)
class Holiday:
    """Whole local days on which nobody works, both ends included."""

    name: str
    first: date
    last: date


@dataclass(frozen=True)
class Schedule:
    """Weekly hours. `hours` are (weekday from Monday = 0, opens, closes) in minutes after local midnight; none spans
    midnight."""

    number: int
    name: str
    time_zone: str
    hours: tuple[tuple[int, int, int], ...]
    holidays: Callable[[int], list[Holiday]]  # of a year


def polish_holidays(year: int) -> list[Holiday]:
    """The company's own days, Christmas as one holiday of two days."""
    days = [Holiday(name, day, day) for day, name in working_time.holidays(year)]
    kept = [holiday for holiday in days if (holiday.first.month, holiday.first.day) not in ((12, 25), (12, 26))]
    return [*kept, Holiday("Christmas", date(year, 12, 25), date(year, 12, 26))]


def american_holidays(year: int) -> list[Holiday]:
    """Those that the New York office keeps. Thanksgiving is the fourth Thursday of November, with the Friday after."""
    first = date(year, 11, 1)
    thanksgiving = first + timedelta(days=(THURSDAY - first.weekday()) % 7 + 21)
    return [
        Holiday("New Year's Day", date(year, 1, 1), date(year, 1, 1)),
        Holiday("Independence Day", date(year, 7, 4), date(year, 7, 4)),
        Holiday("Thanksgiving", thanksgiving, thanksgiving + timedelta(days=1)),
        Holiday("Christmas", date(year, 12, 24), date(year, 12, 25)),
    ]


CUSTOMER_CARE = Schedule(
    1,
    "Customer care",
    COMPANY_TIME_ZONE,
    tuple((day, 9 * 60, 17 * 60) for day in MONDAY_TO_FRIDAY),
    polish_holidays,
)
NEW_YORK = Schedule(
    2,
    "Tier 2, New York",
    "America/New_York",
    tuple((day, 8 * 60, 20 * 60) for day in MONDAY_TO_FRIDAY),
    american_holidays,
)
LOGISTICS = Schedule(
    3,
    "Logistics",
    COMPANY_TIME_ZONE,
    (
        *((day, 7 * 60, 12 * 60) for day in MONDAY_TO_FRIDAY),
        *((day, 12 * 60 + 30, 19 * 60) for day in MONDAY_TO_FRIDAY),
        (SATURDAY, 8 * 60, 14 * 60),
    ),
    polish_holidays,
)
SCHEDULES = (CUSTOMER_CARE, NEW_YORK, LOGISTICS)
SCHEDULE_OF_TEAM = {"Tier 2": NEW_YORK, "Logistics": LOGISTICS}


def schedule_of(team: str | None) -> Schedule:
    """The schedule by which a team's time is counted; the company's own where a team has none, and without a team."""
    return SCHEDULE_OF_TEAM.get(team or "", CUSTOMER_CARE)
