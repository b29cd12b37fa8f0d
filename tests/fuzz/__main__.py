"""`make fuzz`: broken records and bodies for every registered connector; figures, and one JSON object as last line."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cx_warehouse.connectors import registry
from cx_warehouse.database import bootstrap
from stack.postgres import PostgresServer, remove_outside
from tests.fuzz import bodies, landing
from tests.fuzz.recorded import recorded

COUNT = click.IntRange(min=1)
SHOWN = 10


@contextmanager
def fresh_warehouse() -> Iterator[str]:
    """An empty warehouse in a Postgres of its own; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="cx-fuzz-"))
    server = PostgresServer.ensure(home)
    try:
        server.create_databases("fuzz")
        bootstrap(server.dsn("fuzz"))
        yield server.dsn("fuzz", "cx_loader")
    finally:
        server.stop()
        remove_outside(home)
        shutil.rmtree(home, ignore_errors=True)


@click.command()
@click.option("--records", type=COUNT, default=10_000, envvar="CX_RECORDS", help="For each connector (10000).")
@click.option("--bodies", "bodies_", type=COUNT, help="For each connector (a tenth of the records).")
@click.option("--seed", type=int, default=1, envvar="CX_SEED", help="The same seed draws the same examples (1).")
@click.option(
    "--source", "sources", multiple=True, envvar="CX_SOURCE", type=click.Choice(registry.SOURCES), help="Only these."
)
def main(records: int, bodies_: int | None, seed: int, sources: tuple[str, ...]) -> None:
    """Break records and bodies at random and see that nothing is lost and nothing hangs."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    began, figures, wrong = time.monotonic(), dict[str, object](), list[str]()
    chosen, bodies_ = sources or registry.SOURCES, bodies_ or max(1, records // 10)
    console.print("recording two nights of each connector …")
    recordings = recorded(chosen)
    table = Table("connector", "records", "landed", "quarantined", "lost", "bodies", "read", "refused", "slowest s")
    reasons = Table("connector", "reason", "records")
    for source in chosen:
        console.print(f"{source}: {records} records into Postgres …")
        with fresh_warehouse() as dsn:
            landed = landing.fuzz_records(recordings[source], records, seed, dsn)
        console.print(f"{source}: {bodies_} bodies …")
        played = bodies.fuzz_bodies(recordings[source], bodies_, seed)
        quarantined, refused = landed.quarantined.total(), played.errors.total()
        table.add_row(
            source,
            *map(str, (landed.records, landed.landed, quarantined, landed.lost, played.bodies, played.read, refused)),
            f"{played.slowest_seconds:.2f}",
        )
        for reason, times in landed.quarantined.most_common(SHOWN):
            reasons.add_row(source, escape(reason), str(times))
        wrong += [f"{source}: {what}" for what in landed.wrong + played.wrong]
        figures[source] = {
            "records": landed.records,
            "landed": landed.landed,
            "raw_rows": landed.rows,
            "quarantined": quarantined,
            "lost": landed.lost,
            "bodies": played.bodies,
            "bodies_read": played.read,
            "bodies_refused": dict(played.errors),
            "slowest_seconds": round(played.slowest_seconds, 2),
            "walk_peak_megabytes": round(played.peak_bytes / 1e6, 1),
        }
    console.print(table)
    console.print(reasons)
    for line in wrong[: 3 * SHOWN]:
        console.print(f"[red]wrong[/] {escape(line)}", soft_wrap=True)
    seconds = round(time.monotonic() - began)
    print(
        json.dumps(
            {
                "seed": seed,
                "seconds": seconds,
                "wrong": len(wrong),
                "peak_megabytes": landing.peak_megabytes(),
                **figures,
            }
        )
    )
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
