"""Nights in containers: published, their charts asked, and nothing lost when the stack or a worker goes away."""

import json
import time

from engine import Stack, expect, run, wait_for

# Run in the sandbox's container: the company moves a day on and its night is begun, nobody waits for it.
BEGIN = """
import json
from datetime import UTC, datetime
from deploy.given import DATA, secret
from deploy.night import ServedAirflow
from deploy.services import API_PORT
from stack.sandbox import Sandbox
as_of = datetime.fromisoformat(Sandbox.find(DATA).control.advance(1))
api = ServedAirflow(DATA, API_PORT, secret("admin_password"), datetime.now(UTC), {}).api()
api.trigger("night", {"as_of": as_of.isoformat()})
print(json.dumps(as_of.isoformat()))
"""
CLOCK = """
import json
from deploy.given import DATA
from stack.sandbox import Sandbox
print(json.dumps(Sandbox.find(DATA).control.clock()))
"""
WORKERS = 3


def runs_a_night(stack: Stack) -> str:
    """A demo night is published."""
    told = stack("exec", "-T", "sandbox", "python", "-m", "deploy.night")
    expect("published after" in told, told[-2000:])
    return told.strip().splitlines()[-1]


def charts_answer(stack: Stack) -> str:
    """After the publish, Airflow finds that every chart of every dashboard answers."""
    value = "select value #>> '{}' from xcom where task_id = 'check_charts' order by timestamp desc limit 1"
    state = """select state from task_instance where task_id = 'check_charts' and dag_id = 'transform'
               order by queued_dttm desc nulls last limit 1"""
    ended = wait_for("check_charts ends", lambda: _ended(stack.ask(state, "airflow")), 300)
    expect(ended == "success", f"check_charts: {ended}")
    told = stack.ask(value, "airflow")
    expect(", 0 without an answer" in told, told)
    return told


def survives_a_restart(stack: Stack) -> str:
    """A night in which the whole stack is restarted is published, and raw is as at the vendors."""
    as_of = stack.python("sandbox", BEGIN)
    _while_ingesting(stack, as_of)
    stack("restart")
    wait_for("everything is healthy", lambda: _all_healthy(stack), 300)
    seconds = _until_published(stack, as_of)
    return f"published {seconds:.0f} s after; {_reconciled(stack)}"


def survives_a_killed_worker(stack: Stack) -> str:
    """With three workers, one killed while it ingests: the night is published, and raw is as at the vendors."""
    stack.set(COMPOSE_PROFILES="demo,scale")
    stack("up", "--detach", "--wait", "--scale", f"worker={WORKERS}")
    workers = stack("ps", "--quiet", "worker").split()
    expect(len(workers) == WORKERS, f"{len(workers)} workers")
    as_of = stack.python("sandbox", BEGIN)
    victim, task = wait_for("a worker ingests", lambda: _ingesting_worker(stack, workers), 120)
    run(["docker", "kill", "--signal", "KILL", victim])
    seconds = _until_published(stack, as_of)
    used = stack.ask(
        "select count(distinct hostname) from task_instance where start_date > now() - interval '1 hour'", "airflow"
    )
    tries = stack.ask(f"select max(try_number) from task_instance where {task}", "airflow")
    expect(int(tries) > 1, f"the killed task was not tried again: {task}")
    found = _reconciled(stack)
    stack.set(COMPOSE_PROFILES="demo")
    stack("--profile", "scale", "rm", "--stop", "--force", "worker", "redis")
    stack("up", "--detach", "--wait")
    return f"published {seconds:.0f} s after, {used} hosts ran tasks; {found}"


def _while_ingesting(stack: Stack, as_of: str) -> None:
    """Return in the middle of the night's ingest: something has landed, and something is under way."""
    counts = f"""select count(*) filter (where status = 'running') > 0 and sum(records) > 0
                 from ops.ingest_runs where as_of = '{as_of}'"""
    wait_for("the night ingests", lambda: stack.ask(counts) == "t", 120)


def _ingesting_worker(stack: Stack, workers: list[str]) -> tuple[str, str] | None:
    """A worker's container that runs a task of an ingest now, and that task as a condition."""
    row = stack.ask(
        """select hostname, dag_id, run_id, task_id, map_index from task_instance
           where state = 'running' and dag_id like 'ingest%' and start_date < now() - interval '1 second'
           order by start_date limit 1""",
        "airflow",
    )
    if not row:
        return None
    host, *task = row.split("|")
    found = [each for each in workers if each.startswith(host)]
    expect(found, f"the task runs on {host}, which is none of the workers")
    return found[0], "(dag_id, run_id, task_id, map_index) = ('{}', '{}', '{}', {})".format(*task)


def _until_published(stack: Stack, as_of: str) -> float:
    begins = time.monotonic()
    state = f"select status from ops.builds where as_of = '{as_of}' order by build_number desc limit 1"
    ended = wait_for(f"the night of {as_of} ends", lambda: _outcome(stack.ask(state)))
    expect(ended == "published", f"the night of {as_of}: {ended}")
    return time.monotonic() - begins


def _reconciled(stack: Stack) -> str:
    """Read everything again from the vendors: raw has all of it, as it is there."""
    api = stack.airflow("operator")
    conf = {"source": None, "as_of": stack.python("sandbox", CLOCK)}
    status, begun = api("POST", "/dags/reconcile/dagRuns", {"logical_date": None, "conf": conf})
    expect(status == 200, begun)
    path = f"/dags/reconcile/dagRuns/{begun['dag_run_id']}"
    ended = wait_for("reconcile ends", lambda: _ended(api("GET", path)[1]["state"]))
    expect(ended == "success", f"reconcile: {ended}")
    row = stack.ask(
        f"""select count(*), sum(records), sum(missing), sum(stale), sum(gone), sum((status = 'failed')::int)
            from ops.reconciliations where kind = 'reread' and started_at >= '{begun["queued_at"]}'"""
    )
    streams, records, *wrong = row.split("|")
    expect(int(streams) > 5 and not any(int(number or 0) for number in wrong), row)
    return f"{records} records of {streams} streams compared, none missing, stale or gone"


def _all_healthy(stack: Stack) -> bool:
    return all(json.loads(line)["Health"] == "healthy" for line in stack("ps", "--format", "json").splitlines())


def _ended(state: str) -> str | None:
    return state if state in ("success", "failed", "skipped", "upstream_failed") else None


def _outcome(status: str) -> str | None:
    return status if status and status != "running" else None
