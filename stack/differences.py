"""What a night noticed about the vendors themselves: schemas that changed, and records that raw does not share."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
from rich.console import Console
from rich.markup import escape

from stack.streams import describe_change

RECENT = timedelta(days=7)  # a reconcile belongs to no night; it is told for a week
MOST_LINES = 12


def show_differences(console: Console, connection: psycopg.Connection[dict[str, Any]], as_of: datetime) -> None:
    """Print the schema changes of the night of `as_of`, and what reconciling found lately; nothing if there is none."""
    known = connection.execute("select to_regclass('ops.schema_changes') is not null as found").fetchone()
    if known is None or not known["found"]:  # a warehouse of before, that nothing has completed yet
        return
    changes = connection.execute(
        "select * from ops.schema_changes where as_of = %s order by kind desc, source, stream, path", [as_of]
    ).fetchall()
    for change in changes[:MOST_LINES]:
        color = "red" if change["kind"] == "type_change" else "yellow"
        told = escape(f"{change['source']}.{change['stream']}: {describe_change(change)}")
        console.print(f"  [{color}]schema changed[/] {told}")
    if len(changes) > MOST_LINES:
        console.print(f"  [yellow]{len(changes) - MOST_LINES} more changes of schemas: ops.schema_changes[/]")
    rows = connection.execute(
        """select distinct on (source, stream, part, kind) * from ops.reconciliations
           where as_of > %s and as_of <= %s order by source, stream, part, kind, started_at desc""",
        [as_of - RECENT, as_of + RECENT],
    ).fetchall()
    off = [row for row in rows if row["is_off"] or row["status"] == "failed"]
    for row in off[:MOST_LINES]:
        console.print(f"  [yellow]not as at the vendor[/] {escape(_difference(row))}")
    if len(off) > MOST_LINES:
        console.print(f"  [yellow]{len(off) - MOST_LINES} more differences: ops.reconciliations[/]")


def _difference(row: dict[str, Any]) -> str:
    part = "" if row["part"] == "*" else f" ({row['part']})"
    name = f"{row['source']}.{row['stream']}{part}, {row['as_of']:%Y-%m-%d}"
    if row["kind"] == "total":
        return f"{name}: the vendor counts {row['vendor_total']:,}, {row['landed']:,} are in raw"
    if row["status"] == "failed":
        return f"{name}: not reconciled: {row['error']}"
    found = f"{row['missing']:,} missing, {row['stale']:,} stale, {row['gone']:,} gone; mended"
    left = f"; {row['unmended']:,} left as they are: {row['error']}" if row["unmended"] else ""
    return f"{name}: {found}{left}"
