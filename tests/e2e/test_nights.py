"""Whole nights through the real scheduler: what is published is true, night after night, whatever happens in between.

The tests tell one story and run in the order written: each night builds on the one before."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from stack import local
from stack.local import WAREHOUSE, Local
from stack.night import Outcome, run_night
from stack.paths import ROOT
from stack.sandbox import Wishes
from tests.e2e.compare import differences

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

POISON = {
    ("zendesk", "tickets"): [
        b'{"url": "no id", "status": "open"}',
        b'{"id": "not a number", "status": "open"}',
        b'{"id": 990001, "subject": "\xff\xfe", "status": "open"}',
    ],
    ("hubspot", "contacts"): [b'{"id": "990002", "properties": {"email": "a\\u0000b"}}', b'{"properties": 7}'],
}


@pytest.fixture(scope="module")
def stack() -> Iterator[Local]:
    """A stack of its own, over a small company; retries come fast."""
    home = Path(tempfile.mkdtemp(prefix="cx-nights-"))
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("CX_RETRY_SECONDS", "1")
        settings.setenv("CX_POKE_SECONDS", "2")
        try:
            yield local.start_with_sandbox(home, Wishes(customers=100, days=40), print)
        finally:
            if "CX_KEEP_HOME" not in os.environ:
                local.clean(home)
                shutil.rmtree(home, ignore_errors=True)


def night(stack: Local, *, days: int = 0) -> Outcome:
    control = stack.sandbox.control
    as_of = control.advance(days) if days else control.clock()
    return run_night(stack, datetime.fromisoformat(as_of), print)


def rows(stack: Local, statement: str, role: str | None = None, *parameters: object) -> list[tuple]:
    with psycopg.connect(stack.warehouse_dsn(role), autocommit=True) as connection:
        cursor = connection.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


def wait_for(happens: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(1)


def assert_true(stack: Local) -> None:
    found = differences(stack.warehouse_dsn(), stack.sandbox.control.truth)
    assert not found, f"{len(found)} differences, among them:\n" + "\n".join(found[:20])


def build_kind(stack: Local) -> str:
    return rows(stack, "select kind from ops.builds where status = 'published' order by build_number desc")[0][0]


def snapshot(stack: Local) -> dict[str, list[str]]:
    """Every published row without what merely tells of the run, sorted."""
    tables = rows(stack, "select table_name from information_schema.tables where table_schema = 'marts' order by 1")
    return {
        table: [
            row[0]
            for row in rows(
                stack, f"""select (to_jsonb(t) - 'build_number')::text from marts."{table}" as t order by 1"""
            )
        ]
        for (table,) in tables
        if table != "source_freshness"
    }


def test_the_first_night_publishes_the_truth(stack):
    outcome = night(stack)
    assert outcome.status == "published", outcome
    assert_true(stack)
    assert build_kind(stack) == "full"


def test_readers_see_the_marts_and_no_personal_column(stack):
    assert rows(stack, "select count(*) from marts.mart_support__tickets", "cx_reader")[0][0] > 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(stack, "select * from marts.dim_customers_personal", "cx_reader")
    assert rows(stack, "select count(email) from marts.dim_customers_personal", "cx_reader_pii")[0][0] > 0


def test_the_second_night_is_incremental_true_and_survives_poison(stack):
    for (source, stream), bodies in POISON.items():
        for body in bodies:
            stack.sandbox.control.add_record(source, stream, body)
    outcome = night(stack, days=1)
    assert outcome.status == "published", outcome
    assert_true(stack)
    quarantined = dict(
        rows(
            stack,
            """
        select source || '.' || stream, sum(quarantined)::int from ops.ingest_runs
        where as_of = (select max(as_of) from ops.nights) group by 1 having sum(quarantined) > 0""",
        )
    )
    assert quarantined == {"zendesk.tickets": 3, "hubspot.contacts": 2}


def test_the_third_night_builds_only_what_changed(stack):
    """The first two nights fill the two sets; from the third on a set is two nights old and only caught up."""
    outcome = night(stack, days=1)
    assert outcome.status == "published", outcome
    assert build_kind(stack) == "incremental"
    assert_true(stack)


def test_a_full_rebuild_gives_the_same_marts(stack):
    before = snapshot(stack)
    api = stack.airflow.api()
    run = api.trigger("transform", {"force": True, "full_refresh": True})
    assert api.wait("transform", run, timeout_seconds=600)["state"] == "success"
    assert build_kind(stack) == "full"
    after = snapshot(stack)
    assert before.keys() == after.keys()
    for table in before:
        assert before[table] == after[table], table


# A contact and a helpdesk user that nothing but an address or a number holds together.
HELD_TOGETHER = """
    select left_one.identity_key, right_one.identity_key, right_one.customer_key
    from marts.bridge_customer_identities as left_one
    join marts.bridge_customer_identities as right_one on left_one.linked_to_identity_key = right_one.identity_key
    where left_one.identity_key like 'zendesk:%' and right_one.identity_key like 'hubspot:%'
        and left_one.rule = 'email' and right_one.rule = 'oldest'
        and not exists (select from marts.bridge_customer_identities as other
                        where other.linked_to_identity_key = left_one.identity_key)
    order by 1 limit 1"""


@pytest.fixture(scope="module")
def decided_apart() -> dict[str, str]:
    """What one test tells a later one."""
    return {}


def test_a_decision_is_honoured_on_the_next_night_and_history_tells_both_states(stack, decided_apart):
    [(user, contact, customer)] = rows(stack, HELD_TOGETHER)
    decided_apart["user"] = user
    # as a row in the seed would: dbt describes the table once it is filled
    rows(
        stack,
        f"""
        create function public.decide() returns event_trigger language plpgsql as $$
        begin
            if exists (select from pg_event_trigger_ddl_commands()
                       where object_identity = 'candidate_settings.link_overrides') then
                delete from candidate_settings.link_overrides;
                insert into candidate_settings.link_overrides
                    (left_identity, right_identity, decision, decided_by, decided_at, reason)
                values ('{user}', '{contact}', 'do_not_link', 'anna', now(), 'sisters');
            end if;
        end $$""",
    )
    rows(
        stack,
        """create event trigger decide on ddl_command_end when tag in ('COMMENT')
                   execute function public.decide()""",
    )
    outcome = night(stack, days=1)
    rows(stack, "drop event trigger decide")
    assert outcome.status == "published", outcome
    assert_true(stack)
    keys = dict(
        rows(
            stack,
            "select identity_key, customer_key from marts.bridge_customer_identities where identity_key in (%s, %s)",
            None,
            user,
            contact,
        )
    )
    assert keys[contact] == customer != keys[user]
    assert spells(stack, user) == [(customer, True), (keys[user], False)]


def spells(stack: Local, identity: str) -> list[tuple]:
    """Whose the identity was, one after the other, and whether that is over."""
    return rows(
        stack,
        """select customer_key, valid_to is not null from marts.customer_identity_history
           where identity_key = %s order by valid_from""",
        None,
        identity,
    )


def test_a_vendor_that_is_down_does_not_stop_the_others_and_its_age_shows(stack):
    stack.sandbox.control.off("zendesk")
    outcome = night(stack, days=1)
    assert outcome.status == "published", outcome
    freshness = {
        source: (float(age), error)
        for source, age, error in rows(
            stack, "select source, age_hours, last_error from marts.source_freshness", "cx_reader"
        )
    }
    assert freshness["hubspot"][0] < 1
    assert freshness["zendesk"][0] > 24
    assert "503" in freshness["zendesk"][1]


def test_a_decision_that_was_withdrawn_leaves_the_keys_as_they_were(stack, decided_apart):
    """The night before was the first without it."""
    (together, _), (alone, _), (again, is_over) = spells(stack, decided_apart["user"])
    assert together == again != alone and not is_over
    [(where, why)] = rows(
        stack,
        "select customer_key, rule from marts.customer_key_redirects where old_customer_key = %s",
        None,
        alone,
    )
    assert where == together and why == "email"


def test_a_broken_mart_is_not_published_and_readers_keep_the_last_good_night(stack):
    stack.sandbox.control.on("zendesk")
    good = snapshot(stack)
    # as a wrong model would: solved for the last time before the first, in the rows that the night is about to write
    rows(
        stack,
        """
        create function public.break_mart() returns event_trigger language plpgsql as $$
        declare
            fresh text;
        begin
            for fresh in select object_identity from pg_event_trigger_ddl_commands()
                         where object_identity ~ '\\.mart_support__tickets__dbt_tmp'
            loop
                execute format('update %s set last_solved_at = first_solved_at - interval ''1 day''
                                where first_solved_at is not null', fresh);
            end loop;
        end $$""",
    )
    rows(
        stack,
        """create event trigger break_mart on ddl_command_end when tag in ('CREATE TABLE AS')
                   execute function public.break_mart()""",
    )
    outcome = night(stack, days=1)
    rows(stack, "drop event trigger break_mart")
    assert outcome.status == "failed"
    assert "the last solution is not before the first" in outcome.reason
    assert snapshot(stack) == good
    [(status, error)] = rows(
        stack, "select status, error from ops.night_status order by as_of desc limit 1", "cx_reader"
    )
    assert status == "failed" and error == outcome.reason


def test_every_query_of_the_docs_runs(stack):
    """Now, while a failed candidate stands: the runbook looks into it."""
    ran = 0
    for document, role in (
        ("analyst", "cx_reader_pii"),
        ("questions", "cx_reader"),
        ("customers", "cx_reader"),
        ("comments", "cx_reader_pii"),
        ("data-engineer", None),
        ("runbook", None),
    ):
        text = (ROOT / "docs" / f"{document}.md").read_text()
        for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL):
            with psycopg.connect(stack.warehouse_dsn(role)) as connection:
                connection.execute(block)
                connection.rollback()
            ran += 1
    assert ran > 20


def test_once_mended_the_night_is_built_again_and_the_vendor_has_caught_up(stack):
    api = stack.airflow.api()
    run = api.trigger("transform", {"force": True})
    assert api.wait("transform", run, timeout_seconds=600)["state"] == "success"
    assert_true(stack)
    assert all(age < 4 for (age,) in rows(stack, "select age_hours::float from marts.source_freshness"))


def test_a_vendor_that_hangs_is_left_behind_at_the_deadline_and_built_in_once_it_answers(stack):
    control, api = stack.sandbox.control, stack.airflow.api()
    control.add_fault("hang", "typeform", times=0)
    as_of = control.advance(1)
    begun = datetime.now(UTC)
    night_run = api.trigger("night", {"as_of": as_of})
    others = "select count(*) from ops.night_sources where as_of = %s and status = 'succeeded'"
    wait_for(lambda: rows(stack, others, None, as_of) == [(len(stack.sandbox.connections) - 1,)])
    assert rows(stack, "select 1 from ops.builds where as_of = %s", None, as_of) == []
    rows(stack, "update ops.nights set deadline_at = now() where as_of = %s", None, as_of)
    published = "select count(*) from ops.builds where as_of = %s and status = 'published'"
    wait_for(lambda: rows(stack, published, None, as_of) == [(1,)])
    [(age,)] = rows(stack, "select age_hours::float from marts.source_freshness where source = 'typeform'")
    assert age > 20
    assert api.wait("night", night_run, timeout_seconds=60)["state"] == "success"
    logs = [path.read_text() for path in (stack.home / "airflow" / "logs").rglob("*watch_deadline*/**/*.log")]
    assert any("ALERT the night of" in text and "goes on without typeform" in text for text in logs)

    assert control.clear_faults("typeform") == 1
    wait_for(lambda: rows(stack, published, None, as_of) == [(2,)])
    assert_true(stack)
    wait_for(lambda: all(run["state"] in ("success", "failed") for run in api.runs_since(begun)))


def test_no_secret_is_in_logs_xcoms_or_rendered_templates(stack):
    secrets = set()
    for settings in stack.sandbox.connections.values():
        for name, value in settings.items():
            if name in ("token", "oauth_token", "access_token", "client_secret", "refresh_token"):
                secrets.add(value)
            elif name == "service_account":
                secrets.update(line for line in value["private_key"].splitlines() if len(line) > 60)
    assert len(secrets) > 4
    kept = json.loads((stack.home / "secrets.json").read_text())
    secrets.update(value for value in kept.values() if isinstance(value, str))

    searched = 0
    for folder in (stack.home / "airflow" / "logs", stack.home / "logs", stack.home / "dbt", stack.home / "data_docs"):
        for path in folder.rglob("*"):
            if path.is_file():
                searched += 1
                text = path.read_text(errors="replace")
                assert not [path for secret in secrets if secret in text]
    assert searched > 100
    with psycopg.connect(stack.postgres.dsn("airflow"), autocommit=True) as connection:
        for statement in (
            "select value::text from xcom",
            "select rendered_fields::text from rendered_task_instance_fields",
            "select conf::text from dag_run",
            "select data::text from serialized_dag",
        ):
            values = [row[0] or "" for row in connection.execute(statement)]
            assert values, statement
            assert not [value for value in values for secret in secrets if secret in value]
    with psycopg.connect(stack.postgres.dsn(WAREHOUSE), autocommit=True) as connection:
        for table in ("ingest_runs", "builds", "dbt_nodes", "validations", "cursors"):
            for (value,) in connection.execute(f"select to_jsonb(t)::text from ops.{table} as t"):
                assert not [secret for secret in secrets if secret in value]
