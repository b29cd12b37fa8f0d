"""The last night in one screen: what landed, what was checked, the scores, and how old each source is."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from rich.console import Console
from rich.markup import escape

from sandbox.control import Control
from stack.airflow import Airflow
from stack.differences import show_differences
from stack.errors import StackError
from stack.local import WAREHOUSE
from stack.postgres import PostgresServer
from stack.superset import Superset
from stack.tables import new_table
from stack.who import show_customers

Row = dict[str, Any]
Connection = psycopg.Connection[Row]

# label, unit and digits of each published measure, in the order in which they are shown
MEASURES: Mapping[str, tuple[str, str, int]] = {
    "nps_responses": ("NPS, every answer", "points", 0),
    "nps_customers_90d": ("NPS, customers of 90 days", "points", 0),
    "csat": ("CSAT", "%", 1),
    "csat_helpdesk_first": ("CSAT helpdesk, first rating", "%", 1),
    "csat_helpdesk_latest": ("CSAT helpdesk, latest rating", "%", 1),
    "csat_helpdesk_survey": ("CSAT helpdesk survey", "%", 1),
    "ces_mean": ("CES, mean", "", 2),
    "ces_easy_share": ("CES, easy", "%", 1),
}


def show_night(console: Console, dsn: str, control: Control | None = None) -> None:
    """Print the last night; `control` is the sandbox's, which knows how right the customers are. Raises StackError when
    there was none."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        connection.read_only = True
        night = _night(connection)
        _show_landed(console, connection, night)
        _show_checks(console, connection, night)
        if _is_there(connection, "marts.source_freshness"):
            _show_scores(console, connection)
            show_customers(console, connection, control)
            _show_freshness(console, connection)
        else:
            console.print("\nnothing is published yet, so there are no scores to read")


def show_places(console: Console, home: Path, postgres: PostgresServer, airflow: Airflow) -> None:
    """Print where to look further."""
    table = new_table("Where to look", "", "")
    table.show_header = False
    table.add_row("Airflow", f"{airflow.url}   login {airflow.user}, password {airflow.password}")
    superset = Superset.find(home)
    table.add_row("dashboards", f"{superset.url}/dashboard/list/" if superset else "make dashboards")
    table.add_row("marts", "make psql   or   make psql SQL='select * from mart_voice__scores'")
    if not postgres.given_url:
        host, port = shlex.quote(postgres.host), postgres.port
        table.add_row("", f"psql -h {host} -p {port} -U cx_reader {WAREHOUSE}")
    if pages := sorted(home.glob("data_docs/**/index.html"), key=lambda page: (len(page.parts), page)):
        table.add_row("data docs", str(pages[0]))
    page = home / "dbt" / "docs" / "static_index.html"
    table.add_row("dbt docs", f"{page}{'' if page.exists() else '   (is built once a night is published)'}")
    table.add_row("logs", str(home / "logs"))
    console.print(table)


def _night(connection: Connection) -> Row:
    if not _is_there(connection, "ops.night_status"):
        raise StackError("there is no night yet: `make demo` runs the first")
    night = connection.execute("select * from ops.night_status order by opened_at desc limit 1").fetchone()
    if night is None:
        raise StackError("there is no night yet: `make demo` runs the first")
    return night


def _show_landed(console: Console, connection: Connection, night: Row) -> None:
    status, when = night["status"], f"{night['as_of']:%Y-%m-%d %H:%M} UTC"
    color = {"published": "green", "failed": "red"}.get(status, "yellow")
    console.print(f"\n[bold]The night of {when}[/]: [{color}]{status.replace('_', ' ')}[/]")
    if night["error"] and status != "published":
        console.print(f"  {escape(night['error'])}")
        _say_what_readers_see(console, connection)
    table = new_table("Landed", "stream", "read", "new", "unchanged", "deleted", "quarantined", "seconds", "")
    runs = connection.execute(
        """select distinct on (source, stream) *,
               coalesce(extract(epoch from finished_at - started_at), 0)::float8 as seconds
           from ops.ingest_runs where as_of = %s order by source, stream, started_at desc""",
        [night["as_of"]],
    ).fetchall()
    counts = ("records", "inserted", "unchanged", "deleted", "quarantined")
    for run in runs:
        note = "" if run["status"] == "succeeded" else f"[red]{run['status']}[/]: {escape(run['error'] or '')}"
        name = f"{run['source']}.{run['stream']}"
        table.add_row(name, *(f"{run[count]:,}" for count in counts), f"{run['seconds']:.1f}", note)
    table.add_section()
    table.add_row("all", *(f"{sum(run[count] for run in runs):,}" for count in counts))
    console.print(table)
    silent = sorted(set(night["sources"]) - {run["source"] for run in runs})
    if silent:
        console.print(f"  [yellow]nothing ran for {', '.join(silent)}[/]")
    _show_quarantine(console, connection)
    show_differences(console, connection, night["as_of"])


def _say_what_readers_see(console: Console, connection: Connection) -> None:
    last = connection.execute(
        "select as_of, build_number from ops.builds where status = 'published' order by published_at desc limit 1"
    ).fetchone()
    if last:
        console.print(f"  readers see the night of {last['as_of']:%Y-%m-%d %H:%M} UTC, build {last['build_number']}")
    else:
        console.print("  readers see nothing: no night was published before")


def _show_quarantine(console: Console, connection: Connection) -> None:
    """What lies in quarantine from all nights, by stream and reason."""
    tables = connection.execute(
        """select schemaname from pg_tables
           where tablename = 'quarantine' and starts_with(schemaname, 'raw_') order by 1"""
    ).fetchall()
    table = new_table("In quarantine, all nights", "stream", "reason", "records", "last night")
    for found in tables:
        schema = found["schemaname"]
        query = sql.SQL(
            "select stream, left(reason, 90) as reason, count(*) as records, max(as_of) as last_night"
            " from {}.quarantine group by 1, 2 order by 3 desc, 1, 2 limit 10"
        ).format(sql.Identifier(schema))
        for row in connection.execute(query):
            name = f"{schema.removeprefix('raw_')}.{row['stream']}"
            table.add_row(name, escape(row["reason"]), f"{row['records']:,}", f"{row['last_night']:%Y-%m-%d}")
    if table.row_count:
        console.print(table)


def _show_checks(console: Console, connection: Connection, night: Row) -> None:
    table = new_table("Expectations", "border", "checks", "passed", "warned", "critical")
    rows = connection.execute(
        """select border, count(*) as checks, count(*) filter (where success) as passed,
               count(*) filter (where not success and severity = 'warning') as warned,
               count(*) filter (where not success and severity = 'critical') as critical
           from ops.validations where build_number = %s group by border order by border desc""",
        [night["build_number"]],
    ).fetchall()
    for row in rows:
        warned = f"[yellow]{row['warned']}[/]" if row["warned"] else "0"
        critical = f"[red]{row['critical']}[/]" if row["critical"] else "0"
        table.add_row(row["border"], str(row["checks"]), str(row["passed"]), warned, critical)
    if not rows:
        table.add_row("none ran", "", "", "", "")
    console.print(table)
    for row in connection.execute(
        """select severity, table_name, column_name, expectation, message from ops.validations
           where build_number = %s and not success order by severity, table_name, column_name limit 20""",
        [night["build_number"]],
    ):
        color = "red" if row["severity"] == "critical" else "yellow"
        told = row["message"] or row["expectation"]
        console.print(f"  [{color}]{row['severity']}[/] {escape(told)}")


def _show_scores(console: Console, connection: Connection) -> None:
    table = new_table("Scores, all time", "measure", "scale", "survey", "value", "95 % interval", "n", "target", "")
    rows = connection.execute(
        "select * from marts.mart_voice__scores where period = 'all' and survey = 'all'"
    ).fetchall()
    order = list(MEASURES)
    rows.sort(key=lambda row: (_place(order, row["metric"]), row["purpose"], row["scale"]))
    for row in rows:
        label, unit, digits = MEASURES.get(row["metric"], (row["metric"], row["unit"], 2))
        factor = 100 if unit == "%" else 1
        cells = [_number(row[name], factor, digits) for name in ("value", "ci_low", "ci_high", "target")]
        value, low, high, target = cells
        table.add_row(
            label,
            row["scale"],
            row["purpose"],
            f"{value}{' %' if unit == '%' and row['value'] is not None else ''}",
            f"{low} … {high}" if row["ci_low"] is not None else "–",
            f"{row['n']:,}",
            target,
            _note(row),
        )
    console.print(table)
    _show_first_response(console, connection)


def _note(row: Row) -> str:
    notes = []
    if row["is_small_sample"]:
        notes.append("small sample")
    if row["n_rejected"]:
        notes.append(f"{row['n_rejected']} rejected")
    return f"[yellow]{', '.join(notes)}[/]" if notes else ""


def _show_first_response(console: Console, connection: Connection) -> None:
    table = new_table(
        "First response, calendar minutes, of the last whole month",
        "channel",
        "median",
        "95 % interval",
        "p90",
        "n",
        "answered",
        "target",
    )
    for row in connection.execute(
        """select * from marts.mart_support__first_response
           where period = 'month' and period_start = (
               select coalesce(
                   (array_agg(distinct period_start order by period_start desc))[2], max(period_start))
               from marts.mart_support__first_response where period = 'month')
           order by channel <> 'all', n desc"""
    ):
        interval = f"{_number(row['median_ci_low'], 1, 0)} … {_number(row['median_ci_high'], 1, 0)}"
        table.add_row(
            row["channel"],
            _number(row["median_minutes"], 1, 0),
            interval if row["median_ci_low"] is not None else "–",
            _number(row["p90_minutes"], 1, 0),
            f"{row['n']:,}",
            f"{row['n_answered']:,}",
            _number(row["median_target_minutes"], 1, 0),
        )
    console.print(table)


def _show_freshness(console: Console, connection: Connection) -> None:
    table = new_table("Sources", "source", "whole up to", "age in hours", "last run", "")
    for row in connection.execute("select * from marts.source_freshness order by source"):
        through = f"{row['complete_through']:%Y-%m-%d %H:%M} UTC" if row["complete_through"] else "never whole yet"
        age = "–" if row["age_hours"] is None else f"{row['age_hours']:.1f}"
        run = row["last_status"] if row["last_status"] == "succeeded" else f"[red]{row['last_status']}[/]"
        notes = ["[yellow]stale[/]"] if row["is_stale"] else []
        notes += [escape(row["last_error"])] if row["last_error"] else []
        table.add_row(row["label"], through, age, run, " ".join(notes))
    console.print(table)


def _is_there(connection: Connection, name: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null as found", [name]).fetchone()
    return row is not None and bool(row["found"])


def _place(order: list[str], metric: str) -> int:
    return order.index(metric) if metric in order else len(order)


def _number(value: Any, factor: int, digits: int) -> str:
    return "–" if value is None else f"{float(value) * factor:,.{digits}f}"
