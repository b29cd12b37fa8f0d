"""What is expected of Zendesk's raw streams."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite
from expectations.raw.border import RawStream, raw_suite

STREAMS = (
    RawStream("users", ("role", "email", "name", "active", "created_at", "updated_at")),
    RawStream("tickets", ("status", "requester_id", "submitter_id", "via.channel", "priority", "tags", "created_at")),
    RawStream("organizations", ("name", "domain_names", "created_at")),
    RawStream("ticket_events", ("ticket_id", "updater_id", "created_at", "child_events")),
    RawStream("metric_events", ("ticket_id", "metric", "type", "time")),
    RawStream("ticket_metrics", ("ticket_id", "requester_wait_time_in_minutes.calendar", "updated_at")),
    RawStream("satisfaction_ratings", ("ticket_id", "score", "created_at", "updated_at")),
    RawStream("survey_responses"),
    RawStream("groups"),
    RawStream("schedules"),
    RawStream("holidays"),
    RawStream("sla_policies"),
)


def suite() -> Suite:
    """Zendesk."""
    return raw_suite("zendesk", STREAMS)
