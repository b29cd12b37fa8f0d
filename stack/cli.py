"""The commands behind `make`: bad input and broken surroundings end in one clear line, never in a traceback."""

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from cx_warehouse.connectors.errors import CxError
from sandbox.errors import SandboxError
from stack.errors import StackError
from stack.paths import ROOT, default_home

if TYPE_CHECKING:
    from stack.local import Local

# where there is no terminal to ask, tables may take the width they need
console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
COUNT = click.IntRange(min=1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The CX warehouse on one machine."""


@cli.command()
@click.option("--customers", type=COUNT, envvar="CX_CUSTOMERS", help="People of the made company.")
@click.option("--days", type=COUNT, envvar="CX_DAYS", help="Days of history at the first night.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="CX_DATA",
    help="Serve records of your own instead: DATA/<source>/<stream>.jsonl.",
)
def demo(customers: int | None, days: int | None, data: Path | None) -> None:
    """Start Postgres, the sandbox and Airflow, and run the first night."""
    from stack import local
    from stack.sandbox import Wishes

    begins = time.monotonic()
    home = default_home()
    with console.status("starting Postgres, the sandbox and Airflow …"):
        stack = local.start_with_sandbox(home, Wishes(customers, days, data), _notice)
    assert stack.sandbox is not None
    _notice(f"all components are healthy after {time.monotonic() - begins:.0f} s")
    as_of = datetime.fromisoformat(stack.sandbox.control.clock())
    if _is_published(stack, as_of):
        _notice(f"the night of {as_of:%Y-%m-%d %H:%M} UTC is published already; `make night` runs the next one")
        _show_summary(stack, begins)
        return
    _run_and_show(stack, as_of, begins)


@cli.command()
def night() -> None:
    """Move the sandbox's company one day on and run the next night."""
    from stack import local
    from stack.sandbox import Sandbox, Wishes

    begins = time.monotonic()
    home = default_home()
    if not Sandbox.was_made(home):
        if local.is_for_vendors(home):
            raise StackError("the nights of real vendors run on schedule; for one by hand trigger the DAG `night`")
        raise StackError("there is no first night yet: `make demo` runs it")
    with console.status("starting what does not run yet …"):
        stack = local.start_with_sandbox(home, Wishes(), _notice)
    assert stack.sandbox is not None
    _run_and_show(stack, datetime.fromisoformat(stack.sandbox.control.advance(1)), begins)


@cli.command()
def up() -> None:
    """Start Postgres and Airflow for your own vendors' credentials, without the sandbox."""
    from stack import local
    from stack.summary import show_places

    with console.status("starting Postgres and Airflow …"):
        stack = local.start_for_vendors(default_home(), _notice)
    show_places(console, stack.home, stack.postgres, stack.airflow)


@cli.command()
def summary() -> None:
    """Show the last night."""
    from stack.local import WAREHOUSE
    from stack.postgres import PostgresServer
    from stack.sandbox import Sandbox
    from stack.summary import show_night

    home = default_home()
    _require_home(home)
    sandbox = Sandbox.find(home)
    show_night(console, PostgresServer.ensure(home).dsn(WAREHOUSE), sandbox.control if sandbox else None)


@cli.command()
@click.option("--sql", envvar="CX_SQL", help="Print the rows of this instead of opening a prompt.")
@click.option("--role", envvar="CX_ROLE", help="Look as this role, for example cx_reader; the owner by default.")
def psql(sql: str | None, role: str | None) -> None:
    """A prompt on the warehouse, or the rows of one query."""
    from stack.cluster import ADMIN
    from stack.local import WAREHOUSE
    from stack.postgres import PostgresServer
    from stack.query import open_prompt, print_rows

    home = default_home()
    _require_home(home)
    dsn = PostgresServer.ensure(home).dsn(WAREHOUSE, role or ADMIN)
    if sql:
        print_rows(dsn, sql)
    else:
        open_prompt(home, dsn)


@cli.command()
def rollback() -> None:
    """Give readers the night before back, until the next build begins."""
    import psycopg

    from cx_warehouse import publishing
    from stack.local import WAREHOUSE
    from stack.postgres import PostgresServer

    home = default_home()
    _require_home(home)
    dsn = PostgresServer.ensure(home).dsn(WAREHOUSE, "cx_publisher")
    with psycopg.connect(dsn, autocommit=True) as connection:
        publication = publishing.rollback(connection)
    console.print(f"readers see build {publication.build_number} again")


@cli.command()
@click.option("--stream", envvar="CX_STREAM", help="Which stream, as source.stream.")
@click.option("--from", "start", envvar="CX_FROM", help="The date from which to read again.")
@click.option("--dry-run", is_flag=True, envvar="CX_DRY_RUN", help="Only count what would land.")
def replay(stream: str | None, start: str | None, dry_run: bool) -> None:
    """Read one stream again from a past date on."""
    from stack.rerun import Rerun, parse_date
    from stack.streams import parse_stream

    name, since = parse_stream(stream), parse_date(start)
    Rerun.of(default_home(), _notice).replay(console, name, since, dry_run=dry_run)


@cli.command()
@click.option("--source", envvar="CX_SOURCE", help="Only this source.")
def reconcile(source: str | None) -> None:
    """Read again what the vendors have, and mend raw where it differs."""
    from cx_warehouse.connectors import registry
    from stack.rerun import Rerun

    registry.require_sources([source] if source else [])
    Rerun.of(default_home(), _notice).reconcile(console, source or None)


@cli.command()
@click.option("--id", "text", envvar="CX_ID", help="An e-mail address, a phone number, or a source id.")
@click.option("--dry-run", is_flag=True, envvar="CX_DRY_RUN", help="Only show what would go.")
def erase(text: str | None, dry_run: bool) -> None:
    """Remove a person from everything that is kept (docs/erasure.md)."""
    from stack.erase import erase as erase_person

    home = default_home()
    _require_home(home)
    erase_person(home, text, console, dry_run=dry_run)


@cli.command()
@click.option("--stream", envvar="CX_STREAM", help="Which stream, as source.stream.")
def schema(stream: str | None) -> None:
    """Show the fields of a stream's records, and what changed in them."""
    from stack.local import WAREHOUSE
    from stack.postgres import PostgresServer
    from stack.streams import parse_stream, show_schema

    name, home = parse_stream(stream), default_home()
    _require_home(home)
    show_schema(console, PostgresServer.ensure(home).dsn(WAREHOUSE), name)


@cli.command()
def dashboards() -> None:
    """Start Superset on the published marts, loaded with the dashboards of this repository."""
    from stack import local
    from stack.superset import CHECKER, USERS

    home = default_home()
    _require_home(home)
    begins = time.monotonic()
    with console.status("loading the dashboards and starting Superset …"):
        superset = local.start_superset(home, _notice)
    _notice(f"Superset is up after {time.monotonic() - begins:.0f} s: {superset.url}/dashboard/list/")
    for name, role in USERS.items():
        if name != CHECKER:
            _notice(f"  login {name}, password {superset.passwords[name]}   ({role})")


@cli.command()
def browser() -> None:
    """Open every dashboard in a headless Chromium and look at what is drawn."""
    python = ROOT / ".venv-browser" / "bin" / "python"
    command = [str(python), "-m", "pytest", "-q", "--confcutdir", "tests/browser", "tests/browser"]
    raise SystemExit(subprocess.call(command, cwd=ROOT))


@cli.command()
@click.option("--file", type=click.Path(path_type=Path), envvar="CX_FILE", help="Where to; in the home by default.")
def backup(file: Path | None) -> None:
    """Write every database into one file, as they stood at one moment between nights."""
    from stack.copies import back_up

    home = default_home()
    _require_home(home)
    back_up(home, file, _notice)


@cli.command()
@click.option("--file", type=click.Path(path_type=Path), envvar="CX_FILE", help="The backup's file.")
def restore(file: Path | None) -> None:
    """Make the databases of a backup again, and erase again who was erased since."""
    from stack.copies import bring_back

    if file is None:
        raise StackError("which backup? FILE=.cx/backups/….tar")
    bring_back(default_home(), file, _notice)


@cli.command()
def stop() -> None:
    """Stop Airflow, the sandbox, Superset and Postgres; data stays."""
    from stack import local

    home = default_home()
    if home.exists():
        with console.status("stopping …"):
            local.stop(home)
    _notice("stopped")


@cli.command()
def clean() -> None:
    """Stop everything and delete its data."""
    from stack import local

    home = default_home()
    if not home.exists():
        _notice(f"there is no {home}")
        return
    with console.status("stopping and deleting …"):
        local.clean(home)
    _notice(f"{home} is deleted")


@cli.command()
def lint() -> None:
    """Run ruff, mypy, the import contracts and sqlfluff."""
    from stack.checks import LINTERS, run_stages

    run_stages(console, LINTERS)


@cli.command()
def test() -> None:
    """Lint, then run unit, contract, integration and end-to-end tests."""
    from stack.checks import LINTERS, TESTS, run_stages

    run_stages(console, [*LINTERS, *TESTS])


@cli.command()
def mutants() -> None:
    """Take each fix out of the code in turn and see that its tests notice."""
    raise SystemExit(subprocess.call([sys.executable, "-m", "tests.mutants"], cwd=ROOT))


@cli.command()
def fuzz() -> None:
    """Break records and bodies at random, and see that each lands, is quarantined or refused."""
    raise SystemExit(subprocess.call([sys.executable, "-m", "tests.fuzz"], cwd=ROOT))


@cli.command()
def chaos() -> None:
    """Play nights in which vendors, runs and Postgres fail, and prove that raw lost nothing."""
    raise SystemExit(subprocess.call([sys.executable, "-m", "chaos"], cwd=ROOT))


@cli.command()
def nights() -> None:
    """Run many nights in a row, and compare each of them with the truth."""
    tests = [str(Path(sys.executable).with_name("pytest")), "-q", "tests/e2e/test_thirty_nights.py"]
    raise SystemExit(subprocess.call(tests, cwd=ROOT, env={**os.environ, "CX_MANY_NIGHTS": "1"}))


@cli.command()
@click.option("--name", envvar="CX_BENCHMARK", help="Which benchmark.")
def bench(name: str | None) -> None:
    """Run a benchmark: a table, and as its last line one JSON object with the figures."""
    folder = ROOT / "benchmarks"
    known = sorted(path.stem for path in folder.glob("*.py") if "__main__" in path.read_text())
    if name not in known:
        problem = f"there is no benchmark {name!r}" if name else "no benchmark was named"
        raise StackError(f"{problem}: make bench NAME=<{' | '.join(known) or 'none yet'}>")
    raise SystemExit(subprocess.call([sys.executable, "-m", f"benchmarks.{name}"], cwd=ROOT))


def _run_and_show(stack: "Local", as_of: datetime, begins: float) -> None:
    from stack.night import run_night

    _notice(f"the night of {as_of:%Y-%m-%d %H:%M} UTC")
    with console.status("the night runs …"):
        outcome = run_night(stack, as_of, _notice)
    if outcome.status != "published":
        _show_summary(stack, begins)
        for task in outcome.failed_tasks:
            _notice(f"[red]failed[/] {escape(task)}")
        raise StackError(f"the night of {as_of:%Y-%m-%d} is not published: {outcome.reason or 'see Airflow'}")
    _notice(f"[green]published[/] after {outcome.seconds:.0f} s")
    _show_summary(stack, begins)


def _show_summary(stack: "Local", begins: float) -> None:
    from stack.summary import show_night, show_places

    show_night(console, stack.warehouse_dsn(), stack.sandbox.control if stack.sandbox else None)
    show_places(console, stack.home, stack.postgres, stack.airflow)
    console.print(f"\n{time.monotonic() - begins:.0f} seconds in all")


def _is_published(stack: "Local", as_of: datetime) -> bool:
    import psycopg

    with psycopg.connect(stack.warehouse_dsn()) as connection:
        row = connection.execute(
            "select exists (select from ops.builds where as_of = %s and status = 'published')", [as_of]
        ).fetchone()
    return row == (True,)


def _require_home(home: Path) -> None:
    if not (home / "postgres.json").exists() and not os.environ.get("CX_DATABASE_URL"):
        raise StackError("there is no warehouse yet: `make demo` makes one")


def _notice(text: str) -> None:
    console.print(text, soft_wrap=True)


def main() -> None:
    """Run a command. Whatever the user can mend is one line on the error output, with exit code 1 or 2."""
    try:
        cli.main(standalone_mode=False)
    except click.UsageError as error:
        _fail(f"{error.format_message()} (see python -m stack.cli --help)", 2)
    except click.exceptions.Abort:
        _fail("stopped by hand; `make stop` ends what still runs in the background", 130)
    except click.ClickException as error:
        _fail(error.format_message(), 1)
    except (StackError, SandboxError, CxError) as error:
        _fail(" ".join(str(error).split()), 1)
    except Exception as error:
        if os.environ.get("CX_DEBUG"):
            raise
        _fail(f"{type(error).__name__}: {' '.join(str(error).split())} (CX_DEBUG=1 shows where)", 1)


def _fail(line: str, code: int) -> None:
    print(f"error: {line}", file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
