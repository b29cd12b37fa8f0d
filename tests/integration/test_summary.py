"""The summary tells what a night brought, what was refused, and what readers see when it failed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from stack.errors import StackError
from stack.summary import show_night

if TYPE_CHECKING:
    from tests.conftest import Warehouse

NIGHT = "timestamptz '2026-03-02 02:00:00Z'"


def shown(warehouse: Warehouse) -> str:
    console = Console(file=io.StringIO(), width=200)
    show_night(console, warehouse.dsn())
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def failed_night(warehouse: Warehouse) -> None:
    warehouse.rows(f"insert into ops.nights (as_of, sources, deadline_at) values ({NIGHT}, '{{zendesk,ga4}}', now())")
    warehouse.rows(
        f"""insert into ops.ingest_runs (run_id, source, stream, as_of, started_at, finished_at, status, records,
                inserted, quarantined, error)
            values (gen_random_uuid(), 'zendesk', 'tickets', {NIGHT}, now() - interval '9 s', now(), 'failed', 0, 0,
                    0, 'first attempt'),
                   (gen_random_uuid(), 'zendesk', 'tickets', {NIGHT}, now() - interval '3 s', now(), 'succeeded',
                    1234, 1230, 4, null)"""
    )
    warehouse.rows(
        f"insert into ops.builds (as_of, kind, status, error) values ({NIGHT}, 'full', 'failed', 'a mart [broke]')"
    )
    warehouse.rows(
        """insert into ops.validations (build_number, border, suite, expectation, table_name, column_name, severity,
               success, message)
           select build_number, 'marts', 's', 'values in a set', 'fct_tickets', 'status', severity, success, message
           from ops.builds,
               (values ('critical', false, 'fct_tickets.status: a status nobody knows'), ('warning', true, null))
               as made (severity, success, message)"""
    )


def test_failed_night_says_why_and_what_readers_see(warehouse: Warehouse) -> None:
    failed_night(warehouse)
    text = shown(warehouse)
    assert "The night of 2026-03-02 02:00 UTC: failed" in text
    assert "a mart [broke]" in text
    assert "no night was published before" in text
    assert "nothing is published yet" in text


def test_streams_show_their_last_attempt_and_silent_sources_are_named(warehouse: Warehouse) -> None:
    failed_night(warehouse)
    text = shown(warehouse)
    (line,) = [line for line in text.splitlines() if line.startswith("zendesk.tickets")]
    assert line.split()[1:6] == ["1,234", "1,230", "0", "0", "4"]
    assert "first attempt" not in text
    assert "nothing ran for ga4" in text


def test_refused_records_are_counted_by_reason(warehouse: Warehouse) -> None:
    failed_night(warehouse)
    warehouse.rows(
        f"""insert into raw_zendesk.quarantine (stream, body, body_hash, reason, run_id, as_of)
            select 'tickets', convert_to(body, 'utf8'), sha256(convert_to(body, 'utf8')), reason, gen_random_uuid(),
                {NIGHT}
            from (values ('a', 'contract'), ('b', 'contract'), ('c', 'encoding')) as made (body, reason)"""
    )
    lines = [line.split() for line in shown(warehouse).splitlines()]
    assert ["zendesk.tickets", "contract", "2", "2026-03-02"] in lines
    assert ["zendesk.tickets", "encoding", "1", "2026-03-02"] in lines


def test_failed_expectations_are_listed(warehouse: Warehouse) -> None:
    failed_night(warehouse)
    text = shown(warehouse)
    assert ["marts", "2", "1", "0", "1"] in [line.split() for line in text.splitlines()]
    assert "critical fct_tickets.status: a status nobody knows" in text


def test_summary_points_to_the_demo_when_there_was_no_night(warehouse: Warehouse) -> None:
    with pytest.raises(StackError, match="make demo"):
        shown(warehouse)
