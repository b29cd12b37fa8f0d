"""`make erase`: show what an erasure would remove, put it on the list, run it in Airflow and show its certificate."""

import getpass
import json
import os
from collections import Counter
from pathlib import Path

import psycopg
from rich.console import Console

from cx_warehouse import privacy
from stack.errors import StackError
from stack.local import WAREHOUSE
from stack.postgres import PostgresServer
from stack.rerun import TIMEOUT_SECONDS, Rerun
from stack.tables import new_table


def erase(home: Path, text: str | None, console: Console, *, dry_run: bool) -> None:
    """Erase the person of an id; with `dry_run` only show what would go. Raises StackError in one line otherwise.

    The id goes to the warehouse and nowhere else: not into Airflow's parameters, nor an argument of a process."""
    dsn = PostgresServer.ensure(home).dsn(WAREHOUSE, "cx_eraser")
    if not text:
        if dry_run or not _is_any_due(dsn):
            raise StackError("whom to erase? ID=anna@example.org, ID=+48600100200 or ID=hubspot:123")
        console.print("no ID was given; erasures that are due are done")
    else:
        subject, counts = privacy.preview(dsn, text)
        show(console, counts)
        kept = (
            f"; kept, since others have them too: {len(subject.shared)} of the addresses and numbers"
            if subject.shared
            else ""
        )
        console.print(f"one customer of {len(subject.identities)} records: {_by_source(subject)}{kept}")
        if dry_run:
            console.print("nothing was changed")
            return
        number = privacy.request(dsn, text, os.environ.get("CX_REQUESTED_BY") or getpass.getuser())
        console.print(f"erasure {number} is on the list")
    api = Rerun.of(home, console.print).stack.airflow.api()
    api.wait_for_dags(["erase"])
    with psycopg.connect(dsn, autocommit=True) as connection:
        before = connection.execute("select coalesce(max(erasure_id), 0) from ops.erasures where status = 'done'")
        since = before.fetchone()
        run = api.wait("erase", api.trigger("erase", {}), timeout_seconds=TIMEOUT_SECONDS)
        rows = connection.execute(
            "select certificate from ops.erasures where status = 'done' and erasure_id > %s order by erasure_id", since
        ).fetchall()
        left = connection.execute(
            "select erasure_id, step, error from ops.erasures where status in ('requested', 'running')"
        ).fetchall()
    for (certificate,) in rows:
        console.print_json(json.dumps(certificate))
    if run["state"] != "success" or left:
        stuck = "; ".join(
            f"erasure {number}: {error or 'stopped'} at {step or 'its begin'}" for number, step, error in left
        )
        raise StackError(f"not everything is erased ({stuck or 'see the DAG erase'}); `make erase` goes on with it")


def show(console: Console, counts: Counter[str]) -> None:
    """What would be removed, by table."""
    table = new_table("What goes", "table", "deleted", "blanked")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in sorted({key.rpartition(" ")[0] for key in counts}):
        deleted, blanked = counts[f"{name} deleted"], counts[f"{name} blanked"]
        table.add_row(name, f"{deleted:,}" if deleted else "", f"{blanked:,}" if blanked else "")
    console.print(table)


def _by_source(subject: privacy.Subject) -> str:
    found = Counter(identity.partition(":")[0] for identity in subject.identities)
    return ", ".join(f"{number} of {source}" for source, number in sorted(found.items()))


def _is_any_due(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "select exists (select from ops.erasures where status in ('requested', 'running'))"
        ).fetchone()
    return row == (True,)
