"""How each kind of endpoint is walked: from a state, page by page, to the end that the vendor declares.

A state is {"watermark": …, "walk": …}. The walk moves with each page; the watermark moves only when a walk
has come to its end, and never beyond what the vendor has shown up to the run's as_of. Times in a state are
ISO 8601 in UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from cx_warehouse.connectors.base import Page, State, Window
from cx_warehouse.connectors.errors import ContractError, TokenExpiredError
from cx_warehouse.connectors.zendesk.streams import Endpoint, ExportPage, ListPage

EXCLUDED = timedelta(minutes=1)  # what an export leaves out: the minute before the request
YOUNGEST_START = timedelta(minutes=5)  # a start_time must be a minute old, and once had to be five
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """One page as fetched. `page_size` is what was asked for; `too_recent`: the vendor has nothing yet from
    the asked start_time on."""

    envelope: Any
    page_size: int
    records: Sequence[bytes | msgspec.Raw] = ()
    malformed: Sequence[tuple[bytes, str]] = ()
    too_recent: bool = False


# Query parameters → page. Raises TokenExpiredError for a paging token that the vendor no longer accepts.
Fetch = Callable[[Mapping[str, str]], Answer]


def cursor_export(endpoint: Endpoint, fetch: Fetch, window: Window, state: State) -> Iterator[Page]:
    """Tickets and users: `start_time` once, then `cursor`; the next run goes on from the last `after_cursor`.

    Rows that the vendor dates after as_of are landed, but the watermark then holds the newest time up to
    as_of instead of a cursor behind them: a row with an absurd date must not hide what comes after it."""
    watermark: State = state.get("watermark") or {}
    since = _re_pull(window, watermark)
    walk: State = state.get("walk") or {}
    horizon = window.end - EXCLUDED
    fresh = {
        "since": since,
        "time": watermark.get("time"),
        "cursor": None if since else watermark.get("cursor"),
    }
    walk = walk if walk.get("cursor") and _goes_on(walk, since) else fresh
    first, seen = True, set[str]()
    while True:
        cursor = walk["cursor"]
        asked = {"cursor": cursor} if cursor else _start_time(walk["since"] or watermark.get("time"), window)
        try:
            answer = fetch(asked)
        except TokenExpiredError as error:
            if not first:
                raise ContractError(f"{endpoint.path}: a cursor was refused right after it was handed out") from error
            walk = {**fresh, "since": walk["since"], "cursor": None}
            first = False
            continue
        first = False
        page: ExportPage = answer.envelope
        done = answer.too_recent or _flag(endpoint, page)
        moved = _newest(answer.records, endpoint.order_by, window.end, walk)
        if done:
            reached: State = {"time": moved["time"]} if moved["time"] else {}
            if not moved.get("beyond") and (page.after_cursor or cursor):
                reached["cursor"] = page.after_cursor or cursor
            yield Page(answer.records, {"watermark": reached}, malformed=answer.malformed, complete_through=horizon)
            return
        if not page.after_cursor or page.after_cursor == cursor or page.after_cursor in seen:
            raise ContractError(f"{endpoint.path}: the cursor does not move, but the export says that there is more")
        seen.add(page.after_cursor)
        walk = {**moved, "cursor": page.after_cursor}
        yield Page(answer.records, {"watermark": watermark, "walk": walk}, malformed=answer.malformed)


def time_export(endpoint: Endpoint, fetch: Fetch, window: Window, state: State) -> Iterator[Page]:
    """Organizations, ticket events and metric events: each page's `end_time` is the next page's `start_time`.

    The bound is inclusive, so rows at a page's edge may come twice and none is lost."""
    watermark: State = state.get("watermark") or {}
    since = _re_pull(window, watermark)
    walk: State = state.get("walk") or {}
    horizon = window.end - EXCLUDED
    if not (walk.get("start_time") and _goes_on(walk, since)):
        walk = {"since": since, "start_time": since or watermark.get("time")}
    asked = _start_time(walk["start_time"], window)
    while True:
        answer = fetch(asked)
        page: ExportPage = answer.envelope
        start = int(asked["start_time"])
        end = start if page.end_time is None else page.end_time
        if page.end_of_stream is msgspec.UNSET and not answer.too_recent:
            # Not every time export has been seen to carry the flag; without it only a page that brings
            # nothing is the end.
            done = end <= start and len(answer.records) < answer.page_size
        else:
            done = answer.too_recent or _flag(endpoint, page)
        if done or end >= window.end.timestamp():
            reached = max(watermark.get("time") or "", _iso(min(_moment(end), horizon)) if end else "")
            yield Page(
                answer.records,
                {"watermark": {"time": reached} if reached else {}},
                malformed=answer.malformed,
                complete_through=horizon,
            )
            return
        if end <= start:
            raise ContractError(
                f"{endpoint.path}: end_time does not move beyond {_iso(_moment(start))}, but the export "
                "says that there is more"
            )
        asked = {"start_time": str(end)}
        yield Page(
            answer.records,
            {"watermark": watermark, "walk": {**walk, "start_time": _iso(_moment(end))}},
            malformed=answer.malformed,
        )


def changed_list(
    endpoint: Endpoint,
    fetch: Fetch,
    window: Window,
    state: State,
    lookback: timedelta,
) -> Iterator[Page]:
    """Ratings and survey responses: a list filtered by time, read to its end each night from `lookback`
    before the last.

    Its order is not promised, so the watermark is the time at which the walk began, and moves only after all
    of it."""
    watermark: State = state.get("watermark") or {}
    since = _re_pull(window, watermark)
    through = _iso(window.end - EXCLUDED)
    walk: State = state.get("walk") or {}
    fresh = {"since": since, "through": through, "after": None}
    # A list grows at either end: a walk of another night is not taken up, only one that this same run began.
    walk = walk if walk.get("through") == through and walk.get("since") == since else fresh
    base: dict[str, str] = {}
    if begin := walk["since"] or watermark.get("time"):
        base[endpoint.since] = str(int(max(0.0, (_parse(begin) - lookback).timestamp())) * endpoint.since_per_second)
    first, seen = True, set[str]()
    while True:
        after = walk["after"]
        try:
            answer = fetch({**base, "page[after]": after} if after else base)
        except TokenExpiredError as error:
            if not first:
                raise ContractError(
                    f"{endpoint.path}: a page token was refused right after it was handed out"
                ) from error
            walk, first = fresh, False
            continue
        first = False
        page: ListPage = answer.envelope
        if page.meta is None:
            raise ContractError(f"{endpoint.path}: the reply has no meta.has_more, so its end cannot be known")
        if not page.meta.has_more:
            reached = {"time": max(through, watermark.get("time") or "")}
            yield Page(
                answer.records,
                {"watermark": reached},
                malformed=answer.malformed,
                complete_through=window.end - EXCLUDED,
            )
            return
        token = page.meta.after_cursor
        if not token or token == after or token in seen:
            raise ContractError(f"{endpoint.path}: the page token does not move, but the list says that there is more")
        seen.add(token)
        walk = {**walk, "after": token}
        yield Page(answer.records, {"watermark": watermark, "walk": walk}, malformed=answer.malformed)


def whole_list(endpoint: Endpoint, fetch: Fetch, window: Window) -> Iterator[Page]:
    """Groups, schedules and policies: few, so listed whole every night; what is no longer listed is gone.

    Always from the first page, hence no walk in the state."""
    for number, (answer, done) in enumerate(_listed(endpoint, fetch)):
        yield Page(
            answer.records,
            {},
            malformed=answer.malformed,
            scope="*",
            scope_begins=number == 0,
            scope_complete=done,
            complete_through=window.end if done else None,
        )


def holidays(
    endpoint: Endpoint,
    schedules: Endpoint,
    fetch_schedules: Fetch,
    fetch_of: Callable[[int], Fetch],
    window: Window,
) -> Iterator[Page]:
    """The holidays of every listed schedule, each beside its schedule's id, which the vendor's record lacks.

    `fetch_of` gets those of one schedule. A schedule that cannot be read may have holidays that
    are not met; then nothing is taken for gone. The last page ends the walk and brings nothing."""
    found: list[int] = []
    is_whole, begins = True, True
    for answer, _ in _listed(schedules, fetch_schedules):
        is_whole = is_whole and not answer.malformed
        for record in answer.records:
            try:
                found.append(_SCHEDULE.decode(record).id)
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                is_whole = False
    for schedule in found:
        head = b'{"schedule_id":%d,"holiday":' % schedule
        for answer, _ in _listed(endpoint, fetch_of(schedule)):
            wrapped = [head + bytes(record) + b"}" for record in answer.records]
            yield Page(wrapped, {}, malformed=answer.malformed, scope="*", scope_begins=begins)
            begins = False
    yield Page((), {}, scope="*", scope_begins=begins, scope_complete=is_whole, complete_through=window.end)


def _listed(endpoint: Endpoint, fetch: Fetch) -> Iterator[tuple[Answer, bool]]:
    """The pages of a list in their order; True with the last one."""
    params: dict[str, str] = {}
    while True:
        answer = fetch(params)
        page: ListPage = answer.envelope
        following: dict[str, str] = {}
        if page.meta is not None and page.meta.has_more:
            following = {"page[after]": page.meta.after_cursor or ""}
        elif page.meta is None and page.next_page:
            following = {"page": str(int(params.get("page", "1")) + 1)}
        if following and (following == params or "" in following.values() or not answer.records):
            raise ContractError(f"{endpoint.path}: the list says that there is more, but does not move")
        yield answer, not following
        if not following:
            return
        params = following


def _re_pull(window: Window, watermark: State) -> str | None:
    """Where a manual re-pull begins. Before the first full walk there is nothing to pull again: that walk
    goes on. It never begins after the watermark, or the time between would be skipped."""
    if window.start is None or not watermark.get("time"):
        return None
    return min(_iso(window.start), str(watermark["time"]))


def _goes_on(walk: State, since: str | None) -> bool:
    """Whether an interrupted walk is taken up: by an ordinary run always, by a re-pull if it is its own."""
    return since is None or walk.get("since") == since


def _start_time(begin: str | None, window: Window) -> dict[str, str]:
    start = _parse(begin) if begin else EPOCH
    return {"start_time": str(max(0, int(min(start, window.end - YOUNGEST_START).timestamp())))}


def _flag(endpoint: Endpoint, page: ExportPage) -> bool:
    if not isinstance(page.end_of_stream, bool):
        raise ContractError(f"{endpoint.path}: the reply has no end_of_stream, so its end cannot be known")
    return page.end_of_stream


class _Order(msgspec.Struct):
    generated_timestamp: int | None = None
    updated_at: datetime | None = None


class _Schedule(msgspec.Struct):
    id: int


_ORDER = msgspec.json.Decoder(_Order)
_SCHEDULE = msgspec.json.Decoder(_Schedule)


def _newest(records: Sequence[bytes | msgspec.Raw], order_by: str, as_of: datetime, walk: State) -> State:
    """The walk, with `time` moved to the newest row up to as_of and `beyond` set if a row is dated later."""
    beyond = bool(walk.get("beyond"))
    limit, best = as_of.timestamp(), 0.0
    for record in records:
        try:
            order = _ORDER.decode(record)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
            continue  # landing says what is wrong with it
        at = float(order.generated_timestamp or 0) if order_by == "generated_timestamp" else 0.0
        if at == 0.0 and order.updated_at is not None and order.updated_at.tzinfo is not None:
            at = order.updated_at.timestamp()
        if at > limit:
            beyond = True
        else:
            best = max(best, at)
    latest = _iso(_moment(int(best))) if best > 0 else ""
    return {**walk, "time": max(walk.get("time") or "", latest) or None, "beyond": beyond}


def _moment(epoch: int) -> datetime:
    try:
        return EPOCH + timedelta(seconds=epoch)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
