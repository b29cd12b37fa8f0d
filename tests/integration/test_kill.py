"""`kill -9` of an ingest worker at chosen instants inside a page: re-running loses nothing and doubles nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from sandbox.testing import Running, running
from sandbox.vendors.zendesk import limits
from tests.conftest import Warehouse

WORKER = """
import json, sys
from datetime import datetime
from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Window
from cx_warehouse.landing import ingest

job = json.load(sys.stdin)
ingest(registry.connect(job["source"], job["config"]), job["stream"], Window(datetime.fromisoformat(job["as_of"])),
       job["dsn"], lock_wait_seconds=10)
"""
STREAMS = [("zendesk", "tickets", {"page_size": "8"}), ("zendesk", "ticket_events", {"page_size": "50"})]


@pytest.fixture(scope="module")
def sandbox():
    """A helpdesk whose plan allows the exports of all these runs within one minute."""
    with pytest.MonkeyPatch.context() as plan, running(customers=60, days=30) as started:
        for budget in ("exports", "user_exports"):
            plan.setitem(limits.PER_MINUTE, budget, 1_000)
        yield started


def start(sandbox: Running, warehouse: Warehouse, source: str, stream: str, options: dict) -> subprocess.Popen:
    config = {**sandbox.connections[source], "exports_per_minute": "1000", **options}
    job = {
        "source": source,
        "stream": stream,
        "config": config,
        "as_of": sandbox.world.now().isoformat(),
        "dsn": warehouse.dsn("cx_loader"),
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    worker.stdin.write(json.dumps(job))
    worker.stdin.close()
    return worker


def finish(worker: subprocess.Popen) -> None:
    error = worker.stderr.read()
    assert worker.wait(60) == 0, error[-2000:]


def landed(warehouse: Warehouse, source: str, stream: str) -> list[tuple]:
    return warehouse.rows(
        f"select key, record::text, is_deleted, count(*) from raw_{source}.{stream} group by 1, 2, 3 order by 1, 2, 3"
    )


def wait_until_blocked(warehouse: Warehouse, worker: subprocess.Popen) -> None:
    deadline = time.monotonic() + 90
    while not warehouse.value(
        """select count(*) from pg_stat_activity where datname = current_database()
           and application_name like 'cx ingest%%' and wait_event_type = 'Lock'"""
    ):
        assert worker.poll() is None, worker.stderr.read()[-2000:]
        assert time.monotonic() < deadline, "the worker did not come to the chosen page"
        time.sleep(0.01)


# The worker stops inside the chosen page: at its first statement (the cursor is saved) or at its last (the
# rows are copied, the account is written), where it waits for a lock that the test holds.
STOP = """
    create table public.stop (page int, instant text);
    grant select on public.stop to public;
    create function public.stop_here() returns trigger language plpgsql as $$
    declare
        landed int := (select pages from ops.ingest_runs where status = 'running');
    begin
        if exists (select from public.stop where instant = tg_argv[0] and page = landed) then
            perform pg_advisory_xact_lock(42);
        end if;
        return new;
    end $$;
    create trigger stop_first before update of state on ops.cursors
        for each row execute function public.stop_here('first statement');
    create trigger stop_last before update of pages on ops.ingest_runs
        for each row execute function public.stop_here('last statement');
"""


@pytest.mark.parametrize("source, stream, options", STREAMS, ids=lambda value: str(value))
def test_nothing_is_lost_or_doubled_when_the_worker_is_killed_inside_pages(warehouse, sandbox, source, stream, options):
    finish(start(sandbox, warehouse, source, stream, options))
    undisturbed = landed(warehouse, source, stream)
    pages = warehouse.value("select pages from ops.ingest_runs")
    assert pages >= 4, "the stream must have several pages for the test to mean anything"
    assert {count for *_, count in undisturbed} == {1}
    warehouse.rows(f"truncate raw_{source}.{stream}, ops.cursors, ops.ingest_runs, ops.walk_keys")
    warehouse.rows(STOP)

    landed_before = []
    with psycopg.connect(warehouse.dsn(), autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(42)")
        for page, instant in [
            (0, "first statement"),
            (0, "last statement"),
            (2, "last statement"),
            (1, "first statement"),
            (0, "last statement"),
        ]:
            warehouse.rows("truncate public.stop")
            warehouse.rows("insert into public.stop values (%s, %s)", page, instant)
            worker = start(sandbox, warehouse, source, stream, options)
            try:
                wait_until_blocked(warehouse, worker)
            finally:
                os.kill(worker.pid, signal.SIGKILL)
                worker.wait(10)
                worker.stderr.close()
            landed_before.append(len(landed(warehouse, source, stream)))
    warehouse.rows("truncate public.stop")
    finish(start(sandbox, warehouse, source, stream, options))

    assert landed(warehouse, source, stream) == undisturbed
    # the kills struck an empty table, and then a table in the middle of the walk
    assert landed_before[1] == 0 and 0 < landed_before[2] < landed_before[-1] < len(undisturbed)
    assert warehouse.value("select count(*) from ops.ingest_runs where error = 'the run was killed'") == 5
