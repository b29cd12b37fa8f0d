"""Walking a report day by day: each day is read whole, page by page, and replaces what was known of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from cx_warehouse.connectors.base import Page, State, Total, Window
from cx_warehouse.connectors.errors import ContractError, RetryableError
from cx_warehouse.connectors.ga4.client import Ga4Client, ReportPage, out_of_tokens
from cx_warehouse.connectors.ga4.streams import DEFAULT_RESTATEMENT, Report

ONE_DAY = timedelta(days=1)
RESTARTS = 3  # of a day whose report changes while it is paged


@dataclass(frozen=True)
class Options:
    """How the property is read; INFO explains the settings."""

    history: timedelta = timedelta(days=120)
    restatement: timedelta = DEFAULT_RESTATEMENT
    page_size: int = 100_000


class Walk(msgspec.Struct):
    """Where a walk stands: the day to read next, and how many of its rows are in."""

    as_of: datetime
    start: datetime | None
    day: date
    offset: int = 0
    row_count: int | None = None
    begins: str | None = None  # a hash of what the last page began with


class DayWalk:
    """One run of one report."""

    def __init__(self, client: Ga4Client, report: Report, options: Options, window: Window, state: State) -> None:
        self._client, self._report, self._options, self._window = client, report, options, window
        self._dimensions = report.named_dimensions(client.user_dimension)
        self._watermark = msgspec.convert(state.get("watermark"), date | None)
        self._walk = msgspec.convert(state["walk"], Walk) if state.get("walk") else None

    def pages(self) -> Iterator[Page]:
        """Every day from the restated ones up to the property's today, which later nights restate; of a reconciling
        walk, every day before those."""
        zone = self._client.time_zone()
        today = self._window.end.astimezone(zone).date()
        if self._window.recheck:  # the days that no night reads any more
            today -= self._options.restatement + ONE_DAY
        walk = self._begin(zone, today)
        while walk.day <= today:
            yield from self._day(walk, today, zone)
            walk = Walk(walk.as_of, walk.start, walk.day + ONE_DAY)

    def _begin(self, zone: ZoneInfo, today: date) -> Walk:
        as_of, start = self._window.end, self._window.start
        walk = self._walk
        if walk is not None and (walk.as_of, walk.start) == (as_of, start):
            return walk
        if start is not None:
            return Walk(as_of, start, min(start.astimezone(zone).date(), today))
        first = as_of.astimezone(zone).date() - self._options.history
        if self._watermark is not None:
            first = self._watermark - self._options.restatement
        elif walk is not None and walk.start is None:
            # A first sync that broke off in an earlier night: the days before it are in.
            first = walk.day - self._options.restatement
        return Walk(as_of, None, first if self._window.recheck else min(first, today))

    def _day(self, walk: Walk, today: date, zone: ZoneInfo) -> Iterator[Page]:
        day, restarts = walk.day, 0
        while True:
            page = self._client.report(
                self._dimensions, self._report.metrics, day, walk.offset, self._options.page_size
            )
            if walk.row_count is not None and page.row_count != walk.row_count and restarts < RESTARTS:
                # Rows came or went between two pages: offsets no longer line up, so the day again.
                walk, restarts = Walk(walk.as_of, walk.start, day), restarts + 1
                continue
            begins = _beginning(page)
            if begins is not None and begins == walk.begins:
                # The page before it, from a cache: counted as the next one, its rows would stand for those not seen.
                if restarts >= RESTARTS:
                    raise RetryableError(f"ga4 report of {day}: offset {walk.offset} brings the page before it again")
                restarts += 1
                continue
            # Never by page < asked for: a server may serve fewer rows (airbyte #86492).
            reached = walk.offset + len(page.rows) + len(page.malformed)
            is_whole = reached >= page.row_count
            if not is_whole and reached == walk.offset:
                raise ContractError(f"ga4 report of {day}: no rows at offset {walk.offset} of {page.row_count}")
            is_first = walk.offset == 0
            walk = Walk(walk.as_of, walk.start, day, reached, page.row_count, begins)
            is_last = is_whole and day >= today
            yield Page(
                records=self._wrap(page),
                state=self._end_state(today) if is_last else self._state(walk, is_whole),
                scope=f"{day:%Y%m%d}",
                scope_begins=is_first,
                scope_complete=is_whole,
                total=Total(page.row_count) if is_whole else None,
                malformed=page.malformed,
                complete_through=datetime.combine(today, time(), zone).astimezone(UTC) if is_last else None,
            )
            if is_last:
                return
            if page.out_of_tokens:
                raise out_of_tokens(page.out_of_tokens, f"{day}")
            if is_whole:
                return

    def _state(self, walk: Walk, is_whole: bool) -> State:
        if is_whole:
            walk = Walk(walk.as_of, walk.start, walk.day + ONE_DAY)
        state: State = msgspec.to_builtins({"watermark": self._watermark, "walk": walk})
        return state

    def _end_state(self, today: date) -> State:
        """A re-pull of some days by hand says nothing of the days before them."""
        by_hand = self._window.start is not None
        reached = self._watermark if by_hand else max(today, self._watermark or today)
        state: State = msgspec.to_builtins({"watermark": reached})
        return state

    def _wrap(self, page: ReportPage) -> list[bytes]:
        """Column names and metadata beside each row, whose bytes stay as they were served."""
        names = {
            "property_id": self._client.property_id,
            "dimensions": self._dimensions,
            "metrics": self._report.metrics,
        }
        head = json.dumps(names, separators=(",", ":"))[:-1].encode()
        head += b',"metadata":' + page.metadata + b',"row":'
        return [head + bytes(row) + b"}" for row in page.rows]


def _beginning(page: ReportPage) -> str | None:
    return hashlib.sha256(bytes(page.rows[0])).hexdigest() if page.rows else None
