"""The demo's next night: the sandbox's vendors are connected, the night runs through the scheduler, and is shown.

The first call runs the night at which the sandbox's clock stands; each later one moves the company a day on.
"""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from rich.console import Console
from rich.markup import escape

from deploy.given import DATA, secret
from deploy.services import API_PORT, API_SERVER, dsn, postgres
from sandbox.errors import SandboxError
from stack.airflow import Airflow
from stack.errors import StackError
from stack.local import WAREHOUSE, Local, vendor_connections
from stack.night import run_night
from stack.sandbox import Sandbox
from stack.summary import show_night

ROLE = "cx_publisher"  # may read all that a night writes
console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


@dataclass(frozen=True)
class ServedAirflow(Airflow):
    """The Airflow of the other containers."""

    @property
    def url(self) -> str:
        return API_SERVER


def main() -> None:
    begins = time.monotonic()
    if os.environ.get("CX_SCHEDULE"):
        raise StackError("the sandbox has a clock of its own: set CX_SCHEDULE= in .env, then `docker compose up -d`")
    sandbox = Sandbox.find(DATA)
    if sandbox is None:
        raise StackError("the sandbox does not answer: `docker compose logs sandbox`")
    password = secret("publisher_password")
    warehouse = dsn(WAREHOUSE, ROLE, password)
    _refuse_real_records(warehouse, "sandbox")
    airflow = ServedAirflow(DATA, API_PORT, secret("admin_password"), datetime.now(UTC), {})
    connections = vendor_connections(sandbox.connections)
    _refuse_real_vendors(airflow.api().connection_hosts(), connections)
    airflow.api().set_connections(connections)
    as_of = datetime.fromisoformat(sandbox.control.clock())
    if _is_published(warehouse, as_of):
        as_of = datetime.fromisoformat(sandbox.control.advance(1))
    _notice(f"the night of {as_of:%Y-%m-%d %H:%M} UTC")
    outcome = run_night(Local(DATA, postgres(ROLE, password), airflow, sandbox), as_of, _notice)
    show_night(console, warehouse, sandbox.control)
    if outcome.status != "published":
        for task in outcome.failed_tasks:
            _notice(f"[red]failed[/] {escape(task)}")
        raise StackError(f"the night of {as_of:%Y-%m-%d} is not published: {outcome.reason or 'see Airflow'}")
    _notice(f"\n[green]published[/] after {outcome.seconds:.0f} s, {time.monotonic() - begins:.0f} seconds in all")


def _refuse_real_records(warehouse: str, host: str) -> None:
    """Made records and real ones must not meet in one warehouse."""
    with psycopg.connect(warehouse) as connection:
        found = connection.execute(
            "select account from ops.cursors where split_part(account, '/', 1) <> %s limit 1", [host]
        ).fetchone()
    if found:
        raise StackError(f"this warehouse holds records of {found[0]}: the sandbox needs one of its own")


def _refuse_real_vendors(hosts: Mapping[str, str | None], connections: Mapping[str, Mapping[str, Any]]) -> None:
    """Nobody's credentials are overwritten."""
    for name, fields in connections.items():
        if name in hosts and hosts[name] != fields["host"]:
            raise StackError(f"the connection {name} leads to a real vendor: the sandbox needs a warehouse of its own")


def _is_published(warehouse: str, as_of: datetime) -> bool:
    with psycopg.connect(warehouse) as connection:
        row = connection.execute(
            "select exists (select from ops.builds where as_of = %s and status = 'published')", [as_of]
        ).fetchone()
    return row == (True,)


def _notice(text: str) -> None:
    console.print(text, soft_wrap=True)


if __name__ == "__main__":
    try:
        main()
    except (StackError, SandboxError, psycopg.Error) as problem:
        sys.exit(f"error: {' '.join(str(problem).split())}")
