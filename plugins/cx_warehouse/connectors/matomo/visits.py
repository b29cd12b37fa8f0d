"""Walking the visits log day by day, oldest last action first: each day is read whole and replaces what was known.

Pages are not counted by offsets, which shift while the site is visited and lose visits on a day that has not ended
(matomo #16394). The next page begins with the last visit of the page before: it is asked for by the second before that
visit's, since the vendor's bound is strict, and among the visits of its own second by an offset. Where it does not
come again, that second has changed and the walk steps back. A visit that goes on moves ahead of the walk."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import msgspec
from msgspec.structs import replace

from cx_warehouse.connectors.base import Page, State, Total, Window
from cx_warehouse.connectors.errors import ContractError, RetryableError
from cx_warehouse.connectors.matomo.client import MatomoClient, Site
from cx_warehouse.connectors.matomo.streams import DEFAULT_LOOKBACK

ONE_DAY = timedelta(days=1)
STEPS_BACK = 3  # within a second whose visits change while they are paged
UNREADABLE_PAGES = 1_000  # in a row: then the vendor has changed its shape, or takes no offset


@dataclass(frozen=True)
class Options:
    """How the site is read; INFO explains the settings."""

    history: timedelta = timedelta(days=120)
    lookback: timedelta = DEFAULT_LOOKBACK
    page_size: int = 500


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a visit stands in the log's order."""

    at: int  # its last action, seconds since 1970
    visit_id: int


class Walk(msgspec.Struct, frozen=True):
    """Where a walk stands: the day, the second beyond which the next page lies, and what was last seen."""

    as_of: datetime
    start: datetime | None
    day: date
    after: int | None = None  # None: the day has not been begun
    offset: int = 0  # within the second that follows `after`
    last: Place | None = None
    seen: int = 0
    again: bool = False  # the day fell short of its total, and is read a second time
    short: date | None = None  # the earliest day that fell short twice


class _Placed(msgspec.Struct):
    idVisit: int | str
    lastActionTimestamp: int


class VisitWalk:
    """One run of the visits stream."""

    def __init__(self, client: MatomoClient, options: Options, window: Window, state: State) -> None:
        self._client, self._options, self._window = client, options, window
        self._watermark = msgspec.convert(state.get("watermark"), date | None)
        self._walk = msgspec.convert(state["walk"], Walk) if state.get("walk") else None

    def pages(self) -> Iterator[Page]:
        """Every day from the ones that are read again up to the site's today, which later nights read again; of a
        reconciling walk, every day before those."""
        self._site: Site = self._client.site()
        self._today = self._window.end.astimezone(self._site.zone).date()
        last = self._today
        if self._window.recheck:  # the days that no night reads any more
            last -= self._options.lookback + ONE_DAY
        walk = self._begin()
        while walk.day <= last:
            walk = yield from self._day(walk, last)

    def _begin(self) -> Walk:
        as_of, start, today = self._window.end, self._window.start, self._today
        walk = self._walk
        if walk is not None and (walk.as_of, walk.start) == (as_of, start):
            return walk
        if start is not None:
            return Walk(as_of, start, min(start.astimezone(self._site.zone).date(), today))
        first = today - self._options.history
        if self._watermark is not None:
            first = self._watermark - self._options.lookback
        elif walk is not None and walk.start is None:
            # A first sync that broke off in an earlier night: the days before it are in.
            first = walk.day - self._options.lookback
        return Walk(as_of, None, min(first, today))

    def _day(self, walk: Walk, last: date) -> Generator[Page, None, Walk]:
        """The pages of one day; returns where the walk stands after it."""
        day, steps_back, unread = walk.day, 0, 0
        opens, closes = self._second(day), self._second(day + ONE_DAY)
        total, is_over = self._client.total(day), day < self._today
        while True:
            begins = walk.after is None
            walk = replace(walk, after=opens - 1) if begins else walk
            page = self._client.visits(day, walk.after or 0, walk.offset, self._options.page_size)
            places = [_place(visit) for visit in page.visits]
            if walk.offset and walk.last not in places and not page.malformed and None not in places:
                if steps_back == STEPS_BACK:
                    raise RetryableError(f"matomo: visits of {day} change while they are read; it will be tried again")
                back = max(0, walk.offset - max(1, self._options.page_size // 2))
                walk, steps_back = replace(walk, offset=back), steps_back + 1
                continue
            rows = len(places) + len(page.malformed)
            reached = self._after(walk, places, rows)
            if reached == walk and walk.last is not None and rows != 1 and steps_back < STEPS_BACK:
                steps_back += 1  # the last visit has to come again, and to come alone at the end
                continue
            stale = sum(place is not None and place.at <= (walk.after or 0) for place in places)
            if reached == walk and 2 * stale > rows:
                # the bound is strict, so it is the answer to another request: no end of the day
                raise RetryableError(f"matomo: a page of {day} is one from before, again; it will be tried again")
            if reached.last != walk.last:
                steps_back = unread = 0
            elif (unread := unread + 1) > UNREADABLE_PAGES:
                raise ContractError(f"matomo: {unread} pages of {day} hold no visit with idVisit, lastActionTimestamp")
            beyond = sum(place is not None and place.at >= closes for place in places)  # of the next day
            has_ended = (
                reached == walk
                or beyond > 0
                # A short page alone is not the end: a server may serve fewer than were asked for (airbyte #86492).
                or (is_over and rows < self._options.page_size and reached.seen >= total)
            )
            is_short = has_ended and reached.seen - beyond < total
            if not has_ended:
                walk = reached
            elif is_short and not walk.again:
                has_ended, walk = False, Walk(walk.as_of, walk.start, day, again=True, short=walk.short)
            else:
                short = min(walk.short or day, day) if is_short else walk.short
                walk = Walk(walk.as_of, walk.start, day + ONE_DAY, short=short)
            is_last = has_ended and day >= last
            yield Page(
                records=[
                    self._wrap(day, visit)
                    for visit, place in zip(page.visits, places, strict=True)
                    if place is None or opens <= place.at < closes
                ],
                state=self._end_state(walk) if is_last else self._state(walk),
                scope=day.isoformat(),
                scope_begins=begins,
                # What fell short of the report may be a gap: then nothing is taken for erased.
                scope_complete=has_ended and not is_short,
                malformed=page.malformed,
                complete_through=self._complete_through(walk) if is_last else None,
                # of a day that goes on, the report is older than the log
                total=Total(total) if has_ended and is_over else None,
            )
            if has_ended:
                return walk

    @staticmethod
    def _after(walk: Walk, places: Sequence[Place | None], rows: int) -> Walk:
        """Where the walk stands after a page of so many rows: before its last visit, which has to come again then. It
        stands still where the page brought nothing that stands behind the last one, unless what cannot be read does."""
        readable = [place for place in places if place is not None]
        fresh = [place for place in readable if walk.last is None or place > walk.last]
        if not fresh and rows == len(readable):
            return walk
        last = max(readable, default=None)
        after, offset = walk.after or 0, walk.offset + max(0, rows - 1)
        if last is not None and last.at - 1 > after:
            after, offset = last.at - 1, sum(place.at == last.at for place in readable) - 1
        if offset == walk.offset and after == walk.after:
            return walk
        seen = walk.seen + len(fresh) + rows - len(readable)
        return replace(walk, after=after, offset=offset, last=last or walk.last, seen=seen)

    def _second(self, day: date) -> int:
        """When the day begins in the site's zone, as seconds since 1970."""
        return int(datetime.combine(day, time(), self._site.zone).timestamp())

    def _state(self, walk: Walk) -> State:
        state: State = msgspec.to_builtins({"watermark": self._watermark, "walk": walk})
        return state

    def _end_state(self, walk: Walk) -> State:
        """The next night begins before the earliest day that fell short, as long as it is of the last days. A re-pull
        of some days by hand says nothing of the days before them."""
        reached = self._watermark
        if self._window.start is None:
            reached = self._doubted(walk) or max(self._today, self._watermark or self._today)
        state: State = msgspec.to_builtins({"watermark": reached})
        return state

    def _complete_through(self, walk: Walk) -> datetime | None:
        if self._window.start is not None or self._window.recheck:
            return None
        doubted = self._doubted(walk)
        return datetime.fromtimestamp(self._second(doubted), UTC) if doubted else self._window.end

    def _doubted(self, walk: Walk) -> date | None:
        """The earliest day that fell short of its report. Of an older one the log was purged, and the report kept."""
        return walk.short if walk.short and walk.short >= self._today - self._options.lookback else None

    def _wrap(self, day: date, visit: bytes | msgspec.Raw) -> bytes:
        """The day and its zone beside the visit, whose bytes stay as they were served."""
        names = {"visit_date": day.isoformat(), "time_zone": self._site.time_zone}
        return json.dumps(names, separators=(",", ":"))[:-1].encode() + b',"visit":' + bytes(visit) + b"}"


def _place(visit: bytes | msgspec.Raw) -> Place | None:
    """Where a visit stands; None for one that does not say, which landing quarantines."""
    try:
        found = msgspec.json.decode(visit, type=_Placed)
        return Place(found.lastActionTimestamp, int(found.idVisit))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None
