"""The stages of `make lint` and `make test`: all of them run, and the command fails if any did."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from stack.errors import StackError
from stack.paths import ROOT

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Stage:
    """A command of the virtualenv. `needs` is what it looks at; without it there is nothing to run yet."""

    name: str
    command: tuple[str, ...]
    needs: str = "."


LINTERS = (
    Stage("ruff", ("ruff", "check", "--quiet", ".")),
    Stage("mypy", ("mypy", "--no-error-summary")),
    Stage("import contracts", ("lint-imports", "--no-cache"), "plugins/cx_warehouse/quality"),
    Stage("sqlfluff", ("sqlfluff", "lint", "--disable-progress-bar", "-p", "2", "dbt_project/models"), "dbt_project"),
)
PYTEST = ("pytest", "-q")
TESTS = (
    Stage("unit", (*PYTEST, "-n", "2", "tests/unit"), "tests/unit"),
    Stage("contract", (*PYTEST, "-n", "2", "tests/contract"), "tests/contract"),
    Stage(
        "integration",
        # files in the order of tests/integration/conftest.py: xdist would begin with those of the most tests
        (*PYTEST, "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "tests/integration"),
        "tests/integration",
    ),
    # whole nights use both cores by themselves
    Stage("end to end", (*PYTEST, "tests/e2e"), "tests/e2e"),
)


def run_stages(console: Console, stages: Sequence[Stage]) -> None:
    """Run every stage, then show how each went. Raises StackError that names those that failed."""
    results: list[tuple[Stage, str, float]] = []
    environment = {**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])}
    for stage in stages:
        if not (ROOT / stage.needs).exists():
            results.append((stage, "[yellow]not there yet[/]", 0.0))
            continue
        console.rule(stage.name, align="left")
        begins = time.monotonic()
        program, *arguments = stage.command
        code = subprocess.call([str(BIN / program), *arguments], cwd=ROOT, env=environment)
        results.append((stage, "[green]passed[/]" if code == 0 else "[red]failed[/]", time.monotonic() - begins))
    table = Table("stage", "result", "seconds")
    for stage, result, seconds in results:
        table.add_row(stage.name, result, f"{seconds:.0f}")
    console.print(table)
    failed = [stage.name for stage, result, _ in results if "failed" in result]
    if failed:
        raise StackError(f"failed: {', '.join(failed)}")
