"""Minutes in schedules, over holidays and changes of clocks; every expected number is worked out beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from sandbox.company.schedules import CUSTOMER_CARE, LOGISTICS, NEW_YORK, Schedule, schedule_of
from sandbox.truth.business_time import business_minutes

SUNDAY = 6
NIGHT_SHIFT = Schedule(9, "Night shift", "Europe/Warsaw", ((SUNDAY, 0, 6 * 60),), lambda year: [])
EVENING = Schedule(9, "Evening", "Europe/Warsaw", ((4, 20 * 60, 24 * 60),), lambda year: [])


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "start", "end", "minutes"),
    [
        # Warsaw is two hours ahead in summer: 9–17 is 7–15 UTC
        (CUSTOMER_CARE, "2025-10-06 08:00", "2025-10-06 09:30", 90),
        (CUSTOMER_CARE, "2025-10-06 05:00", "2025-10-06 07:30", 30),  # half an hour after opening
        (CUSTOMER_CARE, "2025-10-06 15:00", "2025-10-07 07:00", 0),  # a night
        (CUSTOMER_CARE, "2025-10-04 08:00", "2025-10-05 20:00", 0),  # a weekend
        (CUSTOMER_CARE, "2025-10-06 08:00", "2025-10-06 08:00", 0),
        (CUSTOMER_CARE, "2025-10-06 09:00", "2025-10-06 08:00", 0),  # the end before the start
        # Friday 24 October from 16:00 summer time, Monday to 10:00 winter time (9:00 UTC): 60 + 60
        (CUSTOMER_CARE, "2025-10-24 14:00", "2025-10-27 09:00", 120),
        # 30 March 2025, spring: Friday from 16:00 (15:00 UTC), Monday to 10:00 (8:00 UTC)
        (CUSTOMER_CARE, "2025-03-28 15:00", "2025-03-31 08:00", 120),
        # Tuesday 11 November is Independence Day: Monday from 16:00, Wednesday to 10:00 (winter, UTC+1)
        (CUSTOMER_CARE, "2025-11-10 15:00", "2025-11-12 09:00", 120),
        # two weeks of October: ten days of eight hours
        (CUSTOMER_CARE, "2025-10-05 22:00", "2025-10-19 22:00", 4_800),
        # Christmas 2025 is a Thursday and a Friday: 24 to 29 December are 8 + 8 hours
        (CUSTOMER_CARE, "2025-12-23 23:00", "2025-12-29 23:00", 960),
        # New York changes its clocks a week later. Friday 31 October from 19:00 (23:00 UTC), Monday to 9:00 (14:00 UTC)
        (NEW_YORK, "2025-10-31 23:00", "2025-11-03 14:00", 120),
        # between both changes: Monday 27 October 8:00 there is 12:00 UTC
        (NEW_YORK, "2025-10-27 11:00", "2025-10-27 13:00", 60),
        # 20:00 in New York is the next day in Warsaw
        (NEW_YORK, "2025-10-06 23:00", "2025-10-07 01:00", 60),
        (NEW_YORK, "2025-11-11 13:00", "2025-11-11 15:00", 120),  # no Polish holiday there
        # Thanksgiving, 27 November 2025, and the Friday: Wednesday from 19:00 (0:00 UTC), Monday to 9:00 (14:00 UTC)
        (NEW_YORK, "2025-11-27 00:00", "2025-12-01 14:00", 120),
        # a break from 12:00 to 12:30 (10:00 to 10:30 UTC)
        (LOGISTICS, "2025-10-06 09:45", "2025-10-06 10:45", 30),
        (LOGISTICS, "2025-10-04 00:00", "2025-10-05 00:00", 360),  # Saturday 8–14
        # Sunday 26 October has the hour from 2 to 3 twice, 30 March has it not at all
        (NIGHT_SHIFT, "2025-10-25 12:00", "2025-10-26 12:00", 420),
        (NIGHT_SHIFT, "2025-03-29 12:00", "2025-03-30 12:00", 300),
        (EVENING, "2025-10-10 21:30", "2025-10-11 02:00", 30),  # up to midnight, 22:00 UTC
    ],
)
def test_minutes_in_a_schedule(schedule: Schedule, start: str, end: str, minutes: float):
    assert business_minutes(schedule, moment(start), moment(end)) == minutes


def test_minutes_of_parts_are_those_of_the_whole():
    points = [moment(f"2025-11-{day:02} {hour:02}:17") for day in range(1, 30) for hour in (3, 8, 12, 21)]
    for schedule in (CUSTOMER_CARE, NEW_YORK, LOGISTICS):
        parts = sum(business_minutes(schedule, *pair) for pair in pairwise(points))
        assert parts == pytest.approx(business_minutes(schedule, points[0], points[-1]))


def test_holidays_are_those_of_the_year():
    assert [h.first for h in NEW_YORK.holidays(2025) if h.name == "Thanksgiving"] == [date(2025, 11, 27)]
    assert [h.first for h in NEW_YORK.holidays(2026) if h.name == "Thanksgiving"] == [date(2026, 11, 26)]
    assert [(h.first, h.last) for h in CUSTOMER_CARE.holidays(2025) if h.name == "Christmas"] == [
        (date(2025, 12, 25), date(2025, 12, 26))
    ]


def test_team_without_a_schedule_of_its_own_keeps_the_companys():
    assert schedule_of("Billing") is schedule_of(None) is CUSTOMER_CARE
    assert schedule_of("Tier 2") is NEW_YORK
