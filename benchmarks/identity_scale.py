"""What does identity cost? Everybody at two sizes, and a night that touches one person of a hundred.

    make bench NAME=identity_scale                                    (some forty minutes, 40 GB of disk)
    BENCH_SIZES=100000,1000000 make bench NAME=identity_scale         (three minutes)

Records, claims and settings lie in Postgres as dbt leaves them; timed is `resolve_identities` from start to commit, in
a process of its own. The night comes after everybody was resolved, as nights do. In the end everybody is resolved once
more from nothing, the largest crowd first, which must find what the night found: so each crowd is resolved twice, and a
machine that grows slower or faster meanwhile does so for all of them. Time per record is of both together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import click
import psycopg
from psycopg import sql
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.identity.places import make_places
from benchmarks.server import own_server, run_script
from stack.errors import StackError
from stack.paths import ROOT
from stack.postgres import PostgresServer

RECORDS_PER_PERSON = 2.73  # of the made crowd, about
PER_RECORD, OF_WHOLE, MEMORY_MB = 1.2, 0.05, 4_096  # allowed: time per record, a night's share, memory


class Crowd:
    """A made population in a database of its own."""

    def __init__(self, server: PostgresServer, records: int) -> None:
        self.name = f"crowd_{records}"
        self.dsn = server.dsn(self.name)
        server.create_databases(self.name)
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            make_places(connection, "candidate")
            self.persons = round(records / RECORDS_PER_PERSON)
            run_script(self.dsn, "benchmarks.identity", "crowd.sql", persons=self.persons)
            row = connection.execute("select count(*) from candidate_intermediate.int_person__identities").fetchone()
            assert row is not None
            self.records: int = row[0]

    def change(self) -> None:
        """Let a night's changes happen."""
        run_script(self.dsn, "benchmarks.identity", "night.sql", persons=self.persons)

    def resolve(self, build: int, target: str = "candidate") -> dict[str, Any]:
        """Seconds, memory and report of one resolution."""
        command = [sys.executable, "-m", "benchmarks.identity.worker", self.dsn, str(build), target]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise StackError(f"a resolution failed: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def again(self, build: int) -> dict[str, Any]:
        """Resolve everybody from nothing, beside what is there."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("create schema again_identity")
            for layer in ("intermediate", "settings"):
                connection.execute(sql.SQL("alter schema {} rename to {}").format(
                    sql.Identifier(f"candidate_{layer}"), sql.Identifier(f"again_{layer}")))  # fmt: skip
        return self.resolve(build, "again")

    def difference(self) -> int:
        """How many identities the night and everybody from nothing say otherwise of."""
        columns = "identity_key, customer_key, component, rule, linked_to, confidence, linked_at, is_thin"
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(
                f"""select count(*) from (
                        (select {columns} from candidate_identity.membership
                         except select {columns} from again_identity.membership)
                        union all
                        (select {columns} from again_identity.membership
                         except select {columns} from candidate_identity.membership)) as other"""
            ).fetchone()
        assert row is not None
        return int(row[0])


@click.command(context_settings={"auto_envvar_prefix": "BENCH"})
@click.option("--sizes", default="1000000,10000000", show_default=True, help="Numbers of records (BENCH_SIZES).")
def main(sizes: str) -> None:
    """Measure, print a table, and as the last line one JSON object."""
    console = Console(soft_wrap=True, highlight=False)
    measured: list[tuple[Crowd, dict[str, Any]]] = []
    try:
        with own_server() as (server, _):
            for size in (int(part) for part in sizes.split(",")):
                measured.append(_measure(console, server, size))
            for crowd, row in reversed(measured):
                row["again"] = _measure_again(console, crowd)
    except StackError as error:
        console.print(f"[red]error:[/] {error}")
        sys.exit(1)
    _print(console, [row for _, row in measured])


def _measure(console: Console, server: PostgresServer, size: int) -> tuple[Crowd, dict[str, Any]]:
    began = time.perf_counter()
    crowd = Crowd(server, size)
    console.print(f"{crowd.records:,} records made in {time.perf_counter() - began:.0f} s")
    whole = crowd.resolve(1)
    _show(console, "everybody", whole)
    crowd.change()
    night = crowd.resolve(2)
    _show(console, "the night", night)
    return crowd, {"records": crowd.records, "whole": whole, "night": night}


def _measure_again(console: Console, crowd: Crowd) -> dict[str, Any]:
    again = crowd.again(2)
    _show(console, f"once more {crowd.records:,}", again)
    if crowd.difference():
        raise StackError("a night and everybody from nothing disagree")
    return again


def _show(console: Console, what: str, run: dict[str, Any]) -> None:
    console.print(
        f"{what:<11} {run['seconds']:8.1f} s  {run['memory_mb']:7.0f} MB  looked at {run['looked_at']:,} records, "
        f"{run['changed']:,} changed"
    )


def _print(console: Console, rows: list[dict[str, Any]]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("records", "everybody, s", "µs a record", "memory, MB", "night of 1 %, s", "looked at", "share"):
        table.add_column(title, justify="right")
    figures = []
    for row in rows:
        both, night = (row["whole"]["seconds"], row["again"]["seconds"]), row["night"]["seconds"]
        whole = sum(both) / 2
        memory = max(row[run]["memory_mb"] for run in ("whole", "night", "again"))
        each = {
            "records": row["records"],
            "whole_seconds": [round(seconds, 1) for seconds in both],
            "microseconds_per_record": round(whole / row["records"] * 1e6, 2),
            "memory_mb": memory,
            "night_seconds": round(night, 2),
            "night_looked_at": row["night"]["looked_at"],
            "night_share": round(night / whole, 4),
        }
        figures.append(each)
        table.add_row(
            f"{each['records']:,}", f"{both[0]:.1f}, {both[1]:.1f}", f"{each['microseconds_per_record']:.1f}",
            f"{memory:.0f}",
            f"{night:.1f}", f"{each['night_looked_at']:,}", f"{each['night_share']:.1%}",
        )  # fmt: skip
    console.print(table)
    growth = figures[-1]["microseconds_per_record"] / figures[0]["microseconds_per_record"]
    print(
        json.dumps(
            {
                "benchmark": "identity_scale",
                "cores": os.cpu_count(),
                "sizes": figures,
                "time_per_record_ratio": round(growth, 3),
                "met": {
                    "time_per_record": growth <= PER_RECORD,
                    "memory": all(one["memory_mb"] <= MEMORY_MB for one in figures),
                    "night": figures[-1]["night_share"] <= OF_WHOLE,
                },
            }
        )
    )


if __name__ == "__main__":
    main()
