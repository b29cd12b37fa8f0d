"""When a night's build begins: once all sources are settled, or at the deadline, and once more for the late ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.transform import builds
from cx_warehouse.transform.nights import night_state, open_night, pass_deadline, settle_source

AS_OF = datetime(2026, 3, 2, 2, tzinfo=UTC)
HOURS = timedelta(hours=4)


@pytest.fixture
def ops(warehouse):
    """A connection that commits each statement, as each task's does."""
    with psycopg.connect(warehouse.dsn(), autocommit=True) as connection:
        yield connection


def ran(ops, source: str, stream: str, status: str = "succeeded", error: str | None = None) -> None:
    ops.execute(
        """insert into ops.ingest_runs (run_id, source, stream, as_of, status, error)
           values (gen_random_uuid(), %s, %s, %s, %s, %s)""",
        [source, stream, AS_OF, status, error],
    )


def test_a_build_waits_until_every_source_is_settled(ops):
    open_night(ops, AS_OF, ["hubspot", "typeform"], HOURS)
    assert night_state(ops).not_yet == "still waiting for hubspot, typeform"
    ran(ops, "typeform", "forms")
    settle_source(ops, AS_OF, "typeform", ["forms"])
    assert night_state(ops).not_yet == "still waiting for hubspot"
    ran(ops, "hubspot", "owners")
    settle_source(ops, AS_OF, "hubspot", ["owners"])
    assert night_state(ops).not_yet is None


def test_a_source_that_failed_is_settled_too_and_named(ops):
    open_night(ops, AS_OF, ["typeform"], HOURS)
    ran(ops, "typeform", "forms", "failed", "401 from the vendor")
    said = settle_source(ops, AS_OF, "typeform", ["forms"])
    state = night_state(ops)
    assert state.not_yet is None and state.failed == ("typeform",)
    assert said == "typeform: failed (forms: 401 from the vendor)"


def test_a_source_that_could_not_be_begun_says_why_for_each_stream(ops):
    open_night(ops, AS_OF, ["typeform"], HOURS)
    settle_source(ops, AS_OF, "typeform", ["forms", "responses"], not_begun="typeform: cannot reach it")
    rows = ops.execute("select stream, status, error from ops.ingest_runs order by stream").fetchall()
    assert rows == [(stream, "failed", "typeform: cannot reach it") for stream in ("forms", "responses")]


def test_the_last_attempt_of_a_stream_counts(ops):
    open_night(ops, AS_OF, ["typeform"], HOURS)
    ran(ops, "typeform", "forms", "failed", "broke off")
    ran(ops, "typeform", "forms")
    settle_source(ops, AS_OF, "typeform", ["forms"])
    assert night_state(ops).failed == ()


def test_at_the_deadline_the_night_goes_on_with_what_is_in(ops):
    open_night(ops, AS_OF, ["hubspot", "typeform"], HOURS)
    pass_deadline(ops, AS_OF)
    state = night_state(ops)
    assert state.not_yet is None and state.waiting_for == ("hubspot", "typeform")


def test_the_deadline_passes_by_the_clock_too(ops):
    open_night(ops, AS_OF, ["typeform"], timedelta(0))
    assert night_state(ops).not_yet is None


def test_a_night_is_built_once_however_often_its_assets_wake_the_transform(ops):
    open_night(ops, AS_OF, ["typeform"], HOURS)
    ran(ops, "typeform", "forms")
    settle_source(ops, AS_OF, "typeform", ["forms"])
    builds.claim_build(ops, AS_OF)
    assert "built already" in night_state(ops).not_yet
    builds.note_error(ops, 1, "a mart broke")
    assert builds.fail_running(ops) == "a mart broke"
    assert "built already" in night_state(ops).not_yet, "a failed build is not repeated by leftover events"


def test_a_late_source_is_built_in_once_all_are_settled(ops):
    open_night(ops, AS_OF, ["hubspot", "typeform"], HOURS)
    pass_deadline(ops, AS_OF)
    builds.claim_build(ops, AS_OF)
    for source, stream in (("typeform", "forms"), ("hubspot", "owners")):
        assert "built already" in night_state(ops).not_yet
        ran(ops, source, stream)
        settle_source(ops, AS_OF, source, [stream])
    assert night_state(ops).not_yet is None


def test_opening_a_night_again_lets_it_be_built_again(ops):
    open_night(ops, AS_OF, ["typeform"], HOURS)
    builds.claim_build(ops, AS_OF)
    open_night(ops, AS_OF, ["typeform"], HOURS)
    assert night_state(ops).not_yet == "still waiting for typeform"


def test_a_build_that_was_killed_is_closed_by_the_next_one(ops):
    open_night(ops, AS_OF, ["typeform"], HOURS)
    first, second = builds.claim_build(ops, AS_OF), builds.claim_build(ops, AS_OF)
    assert second > first
    assert ops.execute("select status, error from ops.builds where build_number = %s", [first]).fetchone() == (
        "failed",
        "the build was killed",
    )


def test_a_build_reads_up_to_what_was_committed_when_it_was_frozen(ops):
    open_night(ops, AS_OF, ["zendesk"], HOURS)
    build = builds.claim_build(ops, AS_OF)
    insert = """insert into raw_zendesk.tickets (key, record, run_id, content_hash, is_deleted)
                values ('1', '{}', gen_random_uuid(), '', false) returning sequence"""
    sequence = ops.execute(insert).fetchone()[0]
    builds.freeze(ops, build, {"zendesk": ["tickets", "users"]})
    ops.execute(insert)
    frozen = ops.execute("select stream, sequence from ops.build_high_water order by stream").fetchall()
    assert frozen == [("tickets", sequence), ("users", 0)]


def test_asking_before_the_first_night_says_what_to_do(ops):
    with pytest.raises(ConfigError, match="trigger the DAG 'night'"):
        night_state(ops)
