"""What is expected of Typeform's raw streams."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite
from expectations.raw.border import RawStream, raw_suite

STREAMS = (
    RawStream("forms", ("title", "fields")),
    RawStream("responses", ("form_id", "response.token", "response.landed_at", "response.answers", "response.hidden")),
)


def suite() -> Suite:
    """Typeform."""
    return raw_suite("typeform", STREAMS)
