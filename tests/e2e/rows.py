"""Setting rows of the marts beside those of the truth, key by key and figure by figure.

Values are compared to nine digits: the truth is reckoned with floats, the marts with numerics."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

Rows = list[dict[str, Any]]
Truth = Mapping[str, Any]


def compare(
    what: str, ours: Mapping[Any, Mapping[str, Any]], theirs: Mapping[Any, Mapping[str, Any]], leave: Iterable[str] = ()
) -> list[str]:
    """The differences as readable lines. Every figure of the truth is compared but those to `leave`; a mart may have
    more. Raises KeyError for a figure that the mart does not publish."""
    found = [f"{what} {key}: only in the marts" for key in ours.keys() - theirs.keys()]
    found += [f"{what} {key}: only in truth" for key in theirs.keys() - ours.keys()]
    for key in ours.keys() & theirs.keys():
        for name, value in theirs[key].items():
            if name in leave:
                continue
            if name not in ours[key]:
                raise KeyError(f"the truth of a {what} has {name!r}, which the marts do not publish")
            if not same(ours[key][name], value):
                found.append(f"{what} {key}: {name} is {ours[key][name]!r} here, {value!r} in truth")
    return found


def by_key(given: Iterable[Mapping[str, Any]], key: Iterable[str]) -> dict[Any, Mapping[str, Any]]:
    """Rows by several columns, dates as text. Raises ValueError where two rows have one key."""
    names, found = tuple(key), {}
    for row in given:
        where = tuple(plain(row[name]) for name in names)
        if where in found:
            raise ValueError(f"two rows of {dict(zip(names, where, strict=True))}")
        found[where] = row
    return found


def plain(value: Any) -> Any:
    """A date or time as text, anything else as it is."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def same(ours: Any, theirs: Any) -> bool:
    """Whether a mart's value is the truth's."""
    if ours is None or theirs is None or isinstance(ours, bool):
        return ours is theirs or ours == theirs
    if isinstance(ours, int | float | Decimal):
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(ours, datetime):
        return ours == datetime.fromisoformat(str(theirs))
    return str(plain(ours)) == str(theirs)
