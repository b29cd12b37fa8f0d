"""Which rows `Live.getLastVisitsDetails` picks: its periods, its strict minTimestamp, and what its offsets lose.

As in plugins/Live/Model.php (matomo-org/matomo, 5.x): a period of more than a day is looked through in several
windows, and an offset beyond a window is lowered by the rows that a page shows of it, not by all that it holds. So
pages of such a period have gaps between them (matomo #16394)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.vendors.matomo.errors import Refused
from sandbox.vendors.matomo.visits import Logged

DEFAULT_LIMIT = 10  # of this method; other reports show 100 rows
ONE_DAY = 86_400
WORD_DAYS = {"today": 0, "now": 0, "yesterday": 1, "yesterdaySameTime": 1}
PERIODS = ("day", "week", "month", "year", "range")


@dataclass(frozen=True)
class Query:
    """Bounds are seconds since 1970, both inclusive; `after` is exclusive. `limit` below zero: no limit."""

    start: int | None
    end: int | None
    after: int | None
    limit: int
    offset: int
    ascending: bool


def parse(given: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Query:
    """The query that the parameters ask for. Unknown parameters are ignored, and unreadable numbers are defaults."""
    start, end = _bounds(given.get("period", ""), given.get("date", ""), now, zone)
    after = given.get("minTimestamp", "")
    return Query(
        start,
        end,
        int(after) if after.isdigit() and int(after) else None,
        _whole(given.get("filter_limit"), DEFAULT_LIMIT),
        max(0, _whole(given.get("filter_offset"), 0)),
        given.get("filter_sort_order", "").lower() == "asc",
    )


def pick(query: Query, rows: Sequence[Logged], now: datetime) -> list[Logged]:
    """The rows of the page. `rows` are all, oldest last action first."""
    limit = query.limit + 1 if query.limit >= 0 else query.limit  # one more tells whether there are more
    offset, found = query.offset, []
    for first, last in _windows(query, limit, now):
        held = _within(query, rows, first, last)
        left = max(0, limit - len(found)) if limit > 0 else len(held)
        shown = held[offset if not found else 0 :][:left]
        if offset and not shown:
            if not found:
                offset -= len(held[:left])  # not len(held): this is what loses rows
            continue
        found += shown
        if limit > 0 and len(found) >= limit:
            break
    return found[: query.limit] if query.limit >= 0 else found


def _within(query: Query, rows: Sequence[Logged], first: int | None, last: int | None) -> list[Logged]:
    lowest = max(first if first is not None else -(2**62), (query.after + 1) if query.after is not None else -(2**62))
    begin = bisect_left(rows, lowest, key=lambda row: row.at)
    stop = len(rows) if last is None else bisect_right(rows, last, key=lambda row: row.at)
    held = list(rows[begin:stop])
    return held if query.ascending else held[::-1]


def _windows(query: Query, limit: int, now: datetime) -> list[tuple[int | None, int | None]]:
    """The stretches of time that are looked through one after another. A day is one; more days are several."""
    end = query.end if query.end is not None else int(now.timestamp()) + ONE_DAY
    start = query.start if query.start is not None else 0
    if not limit or start + ONE_DAY >= end:
        return [(query.start, query.end)]
    steps = [1, 7] if query.offset else [1, 7, 30, 365]
    windows: list[tuple[int | None, int | None]] = []
    if query.ascending:
        for days in steps:
            if days == 1 or start + days * ONE_DAY < end:
                windows.append((start, start + days * ONE_DAY - 1))
                start += days * ONE_DAY
        return [*windows, (start, query.end)] if start < end else windows
    newest = query.end
    for days in steps:
        if days == 1 or start + days * ONE_DAY < end:
            windows.append((end - days * ONE_DAY, newest))
            end -= days * ONE_DAY
            newest = end - 1
    return [*windows, (query.start, end - 1)] if start < end else windows


def _bounds(period: str, asked: str, now: datetime, zone: ZoneInfo) -> tuple[int | None, int | None]:
    """A day runs up to the next midnight and includes it; a day that has not ended begins a day early and is open."""
    if not period or not asked:
        return None, None
    if period not in PERIODS:
        raise Refused(f"The period '{period}' is not supported. Try any of the following instead: {', '.join(PERIODS)}")
    today = now.astimezone(zone).date()
    first, _, last = asked.partition(",")
    begins, ends = read_day(first, today), read_day(last or first, today)
    is_open = ends == today
    if period == "range" or last:
        start, stop = begins, ends
    else:
        start, stop = _period(period, begins - timedelta(days=1) if is_open else begins)
    opened = min(_midnight(start, zone), int(now.timestamp()))
    if is_open:
        return opened, None
    return opened, min(_midnight(stop + timedelta(days=1), zone), int(now.timestamp()) + 1)


def read_day(text: str, today: date) -> date:
    """A day as the API takes it: a date, or a word for one."""
    if text in WORD_DAYS:
        return today - timedelta(days=WORD_DAYS[text])
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(
            "Date format must be: YYYY-MM-DD, or 'today' or 'yesterday' or any keyword supported by the strtotime "
            "function (see http://php.net/strtotime for more information)"
        ) from None


def _period(period: str, day: date) -> tuple[date, date]:
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    if period == "month":
        next_month = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        return day.replace(day=1), next_month - timedelta(days=1)
    if period == "year":
        return day.replace(month=1, day=1), day.replace(month=12, day=31)
    return day, day


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).astimezone(UTC).timestamp())


def _whole(text: str | None, default: int) -> int:
    try:
        return int(text) if text else default
    except ValueError:
        return default
