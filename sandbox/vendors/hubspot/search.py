"""The search endpoint's request: what it must hold, and which objects it finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.vendors.hubspot.wire import invalid

LARGEST_LIMIT = 200
LARGEST_OFFSET = 10_000
MOST_FILTERS = 18
REQUIRED = ("after", "filterGroups", "limit", "properties", "sorts")

Value = Callable[[str], Any]  # a property's value by its name; None where there is none


@dataclass(frozen=True)
class Search:
    """A checked request. `matches` says whether an object satisfies it."""

    offset: int
    limit: int
    properties: list[str]
    sort_by: str | None
    descending: bool
    filtered: set[str]
    matches: Callable[[Value], bool]


def read_search(body: Any) -> Search:
    """Check a search request as the specification has it. Raises the 400 that names what is wrong."""
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON on line 1, column 1: expected an object")
    for name in REQUIRED:
        if name not in body:
            raise invalid(f"Some required fields were not set: [{name}]", propertyName=name)
    limit, offset = body["limit"], str(body["after"])
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= LARGEST_LIMIT:
        raise invalid(f"limit must be between 1 and {LARGEST_LIMIT}, but was {limit}", propertyName="limit")
    if not offset.isdigit():
        raise invalid(f"after must be an integer, but was {offset!r}", propertyName="after")
    if int(offset) + limit > LARGEST_OFFSET:
        raise invalid(f"The requested results go beyond the first {LARGEST_OFFSET}", propertyName="after")
    groups, sorts = body["filterGroups"], body["sorts"]
    if not isinstance(groups, list) or not isinstance(sorts, list) or not isinstance(body["properties"], list):
        raise invalid("filterGroups, sorts and properties must be lists")
    if len(groups) > 5 or len(sorts) > 1:
        raise invalid("at most 5 filterGroups and 1 sort are allowed")
    sort_by, descending = _sort(sorts[0]) if sorts else (None, False)
    tests, filtered = [], set()
    for group in groups:
        filters = group.get("filters") if isinstance(group, dict) else None
        if not isinstance(filters, list) or not 1 <= len(filters) <= 6:
            raise invalid("a filter group holds 1 to 6 filters")
        tests.append([_filter(one) for one in filters])
        if sum(map(len, tests)) > MOST_FILTERS:
            raise invalid(f"a search holds at most {MOST_FILTERS} filters")
        filtered |= {one["propertyName"] for one in filters}

    def matches(value: Value) -> bool:
        return not tests or any(all(test(value) for test in group) for group in tests)

    return Search(int(offset), limit, body["properties"], sort_by, descending, filtered, matches)


def comparable(value: Any) -> tuple[int, float, str]:
    """A property's value for comparing: numbers and times (as epoch milliseconds) as numbers, else as text."""
    if isinstance(value, datetime):
        return 0, int(value.timestamp() * 1000), ""
    text = str(value)
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return 0, float(text), ""
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", text):
        try:
            return 0, int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000), ""
        except ValueError:
            pass
    return 1, 0, text.lower()


def _sort(sort: Any) -> tuple[str, bool]:
    if isinstance(sort, str):
        return sort.removeprefix("-"), sort.startswith("-")
    if isinstance(sort, dict) and isinstance(sort.get("propertyName"), str):
        return sort["propertyName"], sort.get("direction", "ASCENDING") == "DESCENDING"
    raise invalid("a sort is a property's name, or {propertyName, direction}")


def _filter(one: Any) -> Callable[[Value], bool]:
    if not isinstance(one, dict) or not isinstance(one.get("propertyName"), str):
        raise invalid("a filter must have a propertyName", propertyName="propertyName")
    name, operator = one["propertyName"], one.get("operator")
    if operator == "HAS_PROPERTY":
        return lambda value: value(name) not in (None, "")
    if operator == "NOT_HAS_PROPERTY":
        return lambda value: value(name) in (None, "")
    if operator in ("IN", "NOT_IN"):
        values = one.get("values")
        if not isinstance(values, list):
            raise invalid(f"the operator {operator} takes values", propertyName=name)
        among = {comparable(value) for value in values}
        return _compared(name, lambda value: (value in among) == (operator == "IN"))
    if "value" not in one:
        raise invalid(f"the operator {operator} takes a value", propertyName=name)
    low = comparable(one["value"])
    if operator == "BETWEEN":
        high = comparable(one.get("highValue"))
        return _compared(name, lambda value: low <= value <= high)
    compare: dict[Any, Callable[[Any], bool]] = {
        "EQ": lambda value: value == low,
        "NEQ": lambda value: value != low,
        "LT": lambda value: value < low,
        "LTE": lambda value: value <= low,
        "GT": lambda value: value > low,
        "GTE": lambda value: value >= low,
    }
    if operator not in compare:
        raise invalid(f"unknown operator {operator!r}", propertyName=name)
    return _compared(name, compare[operator])


def _compared(name: str, test: Callable[[Any], bool]) -> Callable[[Value], bool]:
    def compared(value: Value) -> bool:
        held = value(name)
        return held is not None and test(comparable(held))

    return compared
