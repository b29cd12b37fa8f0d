"""Reading again by hand: a stream from a date on (or only counting what that would bring), and comparing raw with the
vendors. Triggered in Airflow, followed in the ops tables."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stack import local
from stack.errors import StackError
from stack.local import Local
from stack.sandbox import Sandbox, Wishes
from stack.streams import StreamName

TIMEOUT_SECONDS = 24 * 3600.0
SAY_EVERY_SECONDS = 5.0
Say = Callable[[str], None]


def parse_date(text: str | None) -> datetime:
    """The date or time from which to read again, UTC without an offset. Raises StackError for anything else."""
    if not text:
        raise StackError("no date was given: FROM=2026-03-01")
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise StackError(f"{text!r} is not a date; write it like 2026-03-01") from None
    return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Rerun:
    """A stack that runs, and the clock to read up to."""

    stack: Local
    as_of: datetime

    @classmethod
    def of(cls, home: Path, notice: Say) -> "Rerun":
        """The stack of the home, started where it does not run. Raises StackError where there was no night yet."""
        if Sandbox.was_made(home):
            stack = local.start_with_sandbox(home, Wishes(), notice)
            assert stack.sandbox is not None
            return cls(stack, datetime.fromisoformat(stack.sandbox.control.clock()))
        if local.is_for_vendors(home):
            return cls(local.start_for_vendors(home, notice), datetime.now(UTC).replace(microsecond=0))
        raise StackError("there is no warehouse yet: `make demo` or `make up` makes one")

    def replay(self, console: Console, name: StreamName, start: datetime, *, dry_run: bool) -> None:
        """Read the stream again from `start` on, and print what landed, or would have."""
        if start >= self.as_of:
            raise StackError(
                f"{start:%Y-%m-%d %H:%M} is not in the past: the clock stands at {self.as_of:%Y-%m-%d %H:%M}"
            )
        runs = sql.Identifier("ops", "dry_runs" if dry_run else "ingest_runs")
        query = sql.SQL("""
            select coalesce(sum(records), 0)::bigint as records, coalesce(sum(fresh), 0)::bigint as new,
                coalesce(sum(inserted - fresh - deleted), 0)::bigint as changed,
                coalesce(sum(unchanged), 0)::bigint as unchanged, coalesce(sum(deleted), 0)::bigint as deleted,
                coalesce(sum(quarantined), 0)::bigint as quarantined,
                coalesce(sum(erased), 0)::bigint as erased, coalesce(sum(requests), 0)::bigint as requests,
                (array_agg(error order by started_at desc))[1] as error
            from {} where source = %(source)s and stream = %(stream)s and started_at >= %(since)s""").format(runs)
        conf = {
            "streams": [name.stream],
            "start": start.isoformat(),
            "dry_run": dry_run,
            "as_of": self.as_of.isoformat(),
        }
        parameters = {"source": name.source, "stream": name.stream}
        rows = self._follow(f"ingest_{name.source}", conf, query, parameters, lambda rows: _progress(rows, name))
        verb = "would land" if dry_run else "landed"
        table = _table(
            f"{name} from {start:%Y-%m-%d} on: what {verb}", "read", "new", "changed", "unchanged", "deleted"
        )
        table.add_column("quarantined", justify="right")
        found = rows[0]
        counts = ("records", "new", "changed", "unchanged", "deleted", "quarantined")
        table.add_row(*(f"{found[count]:,}" for count in counts))
        console.print(table)
        if found["erased"]:
            console.print(f"{found['erased']:,} of them are about people who were erased, and were dropped")

    def reconcile(self, console: Console, source: str | None) -> None:
        """Compare raw with the vendors (or one), and print what was off."""
        query = sql.SQL("""
            select source || '.' || stream as name, status, records, missing, stale, gone, unmended, requests, error
            from ops.reconciliations
            where kind = 'reread' and coalesce(finished_at, 'infinity') >= %(since)s
                and source = coalesce(%(source)s, source)
            order by source, stream""")
        conf = {"source": source, "as_of": self.as_of.isoformat()}
        rows = self._follow("reconcile", conf, query, {"source": source}, _compared)
        table = _table(
            "Raw compared with the vendors", "stream", "read", "missing", "stale", "gone", "left", "requests", ""
        )
        for row in rows:
            numbers = (row[name] for name in ("records", "missing", "stale", "gone", "unmended", "requests"))
            table.add_row(row["name"], *("–" if n is None else f"{n:,}" for n in numbers), escape(row["error"] or ""))
        console.print(table)
        if any(row["missing"] or row["stale"] or row["gone"] for row in rows):
            console.print("what was missing, stale or gone is mended in raw; the next night brings it to the marts")

    def _follow(
        self,
        dag_id: str,
        conf: Mapping[str, Any],
        query: sql.SQL | sql.Composed,
        parameters: Mapping[str, Any],
        tell: Callable[[list[dict[str, Any]]], str],
    ) -> list[dict[str, Any]]:
        """Run the DAG to its end, telling how far it is; return what the query finds then. Raises StackError with the
        reason when it fails."""
        api = self.stack.airflow.api()
        api.wait_for_dags([dag_id])
        said, said_at = "", 0.0
        with psycopg.connect(self.stack.warehouse_dsn(), autocommit=True, row_factory=dict_row) as connection:
            now = connection.execute("select clock_timestamp() as now").fetchone()
            assert now is not None
            values = {**parameters, "since": now["now"]}
            run_id = api.trigger(dag_id, conf)

            def progress(run: Mapping[str, Any], tasks: list[dict[str, Any]]) -> None:
                nonlocal said, said_at
                line = tell(connection.execute(query, values).fetchall())
                if line and line != said and time.monotonic() - said_at > SAY_EVERY_SECONDS:
                    said, said_at = line, time.monotonic()
                    self.say(line)

            run = api.wait(dag_id, run_id, timeout_seconds=TIMEOUT_SECONDS, on_progress=progress)
            rows = connection.execute(query, values).fetchall()
        if run["state"] == "success":
            return rows
        reasons = [row["error"] for row in rows if row["error"]]
        logs = [
            f"{task['task_id']} ({self.stack.airflow.task_log(dag_id, run_id, task)})"
            for task in api.task_instances(dag_id, run_id)
            if task["state"] == "failed"
        ]
        raise StackError(f"{'; '.join(reasons) or 'it failed before the stream was read'}; logs: {', '.join(logs)}")

    def say(self, line: str) -> None:
        """One line of progress."""
        print(line, flush=True)


def _progress(rows: list[dict[str, Any]], name: StreamName) -> str:
    row = rows[0]
    return f"{name}: {row['records']:,} read, {row['new']:,} new, {row['changed']:,} changed" if row["records"] else ""


def _compared(rows: list[dict[str, Any]]) -> str:
    done = sum(row["status"] != "running" for row in rows)
    return f"{done} of {len(rows)} streams compared, {sum(row['records'] for row in rows):,} read" if rows else ""


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="left" if column in ("stream", "") else "right", overflow="fold")
    return table
