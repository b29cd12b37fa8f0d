"""Reckoning a report: visits grouped by the asked dimensions, with the vendor's losses where they apply."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from sandbox.model import COMPANY_TIME_ZONE, VisitsCounted
from sandbox.vendors.ga4.query import METRICS, Query
from sandbox.vendors.ga4.visits import Visits

NOT_SET, OTHER = "(not set)", "(other)"
# The reports to which rows can be added by hand, by their dimensions.
STREAMS: dict[tuple[str, ...], str] = {
    ("date", "sessionDefaultChannelGroup", "deviceCategory", "landingPage"): "daily_traffic",
    ("date", "customUser:crm_id", "sessionDefaultChannelGroup", "deviceCategory"): "daily_users",
}


_FIELDS = {
    "sessions": "sessions",
    "engagedSessions": "engaged_sessions",
    "screenPageViews": "page_views",
    "keyEvents": "key_events",
    "userEngagementDuration": "engagement_seconds",
}


@dataclass
class _Totals:
    visits: list[VisitsCounted] = field(default_factory=list)

    def users(self) -> int:
        return len({visit.user_id or visit.client_id for visit in self.visits})

    def metric(self, name: str) -> int:
        if name == "activeUsers":
            return self.users()
        return sum(map(attrgetter(_FIELDS[name]), self.visits))


@dataclass(frozen=True)
class Losses:
    """What a property may withhold. `cardinality_limit`: rows a day beyond which the rest becomes one (other) row;
    `threshold_users`: rows of fewer users are left out (0: none); `sampled_above`: events that a report reads at most,
    beyond which it is reckoned from a sample."""

    cardinality_limit: int = 50_000
    threshold_users: int = 0
    sampled_above: int = 10_000_000


def answer(query: Query, visits: Visits, losses: Losses) -> tuple[bytes, int]:
    """The report's JSON without its last brace, and how many rows it serves."""
    groups: dict[tuple[str, ...], _Totals] = {}
    read, sampling = _sample(visits.of(query.first, query.last), losses.sampled_above)
    for visit in read:
        key = tuple(_value(visit, name) for name in query.dimensions)
        groups.setdefault(key, _Totals()).visits.append(visit)
    if query.keep is not None:
        keep = query.keep
        groups = {key: totals for key, totals in groups.items() if keep(dict(zip(query.dimensions, key, strict=True)))}
    groups, condensed = _condense(query, groups, losses.cardinality_limit)
    kept = {key: totals for key, totals in groups.items() if totals.users() >= losses.threshold_users}
    scale = sampling[1] / sampling[0] if sampling else 1
    rows = [(key, [round(totals.metric(name) * scale) for name in query.metrics]) for key, totals in kept.items()]
    if not query.keep_empty_rows and query.metrics:
        rows = [row for row in rows if any(row[1])]
    _sort(query, rows)
    bodies = [_row(key, values) for key, values in rows]
    stream = STREAMS.get(query.dimensions)
    if stream is not None and query.keep is None:
        bodies += visits.added(stream, query.first, query.last)
    served = bodies[query.offset : query.offset + query.limit]
    metadata: dict[str, Any] = {"currencyCode": "EUR", "timeZone": COMPANY_TIME_ZONE}
    if condensed:
        metadata["dataLossFromOtherRow"] = True
    if len(kept) < len(groups):
        metadata["subjectToThresholding"] = True
    if sampling:
        metadata["samplingMetadatas"] = [
            {"samplesReadCount": str(sampling[0]), "samplingSpaceSize": str(sampling[1])}  # one a date range
        ]
    return _body(query, served, len(bodies), metadata), len(served)


def _sample(found: list[VisitsCounted], most: int) -> tuple[list[VisitsCounted], tuple[int, int] | None]:
    """The visits to reckon from; and of how many events they are out of how many, where they are a sample."""
    space = sum(map(_events, found))
    if space <= most:
        return found, None
    drawn: list[VisitsCounted] = []
    read = 0
    for visit in sorted(found, key=lambda visit: _shuffled((visit.client_id, str(visit.day), visit.landing_page))):
        if read >= most:
            break
        drawn.append(visit)
        read += _events(visit)
    return drawn, (read, space)


def _events(visit: VisitsCounted) -> int:
    """A session_start for each session, a page_view for each page, and the key events."""
    return visit.sessions + visit.page_views + visit.key_events


def _value(visit: VisitsCounted, dimension: str) -> str:
    match dimension:
        case "date":
            return f"{visit.day:%Y%m%d}"
        case "sessionDefaultChannelGroup":
            return visit.channel
        case "deviceCategory":
            return visit.device
        case "landingPage":
            return visit.landing_page
        case _:
            return visit.user_id or NOT_SET


def _condense(
    query: Query, groups: dict[tuple[str, ...], _Totals], limit: int
) -> tuple[dict[tuple[str, ...], _Totals], bool]:
    """Where a report has too many rows, the smallest become one (other) row a day."""
    if len(groups) <= limit:
        return groups, False
    largest = sorted(groups, key=lambda key: (-groups[key].metric("sessions"), key))
    kept = {key: groups[key] for key in largest[:limit]}
    for key in largest[limit:]:
        other = tuple(value if name == "date" else OTHER for name, value in zip(query.dimensions, key, strict=True))
        kept.setdefault(other, _Totals()).visits.extend(groups[key].visits)
    return kept, True


def _sort(query: Query, rows: list[tuple[tuple[str, ...], list[int]]]) -> None:
    """As asked; else the largest first metric first. Rows that tie come in another order on each page: the API
    promises none, so a client that pages without ordering by every dimension loses rows."""
    rows.sort(key=lambda row: _shuffled((*row[0], str(query.offset))))
    if not query.order:
        if query.metrics:
            rows.sort(key=lambda row: -row[1][0])
        return
    for name, descending in reversed(query.order):
        if name in query.dimensions:
            column = query.dimensions.index(name)
            rows.sort(key=lambda row, column=column: row[0][column], reverse=descending)  # type: ignore[misc]
        else:
            column = query.metrics.index(name)
            rows.sort(key=lambda row, column=column: row[1][column], reverse=descending)  # type: ignore[misc]


def _shuffled(key: Sequence[str]) -> int:
    """A shuffle that is the same in every process."""
    value = 0
    for character in "|".join(key):
        value = (value * 1_000_003 + ord(character)) % 2_147_483_647
    return value


def _row(key: tuple[str, ...], values: list[int]) -> bytes:
    row = {
        "dimensionValues": [{"value": value} for value in key],
        "metricValues": [{"value": str(value)} for value in values],
    }
    return json.dumps({name: cells for name, cells in row.items() if cells}, ensure_ascii=False).encode()


def _body(query: Query, rows: Sequence[bytes], row_count: int, metadata: dict[str, Any]) -> bytes:
    """Empty lists and zeroes are left out, as in every answer of this API."""
    parts: list[bytes] = []
    headers = {
        "dimensionHeaders": [{"name": name} for name in query.dimensions],
        "metricHeaders": [{"name": name, "type": METRICS[name]} for name in query.metrics],
    }
    for name, columns in headers.items():
        if columns:
            parts.append(f'"{name}":{json.dumps(columns)}'.encode())
    if rows:
        parts.append(b'"rows":[' + b",".join(rows) + b"]")
    if row_count:
        parts.append(f'"rowCount":{row_count}'.encode())
    parts.append(f'"metadata":{json.dumps(metadata)}'.encode())
    parts.append(b'"kind":"analyticsData#runReport"')
    return b"{" + b",".join(parts)
