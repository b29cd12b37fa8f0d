"""What does Airflow add to dbt? The same full build through the DAG `transform` and as commands one after the other.

    make bench NAME=transform                                     (some eight minutes)
    BENCH_CUSTOMERS=100 BENCH_DAYS=40 make bench NAME=transform

Both build every model, seed and data test of the same landed night, and resolve its identities, into the same candidate
schemas of the same Postgres, in turn. Through Airflow it is the time from the end of the task `begin` to the end of the
last build task, with the raw expectations checked beside the models, as in every night; without it, one `dbt build` of
what identity needs, the resolution, and one `dbt build` of the rest."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import click
import psycopg
from rich import box
from rich.console import Console
from rich.table import Table

from cx_warehouse import publishing
from cx_warehouse.connectors import registry
from cx_warehouse.identity.run import resolve_identities
from cx_warehouse.transform import builds
from cx_warehouse.transform.dbt import PROJECT, dbt_environment
from cx_warehouse.transform.layers import LAYERS, Layer
from stack import local
from stack.errors import StackError
from stack.night import run_night
from stack.paths import ROOT, default_home, private_directory
from stack.sandbox import Wishes

TARGET_RATIO, TARGET_SECONDS_A_TASK = 1.35, 2.0
BUILD_TASKS = (*LAYERS, "resolve_identities")


def through_airflow(stack: local.Local) -> dict[str, Any]:
    """Seconds of the build tasks in a chain, and of each of them."""
    api = stack.airflow.api()
    run = api.trigger("transform", {"force": True, "full_refresh": True})
    if api.wait("transform", run, timeout_seconds=1_800)["state"] != "success":
        raise StackError(f"the run {run} of transform failed: {stack.airflow.url}")
    tasks = {task["task_id"]: task for task in api.task_instances("transform", run)}
    ends = {name: datetime.fromisoformat(tasks[name]["end_date"]) for name in ("begin", *BUILD_TASKS)}
    return {
        "seconds": (ends[list(LAYERS)[-1]] - ends["begin"]).total_seconds(),
        "tasks": {name: tasks[name]["duration"] for name in BUILD_TASKS},
    }


def plain(stack: local.Local, as_of: datetime) -> float:
    """Seconds of the same models, seeds, tests and identities without Airflow. The candidate set is given up then."""
    with psycopg.connect(stack.warehouse_dsn("cx_publisher"), autocommit=True) as connection:
        number = builds.claim_build(connection, as_of)
        publishing.prepare_candidate(connection, full=True, build_number=number)
        builds.set_kind(connection, number, full=True)
        builds.freeze(connection, number, registry.streams())
    first, *others = LAYERS.values()
    rest = Layer(tuple(part for layer in others for part in layer.select), others[0].exclude)
    began = time.perf_counter()
    try:
        _dbt_build(stack, first, number, as_of)
        resolve_identities(stack.warehouse_dsn("cx_builder"), number)
        _dbt_build(stack, rest, number, as_of)
        return time.perf_counter() - began
    finally:
        with psycopg.connect(stack.warehouse_dsn("cx_publisher"), autocommit=True) as connection:
            builds.fail_running(connection)


def _dbt_build(stack: local.Local, layer: Layer, number: int, as_of: datetime) -> None:
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--full-refresh"]
    command += ["--select", *layer.select, *(["--exclude", *layer.exclude] if layer.exclude else [])]
    command += ["--exclude-resource-type", "unit_test", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    command += ["--target-path", str(stack.home / "dbt" / "plain"), "--log-path", str(stack.home / "dbt" / "logs")]
    command += ["--vars", json.dumps({"build_number": number, "as_of": as_of.isoformat()})]
    environment = os.environ | dbt_environment(stack.warehouse_dsn("cx_builder"))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise StackError(f"dbt build failed: {done.stdout[-1500:]}")


@click.command(context_settings={"auto_envvar_prefix": "BENCH"})
@click.option("--customers", type=click.IntRange(1), default=400, show_default=True, help="People (BENCH_CUSTOMERS).")
@click.option("--days", type=click.IntRange(1), default=120, show_default=True, help="Days of history (BENCH_DAYS).")
@click.option("--repeats", type=click.IntRange(1, 99), default=3, show_default=True, help="Runs of each.")
def main(customers: int, days: int, repeats: int) -> None:
    """Measure, print a table, and as the last line one JSON object."""
    console = Console(soft_wrap=True, highlight=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack is stopped and its data go then too
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=private_directory(default_home())))
    try:
        stack = local.start_with_sandbox(home, Wishes(customers=customers, days=days), console.print)
        assert stack.sandbox is not None
        as_of = datetime.fromisoformat(stack.sandbox.control.clock())
        outcome = run_night(stack, as_of, lambda _: None)
        if outcome.status != "published":
            raise StackError(f"the first night is not published: {outcome.reason}")
        console.print(f"the night is landed and built once: {outcome.seconds:.0f} s")
        airflow, alone = [], []
        for _ in range(repeats):
            airflow.append(through_airflow(stack))
            console.print(f"through Airflow  {airflow[-1]['seconds']:7.2f} s  {airflow[-1]['tasks']}")
            alone.append(plain(stack, as_of))
            console.print(f"without Airflow  {alone[-1]:7.2f} s")
    except StackError as error:
        console.print(f"[red]error:[/] {error}")
        sys.exit(1)
    finally:
        local.clean(home)
        shutil.rmtree(home, ignore_errors=True)
    _print(console, [run["seconds"] for run in airflow], alone, {"customers": customers, "days": days})


def _print(console: Console, airflow: list[float], alone: list[float], company: dict[str, int]) -> None:
    through, base = median(airflow), median(alone)
    allowed = TARGET_RATIO * base + TARGET_SECONDS_A_TASK * len(BUILD_TASKS)
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("", "seconds (median)", "runs"):
        table.add_column(title, justify="right" if title else "left")
    table.add_row("without Airflow", f"{base:.2f}", ", ".join(f"{run:.1f}" for run in alone))
    table.add_row("through Airflow", f"{through:.2f}", ", ".join(f"{run:.1f}" for run in airflow))
    table.add_row("allowed", f"{allowed:.2f}", f"{TARGET_RATIO} × plain + {TARGET_SECONDS_A_TASK:g} s a build task")
    console.print(table)
    figures = {
        "benchmark": "transform",
        **company,
        "plain_seconds": [round(run, 2) for run in alone],
        "airflow_seconds": [round(run, 2) for run in airflow],
        "build_tasks": len(BUILD_TASKS),
        "ratio": round(through / base, 3),
        "allowed_seconds": round(allowed, 2),
        "met": through <= allowed,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
