"""What a runReport body asks for, checked as the API checks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from sandbox.vendors.ga4.errors import invalid

SCHEMA = "https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema"
LARGEST_LIMIT = 250_000
DEFAULT_LIMIT = 10_000
DIMENSIONS = ("date", "sessionDefaultChannelGroup", "deviceCategory", "landingPage", "customUser:crm_id")
METRICS: Mapping[str, str] = {
    "sessions": "TYPE_INTEGER",
    "engagedSessions": "TYPE_INTEGER",
    "screenPageViews": "TYPE_INTEGER",
    "keyEvents": "TYPE_FLOAT",
    "userEngagementDuration": "TYPE_SECONDS",
    "activeUsers": "TYPE_INTEGER",
}
Predicate = Callable[[Mapping[str, str]], bool]


class _Name(msgspec.Struct):
    name: str


class _DateRange(msgspec.Struct):
    startDate: str
    endDate: str
    name: str | None = None


class _DimensionOrder(msgspec.Struct):
    dimensionName: str
    orderType: str | int | None = None


class _MetricOrder(msgspec.Struct):
    metricName: str


class _OrderBy(msgspec.Struct, forbid_unknown_fields=True):
    dimension: _DimensionOrder | None = None
    metric: _MetricOrder | None = None
    desc: bool = False


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request, field by field as documented. int64 may come as text."""

    property: str | None = None
    dimensions: list[_Name] = []
    metrics: list[_Name] = []
    dateRanges: list[_DateRange] = []
    dimensionFilter: dict[str, Any] | None = None
    offset: str | int = 0
    limit: str | int = DEFAULT_LIMIT
    orderBys: list[_OrderBy] = []
    keepEmptyRows: bool = False
    returnPropertyQuota: bool = False
    currencyCode: str | None = None


class Query(msgspec.Struct, frozen=True):
    """A request that can be answered."""

    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    first: date
    last: date
    offset: int
    limit: int
    order: tuple[tuple[str, bool], ...]  # column, descending
    keep_empty_rows: bool
    return_quota: bool
    keep: Predicate | None


def parse(body: bytes, today: date) -> Query:
    """Read a body. Raises Refused (INVALID_ARGUMENT)."""
    try:
        asked = msgspec.json.decode(body or b"{}", type=Asked)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid(f"Invalid JSON payload received. {error}") from None
    dimensions = tuple(dimension.name for dimension in asked.dimensions)
    metrics = tuple(metric.name for metric in asked.metrics)
    for kind, names, known, most in (
        ("dimension", dimensions, DIMENSIONS, 9),
        ("metric", metrics, METRICS, 10),
    ):
        for name in names:
            if name not in known:
                raise invalid(
                    f"Field {name} is not a valid {kind}. For a list of valid dimensions and metrics, see {SCHEMA} "
                )
        if len(names) > most:
            raise invalid(f"Requests are limited to {most} {kind}s.")
        if len(set(names)) < len(names):
            raise invalid(f"Duplicate {kind}s are not allowed.")
    if not dimensions and not metrics:
        raise invalid("At least one dimension or metric is required.")
    if len(asked.dateRanges) != 1:
        raise invalid("This sandbox answers exactly one date range a request.")
    first, last = (_day(text, today) for text in (asked.dateRanges[0].startDate, asked.dateRanges[0].endDate))
    if first > last:
        raise invalid(f"start date {first} is after end date {last}.")
    offset, limit = _whole(asked.offset, "offset", 0), _whole(asked.limit, "limit", 1)
    return Query(
        dimensions,
        metrics,
        first,
        last,
        offset,
        min(limit, LARGEST_LIMIT),
        tuple(_order(order, dimensions, metrics) for order in asked.orderBys),
        asked.keepEmptyRows,
        asked.returnPropertyQuota,
        _filter(asked.dimensionFilter, dimensions) if asked.dimensionFilter is not None else None,
    )


def _day(text: str, today: date) -> date:
    if text == "today":
        return today
    if text == "yesterday":
        return today - timedelta(days=1)
    if ago := re.fullmatch(r"(\d{1,5})daysAgo", text):
        return today - timedelta(days=int(ago[1]))
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise invalid(f"Invalid date: {text}. Dates are YYYY-MM-DD, today, yesterday, or NdaysAgo.")


def _whole(value: str | int, name: str, least: int) -> int:
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < least:
        raise invalid(f"Field {name} must be a number of at least {least}; found {value}.")
    return number


def _order(order: _OrderBy, dimensions: tuple[str, ...], metrics: tuple[str, ...]) -> tuple[str, bool]:
    if (order.dimension is None) == (order.metric is None):
        raise invalid("An orderBy must have one of dimension and metric.")
    name = order.dimension.dimensionName if order.dimension else order.metric.metricName  # type: ignore[union-attr]
    if name not in (dimensions if order.dimension else metrics):
        raise invalid(f"Field {name} in orderBys is not among the requested dimensions or metrics.")
    return name, order.desc


def _filter(expression: Mapping[str, Any], dimensions: tuple[str, ...]) -> Predicate:
    if len(expression) != 1:
        raise invalid("A filter expression must have exactly one of andGroup, orGroup, notExpression, filter.")
    ((kind, inner),) = expression.items()
    if kind in ("andGroup", "orGroup"):
        parts = [_filter(part, dimensions) for part in inner.get("expressions", ())]
        combine = all if kind == "andGroup" else any
        return lambda row: combine(part(row) for part in parts)
    if kind == "notExpression":
        part = _filter(inner, dimensions)
        return lambda row: not part(row)
    if kind != "filter" or inner.get("fieldName") not in dimensions:
        raise invalid(f"The filter {kind} {inner.get('fieldName', '')} cannot be answered here.")
    field = str(inner["fieldName"])
    if "inListFilter" in inner:
        values = set(inner["inListFilter"].get("values", ()))
        return lambda row: row[field] in values
    wanted = inner.get("stringFilter", {})
    if wanted.get("matchType", "EXACT") not in ("EXACT", 1):
        raise invalid("This sandbox filters by EXACT and by inListFilter only.")
    value = str(wanted.get("value", ""))
    if wanted.get("caseSensitive"):
        return lambda row: row[field] == value
    return lambda row: row[field].lower() == value.lower()
