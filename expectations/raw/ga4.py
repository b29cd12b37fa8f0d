"""What is expected of GA4's raw streams."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite
from expectations.raw.border import RawStream, raw_suite

STREAMS = (
    RawStream("daily_traffic", ("dimensions", "metrics", "metadata.timeZone", "row.metricValues")),
    RawStream("daily_users", ("dimensions", "metrics", "metadata.timeZone", "row.metricValues")),
)


def suite() -> Suite:
    """GA4."""
    return raw_suite("ga4", STREAMS)
