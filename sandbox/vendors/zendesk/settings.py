"""What an admin has set up: groups, schedules with their holidays, in Zendesk's form.

Field sets as documented at developer.zendesk.com (groups, schedules). A schedule names its zone as Rails does
("Warsaw"), not by its IANA name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from sandbox.company.schedules import SCHEDULES, Holiday, Schedule
from sandbox.model import Company
from sandbox.vendors.zendesk.records import ACCOUNT, group_id, iso

FIRST_SCHEDULE_ID = 360_800_000_000
FIRST_HOLIDAY_ID = 360_810_000_000
DEFAULT_GROUP = "Tier 1"
FORMER_GROUP = "Showroom"  # deleted; deleted groups stay in the list, and say so
ZONE_NAMES = {"Europe/Warsaw": "Warsaw", "America/New_York": "Eastern Time (US & Canada)"}


def schedule_id(schedule: Schedule) -> int:
    """Zendesk's id of one of the company's schedules."""
    return FIRST_SCHEDULE_ID + schedule.number


def schedule(given: Schedule, created_at: datetime) -> dict[str, Any]:
    """Business hours; minutes since Sunday 00:00 in the schedule's zone. No interval spans midnight."""
    # the company counts weekdays from Monday, Zendesk from Sunday
    starts = sorted(((weekday + 1) % 7 * 1_440 + opens, closes - opens) for weekday, opens, closes in given.hours)
    return {
        "id": schedule_id(given),
        "url": f"{ACCOUNT}/api/v2/business_hours/schedules/{schedule_id(given)}.json",
        "name": given.name,
        "time_zone": ZONE_NAMES[given.time_zone],
        "intervals": [{"start_time": start, "end_time": start + minutes} for start, minutes in starts],
        "created_at": iso(created_at),
        "updated_at": iso(created_at),
    }


def holidays(given: Schedule, years: range) -> Iterator[tuple[int, dict[str, Any]]]:
    """A schedule's holidays of those years with their ids. A holiday does not name its schedule."""
    for year in years:
        for place, holiday in enumerate(sorted(given.holidays(year), key=lambda one: one.first)):
            number = FIRST_HOLIDAY_ID + given.number * 100_000 + (year - 2_000) * 100 + place
            yield number, _holiday(number, holiday)


def _holiday(number: int, holiday: Holiday) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"{holiday.name} {holiday.first.year}",
        "start_date": holiday.first.isoformat(),
        "end_date": holiday.last.isoformat(),
    }


def planned_years(company: Company, today: date) -> range:
    """The years of which the admin has entered the holidays: up to the next one."""
    return range(company.starts_at.year - 1, today.year + 2)


def all_holidays(company: Company, today: date) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every holiday with the schedule that it belongs to; ids are unique within a schedule only."""
    for one in SCHEDULES:
        for number, record in holidays(one, planned_years(company, today)):
            yield f"{schedule_id(one)}:{number}", {"schedule_id": schedule_id(one), "holiday": record}


def groups(company: Company, now: datetime) -> Iterator[dict[str, Any]]:
    """The teams that anybody works in, and one that was given up."""
    teams = {agent.team for agent in company.agents.values() if agent.created_at <= now}
    for name in sorted(teams | {FORMER_GROUP}) if teams else ():
        yield {
            "url": f"{ACCOUNT}/api/v2/groups/{group_id(name)}.json",
            "id": group_id(name),
            "is_public": True,
            "name": name,
            "description": "",
            "default": name == DEFAULT_GROUP,
            "deleted": name == FORMER_GROUP,
            "created_at": iso(company.starts_at),
            "updated_at": iso(company.starts_at),
        }


class Wrapped(msgspec.Struct):
    """A holiday with its schedule, as it is put in by hand or from a file."""

    schedule_id: int | None = None
    holiday: msgspec.Raw = msgspec.Raw()


def unwrap(given: bytes) -> tuple[int, bytes]:
    """The schedule of a holiday, and the holiday as it is served; a bare one is of the first schedule."""
    try:
        wrapped = msgspec.json.decode(given, type=Wrapped)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return schedule_id(SCHEDULES[0]), given
    return wrapped.schedule_id or schedule_id(SCHEDULES[0]), bytes(wrapped.holiday) or given
