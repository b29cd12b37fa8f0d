"""How fast is landing? This landing, dlt and the bare limit, on the same pages and Postgres, in one run.

    make bench NAME=landing
    BENCH_SIZES=100000 BENCH_DLT_SIZES=none make bench NAME=landing      (two minutes)

The bare limit is fetch (requests) and COPY of key and jsonb into an unindexed logged table, one after the other, with
a commit per page. Runs of the limit and of the landing alternate, so that whatever else the machine does meets both."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click
from rich.console import Console

from benchmarks.loading.records import CHANGED_EVERY
from benchmarks.loading.report import (
    CHANGED,
    DLT,
    DLT_FLAT,
    FULL_PAGE,
    LANDING,
    LIMIT,
    TITLES,
    UNCHANGED,
    Report,
    load_average,
    machine,
)
from benchmarks.loading.runner import Bench, Run, bench
from stack.errors import StackError

SMALL_PAGE = 100


def numbers(text: str) -> tuple[int, ...]:
    """Comma-separated positive whole numbers."""
    try:
        found = tuple(int(part.strip().replace("_", "")) for part in text.split(",") if part.strip())
    except ValueError:
        found = (0,)
    if any(number < 1 for number in found):
        raise click.BadParameter(f"{text!r} is not a list of whole numbers like 100000,1000000")
    return found


class Benchmark:
    """Runs the contenders in turn and reports each run as it ends."""

    def __init__(self, on: Bench, report: Report, console: Console) -> None:
        self.on, self.report, self.console = on, report, console

    def keep(self, records: int, per_page: int, contender: str, run: Run) -> None:
        """Take a run into the report and show it."""
        self.report.add(records, per_page, contender, run)
        title = TITLES[contender].strip()
        line = f"{records:>9,} records by {per_page:>5,}  {title:<24} {run.seconds:8.2f} s"
        self.console.print(line, highlight=False)

    def size(self, records: int, repeats: int, *, with_dlt: bool) -> None:
        """All contenders at one number of records, pages of 1,000."""
        with ExitStack() as open_:
            first = open_.enter_context(self.on.pages(records))
            for number in range(repeats):
                self.keep(records, FULL_PAGE, LIMIT, self.on.limit(first, records, FULL_PAGE))
                last = number == repeats - 1
                with self.on.database() as name:
                    self.keep(records, FULL_PAGE, LANDING, self.on.landing(name, first, FULL_PAGE, rows=records))
                    if last:
                        self._again(records, name, first)
                # between the repeats, so that all contenders see the same stretch of time
                if with_dlt and (last or number == 0):
                    nesting = number == 0
                    self.keep(
                        records,
                        FULL_PAGE,
                        DLT if nesting else DLT_FLAT,
                        self.on.other_loader(first, records, FULL_PAGE, nesting=nesting),
                    )
            if with_dlt and repeats == 1:
                self.keep(records, FULL_PAGE, DLT_FLAT, self.on.other_loader(first, records, FULL_PAGE, nesting=False))

    def _again(self, records: int, database: str, first: str) -> None:
        """The same pages again, and then with one ticket in a hundred changed."""
        run = self.on.landing(database, first, FULL_PAGE, rows=records, again=True)
        self.keep(records, FULL_PAGE, UNCHANGED, run)
        with self.on.pages(records, changed=True) as changed:
            rows = records + -(-records // CHANGED_EVERY)
            run = self.on.landing(database, changed, FULL_PAGE, rows=rows, again=True)
        self.keep(records, FULL_PAGE, CHANGED, run)

    def small_pages(self, records: int, repeats: int) -> None:
        """The limit and the landing with pages of 100."""
        with self.on.pages(records) as url:
            for _ in range(repeats):
                self.keep(records, SMALL_PAGE, LIMIT, self.on.limit(url, records, SMALL_PAGE))
                with self.on.database() as name:
                    self.keep(records, SMALL_PAGE, LANDING, self.on.landing(name, url, SMALL_PAGE, rows=records))


@click.command(context_settings={"auto_envvar_prefix": "BENCH"})
@click.option("--sizes", default="100000,1000000", show_default=True, help="Numbers of records (BENCH_SIZES).")
@click.option("--dlt-sizes", default="all", show_default=True, help="Sizes at which dlt runs too, all or none.")
@click.option(
    "--repeats",
    type=click.IntRange(1, 99),
    default=3,
    show_default=True,
    help="Runs of the limit and the landing at each size; dlt runs once.",
)
def main(sizes: str, dlt_sizes: str, repeats: int) -> None:
    """Measure, print a table, and as the last line one JSON object. With dlt at a million records: half an hour."""
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console = Console(soft_wrap=True, width=120)
    wanted = numbers(sizes)
    dlt_at = wanted if dlt_sizes == "all" else () if dlt_sizes == "none" else numbers(dlt_sizes)
    if not wanted or not set(dlt_at) <= set(wanted):
        raise click.BadParameter("dlt's sizes must be among the sizes, and there must be one")
    report, load_before = Report(), load_average()
    try:
        with bench() as on:
            console.print(f"{on.server.description}; each run in a fresh process and a fresh database", highlight=False)
            benchmark = Benchmark(on, report, console)
            for records in wanted:
                benchmark.size(records, repeats, with_dlt=records in dlt_at)
            benchmark.small_pages(min(wanted), repeats)
            on_machine = machine(on.server.description, on.version, load_before)
    except StackError as error:
        console.print(f"[red]error:[/] {error}", highlight=False)
        sys.exit(1)
    report.print(console, {"machine": on_machine})


if __name__ == "__main__":
    main()
