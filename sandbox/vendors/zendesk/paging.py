"""How Zendesk pages: cursor exports, time exports, cursor lists and page-numbered lists."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from sandbox.vendors.zendesk.shelf import Row, place

LARGEST_EXPORT = 1_000
LARGEST_LIST = 100
LARGEST_SURVEYS = 50
DEEPEST_OFFSET = 10_000


class Refused(Exception):
    """A request that Zendesk answers with an error of its own: status, error, description."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


Page = tuple[Sequence[Row], dict[str, Any]]  # the rows, and the rest of the envelope


def cursor_export(rows: Sequence[Row], params: Mapping[str, str], newest_start: int, url: str) -> Page:
    """`start_time`, then `cursor`. The cursor is the place of the last row served; a full page never ends the
    stream."""
    size = _size(params.get("per_page"), LARGEST_EXPORT)
    cursor = params.get("cursor")
    if cursor is not None:
        start = bisect_right(rows, _place(cursor), key=lambda row: row.order)
    else:
        start = bisect_left(rows, _start_time(params, newest_start), key=lambda row: row.at)
    page = rows[start : start + size]
    after = _cursor(page[-1]) if page else cursor
    rest = {name: value for name, value in params.items() if name not in ("cursor", "start_time")}
    return page, {
        "after_url": f"{url}?{urlencode({**rest, 'cursor': after})}" if after else None,
        "after_cursor": after,
        "before_url": None,
        "before_cursor": None,
        "end_of_stream": len(page) < size,
    }


def time_export(rows: Sequence[Row], params: Mapping[str, str], newest_start: int, url: str) -> Page:
    """`start_time` again and again. `end_time` is the time of the last row served, and the next page begins with that
    second's rows again (zenpy #451). Beyond those come per_page rows, and what is left of their last second: so a
    page's size is only about per_page."""
    size = _size(params.get("per_page"), LARGEST_EXPORT)
    begin = _start_time(params, newest_start)
    start = bisect_left(rows, begin, key=lambda row: row.at)
    fresh = bisect_right(rows, begin, key=lambda row: row.at)
    end = min(fresh + size, len(rows))
    while 0 < end < len(rows) and rows[end].at == rows[end - 1].at:
        end += 1
    page = rows[start:end]
    end_time = page[-1].at if page else None
    rest = {name: value for name, value in params.items() if name != "start_time"}
    return page, {
        "next_page": f"{url}?{urlencode({**rest, 'start_time': end_time})}" if end_time else None,
        "count": len(page),
        "end_time": end_time,
        "end_of_stream": end >= len(rows),
    }


def cursor_list(rows: Sequence[Row], params: Mapping[str, str], url: str, largest: int, *, links: bool = True) -> Page:
    """`page[size]`, `page[after]`; the token names the last row served."""
    size = _size(params.get("page[size]"), largest, strict=True)
    start = 0
    if (after := params.get("page[after]")) is not None:
        keys = [row.key for row in rows]
        try:
            start = keys.index(_decode(after)["key"]) + 1
        except (ValueError, KeyError, TypeError):
            raise Refused(400, "InvalidCursor", "page[after] is not valid") from None
    page = rows[start : start + size]

    def token(row: Row | None) -> str | None:
        return None if row is None else _encode({"key": row.key})

    first, last = (page[0], page[-1]) if page else (None, None)
    rest = {name: value for name, value in params.items() if name != "page[after]"}
    envelope: dict[str, Any] = {
        "meta": {
            "has_more": start + size < len(rows),
            "after_cursor": token(last),
            "before_cursor": token(first),
        }
    }
    if links:
        following, former = ({**rest, "page[after]": token(last)}, {**rest, "page[before]": token(first)})
        envelope["links"] = {
            "next": f"{url}?{urlencode(following)}" if last else None,
            "prev": f"{url}?{urlencode(former)}" if first else None,
        }
    return page, envelope


def numbered_list(rows: Sequence[Row], params: Mapping[str, str], url: str) -> Page:
    """`page`, `per_page`: the old form, which gives up beyond 10,000 records."""
    size = _size(params.get("per_page"), LARGEST_LIST)
    number = _whole(params.get("page", "1"), "page")
    if number * size > DEEPEST_OFFSET:
        raise Refused(400, "InvalidPaginationDepth", "Response size too large, use cursor pagination")
    start = (number - 1) * size
    rest = {name: value for name, value in params.items() if name != "page"}

    def link(page: int) -> str:
        return f"{url}?{urlencode({**rest, 'page': page})}"

    return rows[start : start + size], {
        "next_page": link(number + 1) if start + size < len(rows) else None,
        "previous_page": link(number - 1) if number > 1 else None,
        "count": len(rows),
    }


def whole(params: Mapping[str, str], name: str, default: int) -> int:
    """A parameter that has to be a number from zero on."""
    return _whole(params[name], name, least=0) if name in params else default


def _start_time(params: Mapping[str, str], newest_start: int) -> int:
    if "start_time" not in params:
        raise Refused(400, "InvalidValue", "start_time is required")
    start = _whole(params["start_time"], "start_time", least=0)
    if start > newest_start:
        raise Refused(422, "InvalidValue", "Too recent start_time. Use a start_time older than 1 minute")
    return start


def _size(asked: str | None, largest: int, *, strict: bool = False) -> int:
    if asked is None:
        return largest
    size = _whole(asked, "page size")
    if strict and size > largest:
        raise Refused(400, "InvalidPaginationParameter", f"page[size] must be at most {largest}")
    return min(size, largest)


def _whole(text: str, name: str, *, least: int = 1) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise Refused(400, "InvalidValue", f"{name} must be a whole number from {least} on")
    return value


def _cursor(row: Row) -> str:
    return base64.b64encode(f"{row.at}.0||{row.key}|".encode()).decode()


def _place(cursor: str) -> tuple[int, int, str]:
    try:
        at, _, key, _ = base64.b64decode(cursor, validate=True).decode().split("|")
        return place(int(float(at)), key)
    except (binascii.Error, UnicodeError, ValueError):
        raise Refused(400, "InvalidValue", "cursor is not valid") from None


def _encode(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _decode(token: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, UnicodeError, ValueError):
        raise Refused(400, "InvalidCursor", "page[after] is not valid") from None
