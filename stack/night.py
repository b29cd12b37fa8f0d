"""Runs one night through the real scheduler and follows it in the database, line by line, to its end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stack.airflow_api import FINISHED, AirflowApi
from stack.errors import StackError
from stack.local import Local

NIGHT_DAG = "night"
TIMEOUT_SECONDS = 3600.0
POLL_SECONDS = 1.0
# After the last DAG run of a night ended: time for the asset event to wake the next one.
QUIET_SECONDS = 25.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """How a night ended. `status` is published or failed; `reason` says why a failed one failed."""

    as_of: datetime
    status: str
    reason: str | None
    seconds: float
    build_number: int | None
    failed_tasks: tuple[str, ...] = ()


def run_night(local: Local, as_of: datetime, say: Say) -> Outcome:
    """Trigger the night of `as_of`, tell what happens as it happens, and return how it ended.

    Raises StackError when the night stops without an outcome: with the tasks that failed and their logs.
    """
    api = local.airflow.api()
    api.wait_for_dags([NIGHT_DAG])
    begins = time.monotonic()
    with psycopg.connect(local.warehouse_dsn(), autocommit=True, row_factory=dict_row) as connection:
        since = _database_time(connection)
        triggered_at = datetime.now(UTC)
        run_id = api.trigger(NIGHT_DAG, {"as_of": as_of.isoformat()})
        follower = _Follower(connection, as_of, since)
        quiet_since: float | None = None
        while True:
            for line in follower.news():
                say(line)
            outcome = follower.outcome()
            if outcome is not None:
                status, reason, build = outcome
                seconds = time.monotonic() - begins
                failed = () if status == "published" else _failed_tasks(local, api, api.runs_since(triggered_at))
                return Outcome(as_of, status, reason, seconds, build, failed)
            runs = api.runs_since(triggered_at)
            if runs and all(run["state"] in FINISHED for run in runs):
                quiet_since = quiet_since or time.monotonic()
                if time.monotonic() - quiet_since > QUIET_SECONDS or _has_failed(runs, run_id):
                    raise StackError(_why(local, api, runs))
            else:
                quiet_since = None
            if time.monotonic() - begins > TIMEOUT_SECONDS:
                raise StackError(f"the night is not over after {TIMEOUT_SECONDS / 60:.0f} minutes: {local.airflow.url}")
            time.sleep(POLL_SECONDS)


@dataclass
class _Follower:
    """Reads what the night's tasks wrote into the ops tables, each thing once."""

    connection: psycopg.Connection[dict[str, Any]]
    as_of: datetime
    since: datetime
    told: set[tuple[Any, ...]] = field(default_factory=set)

    def news(self) -> Iterator[str]:
        yield from self._ingested()
        yield from self._built()
        yield from self._validated()

    def outcome(self) -> tuple[str, str | None, int] | None:
        row = self.connection.execute(
            """select build_number, status, error from ops.builds
               where as_of = %s and started_at >= %s order by build_number desc limit 1""",
            [self.as_of, self.since],
        ).fetchone()
        if row is None or row["status"] == "running":
            return None
        return ("published" if row["status"] == "published" else "failed", row["error"], row["build_number"])

    def _ingested(self) -> Iterator[str]:
        rows = self.connection.execute(
            """select run_id, source, stream, status, records, inserted, deleted, quarantined, erased, error,
                      extract(epoch from finished_at - started_at)::float8 as seconds
               from ops.ingest_runs
               where as_of = %s and started_at >= %s and status <> 'running' order by finished_at""",
            [self.as_of, self.since],
        )
        for row in rows:
            if not self._is_new("ingest", row["run_id"]):
                continue
            name = f"{row['source']}.{row['stream']}"
            if row["status"] == "failed":
                yield f"[red]✗[/] {name:<28} {_plain(row['error'])}"
                continue
            notes = [f"{row[what]:,} {what}" for what in ("deleted", "quarantined", "erased") if row[what]]
            more = f" [yellow]({', '.join(notes)})[/]" if notes else ""
            yield (
                f"[green]✓[/] {name:<28} {row['records']:>9,} read {row['inserted']:>9,} new"
                f" {row['seconds']:>6.1f} s{more}"
            )

    def _built(self) -> Iterator[str]:
        rows = self.connection.execute(
            """select dbt_nodes.build_number, task, count(*) as nodes, max(dbt_nodes.finished_at) as last,
                      sum(seconds)::float8 as seconds,
                      count(*) filter (where dbt_nodes.status in ('error', 'fail', 'runtime error')) as failed,
                      min(name || ': ' || coalesce(message, '')) filter (
                          where dbt_nodes.status in ('error', 'fail', 'runtime error')) as first_failure
               from ops.dbt_nodes join ops.builds using (build_number)
               where builds.as_of = %s and builds.started_at >= %s
               group by dbt_nodes.build_number, task order by last""",
            [self.as_of, self.since],
        )
        for row in rows:
            if not self._is_new("dbt", row["build_number"], row["task"], row["nodes"], row["failed"]):
                continue
            line = f"dbt {row['task']:<24} {row['nodes']:>9,} nodes {row['seconds']:>18.1f} s"
            if row["failed"]:
                yield f"[red]✗[/] {line}, {row['failed']} failed: {_plain(row['first_failure'])}"
            else:
                yield f"[green]✓[/] {line}"

    def _validated(self) -> Iterator[str]:
        rows = self.connection.execute(
            """select validations.build_number, border, count(*) as checks,
                      count(*) filter (where not success and severity = 'critical') as critical,
                      count(*) filter (where not success and severity = 'warning') as warnings
               from ops.validations join ops.builds using (build_number)
               where builds.as_of = %s and builds.started_at >= %s
               group by validations.build_number, border order by max(checked_at)""",
            [self.as_of, self.since],
        )
        for row in rows:
            if not self._is_new("validations", *row.values()):
                continue
            mark = "[red]✗[/]" if row["critical"] else "[green]✓[/]"
            warned = f", [yellow]{row['warnings']} warned[/]" if row["warnings"] else ""
            stopped = f", [red]{row['critical']} critical[/]" if row["critical"] else ""
            yield f"{mark} expectations, {row['border']:<14} {row['checks']:>9,} checks{stopped}{warned}"

    def _is_new(self, *key: Any) -> bool:
        if key in self.told:
            return False
        self.told.add(key)
        return True


def _plain(text: str | None) -> str:
    """One line of text from outside, which the terminal must not take for markup."""
    line = " ".join((text or "no reason was given").split())
    return (line[:200] + "…" if len(line) > 200 else line).replace("[", r"\[")


def _database_time(connection: psycopg.Connection[dict[str, Any]]) -> datetime:
    row = connection.execute("select clock_timestamp() as now").fetchone()
    assert row is not None
    found: datetime = row["now"]
    return found


def _has_failed(runs: list[dict[str, Any]], run_id: str) -> bool:
    return any(run["dag_run_id"] == run_id and run["state"] == "failed" for run in runs)


def _failed_tasks(local: Local, api: AirflowApi, runs: list[dict[str, Any]]) -> tuple[str, ...]:
    """Each failed task with the place of its log."""
    return tuple(
        f"{run['dag_id']}.{task['task_id']} ({local.airflow.task_log(run['dag_id'], run['dag_run_id'], task)})"
        for run in runs
        for task in api.task_instances(run["dag_id"], run["dag_run_id"])
        if task["state"] == "failed"
    )


def _why(local: Local, api: AirflowApi, runs: list[dict[str, Any]]) -> str:
    if failed := _failed_tasks(local, api, runs):
        return f"the night stopped before its marts were built; failed: {'; '.join(failed)}"
    return f"the night ended without building its marts; see {local.airflow.url}"
