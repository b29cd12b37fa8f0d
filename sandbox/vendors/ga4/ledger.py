"""What the property's two reports would say at the clock, day by day."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sandbox.ledger import Entry, Ledger
from sandbox.model import VisitsCounted
from sandbox.vendors.ga4.query import LARGEST_LIMIT, METRICS, Query
from sandbox.vendors.ga4.report import STREAMS, Losses, answer
from sandbox.vendors.ga4.visits import Visits
from sandbox.world import World

_METRICS = tuple(name for name in METRICS if name != "activeUsers")  # users do not add up, so nobody lands them


def ledger(world: World) -> Ledger:
    """Rows by their dimension values, each with what the API says once a page: columns, property, metadata. A row that
    was restated to nothing is no longer reported: it is gone."""
    visits = Visits(world)
    days = {event.day for event in world.events() if isinstance(event, VisitsCounted)}
    return {
        stream: {key: entry for day in sorted(days) for key, entry in _day(world, visits, dimensions, day)}
        for dimensions, stream in STREAMS.items()
    }


def _day(world: World, visits: Visits, dimensions: tuple[str, ...], day: date) -> list[tuple[str, Entry]]:
    query = Query(dimensions, _METRICS, day, day, 0, LARGEST_LIMIT, (), True, False, None)
    body, _ = answer(query, visits, Losses())
    report: dict[str, Any] = json.loads(body + b"}")
    head = {
        "property_id": world.credentials.ga4.property_id,
        "dimensions": list(dimensions),
        "metrics": list(_METRICS),
        "metadata": report["metadata"],
    }
    entries = []
    for row in report.get("rows", ()):
        key = "|".join(cell["value"] for cell in row["dimensionValues"])
        is_gone = all(cell["value"] == "0" for cell in row["metricValues"])
        entries.append((key, Entry(None if is_gone else {**head, "row": row}, is_gone)))
    return entries
