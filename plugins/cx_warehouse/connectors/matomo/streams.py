"""Matomo's stream, and the fields of a visit that the warehouse relies on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from cx_warehouse.connectors.base import RecordContract, Stream

DEFAULT_LOOKBACK = timedelta(days=3)


class Action(msgspec.Struct, frozen=True):
    """One thing done in a visit: a page seen, a search, a download, a goal reached. New types flow through."""

    type: str
    url: str | None = None
    timestamp: int | None = None


class Visit(msgspec.Struct, frozen=True):
    """A visit as the vendor serves it. Older PHP hands numbers of the database over as text."""

    idVisit: int | str
    lastActionTimestamp: int
    firstActionTimestamp: int
    actionDetails: list[Action]
    idSite: int | str
    visitorId: str | None = None
    userId: Any = None  # text, or a number where all ids are numbers
    visitDuration: int | str | None = None
    actions: int | str | None = None
    goalConversions: int | str | None = None
    visitConverted: int | str | bool | None = None
    referrerType: str | None = None
    referrerName: str | None = None
    deviceType: str | None = None

    def __post_init__(self) -> None:
        if not str(self.idVisit).isdecimal():
            raise ValueError("idVisit is not a number")
        at(self.firstActionTimestamp)

    def last_action_at(self) -> datetime:
        """When the visit last changed: its last action. Raises ValueError for a time that no calendar has."""
        return at(self.lastActionTimestamp)


class WrappedVisit(RecordContract, frozen=True):
    """A visit together with the day that it belongs to: the vendor's dates are those of UTC, its days the site's."""

    visit_date: date
    time_zone: str
    visit: Visit

    def key(self) -> str:
        return str(self.visit.idVisit)

    def changed_at(self) -> datetime | None:
        return self.visit.last_action_at()


def at(seconds: int) -> datetime:
    """The time so many seconds after 1970. Raises ValueError for one that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("the time is out of range") from error


STREAMS: Mapping[str, Stream] = {
    stream.name: stream
    for stream in (
        Stream(
            name="visits",
            contract=WrappedVisit,
            description="Visits with their actions. Read by whole days of the site's zone, from lookback_days before "
            "the last night; a visit that its day no longer has was erased and is a deleted version.",
            lookback=DEFAULT_LOOKBACK,
            recheck="parts",
        ),
    )
}
