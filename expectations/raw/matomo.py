"""What is expected of Matomo's raw streams."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite
from expectations.raw.border import RawStream, raw_suite

STREAMS = (
    RawStream(
        "visits",
        (
            "visit_date",
            "visit.idVisit",
            "visit.firstActionTimestamp",
            "visit.lastActionTimestamp",
            "visit.actionDetails",
            "visit.userId",
        ),
    ),
)


def suite() -> Suite:
    """Matomo."""
    return raw_suite("matomo", STREAMS)
