"""`make mutants`: apply each mutation to a copy of the package and run its tests against the copy.

A mutation is killed when every test that it names fails. It survives when one of them passes; it is stale when its
text is no longer in the code, and broken when the tests could not even be collected: all of these fail the command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stack.paths import ROOT
from tests.mutants.mutations import MUTATIONS, Mutation

PACKAGE = ROOT / "plugins" / "cx_warehouse"
PATIENCE_SECONDS = 240  # for one mutation; a test of it that hangs is stopped after TEST_SECONDS
TEST_SECONDS = 30
_OUTCOME = re.compile(r"^(FAILED|ERROR) (\S+?)(\[.*)?( - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """What became of a mutation. `what`: killed, survived, stale or broken."""

    mutation: Mutation
    what: str
    detail: str = ""
    seconds: float = 0.0


def judge(mutation: Mutation) -> Verdict:
    """Run the mutation's tests against a copy of the package without the fix."""
    began = time.monotonic()
    found = (PACKAGE / mutation.path).read_text().count(mutation.old)
    if found != 1:
        return Verdict(mutation, "stale", f"its text occurs {found} times in {mutation.path}")
    with tempfile.TemporaryDirectory(prefix="cx-mutant-") as folder:
        copy = Path(folder) / "cx_warehouse"
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        mutated = copy / mutation.path
        mutated.write_text(mutated.read_text().replace(mutation.old, mutation.new))
        what, detail = _verdict(mutation, folder)
    return Verdict(mutation, what, detail, time.monotonic() - began)


def _verdict(mutation: Mutation, folder: str) -> tuple[str, str]:
    options = ("-q", "--tb=no", "-rfE", "-p", "no:cacheprovider", f"--timeout={TEST_SECONDS}")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *mutation.tests],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "broken", f"its tests did not end within {PATIENCE_SECONDS} s"
    outcomes = {(kind, name) for kind, name, *_ in _OUTCOME.findall(done.stdout)}
    if unable := [name for kind, name in outcomes if kind == "ERROR"]:
        return "broken", f"could not be run: {', '.join(sorted(unable))}"
    passed = [test for test in mutation.tests if ("FAILED", test) not in outcomes]
    if passed and done.returncode not in (0, 1):
        return "broken", (done.stdout + done.stderr).strip()[-300:]
    return ("survived", f"still green: {', '.join(passed)}") if passed else ("killed", "")


def table_of(verdicts: Sequence[Verdict]) -> Table:
    """The verdicts in the order of the list."""
    table = Table("mutation", "verdict", "seconds", "tests")
    order = {mutation.name: place for place, mutation in enumerate(MUTATIONS)}
    for verdict in sorted(verdicts, key=lambda verdict: order[verdict.mutation.name]):
        colour = "green" if verdict.what == "killed" else "red"
        table.add_row(
            escape(verdict.mutation.name),
            f"[{colour}]{verdict.what}[/]",
            f"{verdict.seconds:.0f}",
            escape(verdict.detail) or str(len(verdict.mutation.tests)),
        )
    return table


@click.command()
@click.option("--only", default="", help="Mutations whose name or file holds this text.")
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Mutations at once.")
def main(only: str, workers: int) -> None:
    """Show that the tests can fail: every mutation must be killed."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    chosen = [mutation for mutation in MUTATIONS if only in mutation.name or only in mutation.path]
    began, verdicts = time.monotonic(), list[Verdict]()
    with ThreadPoolExecutor(workers) as pool:
        for done in as_completed([pool.submit(judge, mutation) for mutation in chosen]):
            verdicts.append(done.result())
            last = verdicts[-1]
            console.print(f"{len(verdicts)}/{len(chosen)} {last.what}: {escape(last.mutation.name)}", soft_wrap=True)
    console.print(table_of(verdicts))
    killed = sum(verdict.what == "killed" for verdict in verdicts)
    console.print(f"{killed} of {len(chosen)} mutations killed in {time.monotonic() - began:.0f} s")
    raise SystemExit(0 if verdicts and killed == len(chosen) else 1)


if __name__ == "__main__":
    main()
