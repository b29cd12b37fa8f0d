"""The Kaplan–Meier figures that a macro finds from censoring to censoring are those that a walk from moment to moment
gives."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from cx_warehouse.transform.dbt import PROJECT, dbt_environment
from sandbox.truth.kaplan_meier import curve, median_interval, quantile
from tests.conftest import Warehouse

Cell = tuple[list[float], list[float]]  # what has ended, what still runs
FIGURES = """
    select cell, median_rank, median_low_rank, median_high_rank, p90_rank
    from {{ censored_ranks('public.cells') }} as figures
"""


def made_cells() -> list[Cell]:
    """Cells of every kind: few waits and many, many in one moment, nearly all censored and nearly none, here and there
    or all at the end."""
    dice = random.Random(5)
    cells: list[Cell] = []
    for number in range(1_500):
        size = dice.choice([1, 2, 3, 5, 8, 20, 60, 300])
        moments = dice.choice([2, 6, 40, 10_000])
        censored = dice.choice([0.02, 0.2, 0.5, 0.9])
        waits = [(float(dice.randrange(1, moments + 1)), dice.random() < censored) for _ in range(size)]
        if number % 7 == 0:  # the latest are censored, as those of the last days are
            waits = [(minutes, minutes > moments / 2) for minutes, _ in waits]
        cells.append(
            (sorted(minutes for minutes, runs in waits if not runs), sorted(minutes for minutes, runs in waits if runs))
        )
    return [cell for cell in cells if cell[0]]


def truth(cell: Cell) -> tuple[float | None, ...]:
    steps = curve(*cell)
    return (quantile(steps, 0.5), *median_interval(steps), quantile(steps, 0.9))


@pytest.mark.timeout(300)
def test_the_ranks_are_those_of_the_curve(warehouse: Warehouse, tmp_path: Path) -> None:
    cells = made_cells()
    with psycopg.connect(warehouse.dsn(), autocommit=True) as connection:
        connection.execute(
            """create table public.cells (cell bigint, n bigint, n_done bigint, done double precision[],
                                          running double precision[])"""
        )
        with connection.cursor().copy("copy public.cells from stdin") as copy:
            for number, (done, running) in enumerate(cells):
                lists = [None if not waits else "{" + ",".join(map(str, waits)) + "}" for waits in (done, running)]
                copy.write_row([number, len(done) + len(running), len(done), *lists])
        found = dict.fromkeys(range(len(cells)), (None, None, None, None))
        for cell, *ranks in connection.execute(compiled(warehouse, FIGURES, tmp_path).encode()):
            found[cell] = tuple(None if rank is None else cells[cell][0][rank - 1] for rank in ranks)

    assert {number: truth(cell) for number, cell in enumerate(cells)} == found
    # each figure is found in some cells and never reached in others, else the comparison would say little
    for place in range(4):
        reached = sum(1 for figures in found.values() if figures[place] is not None)
        assert 100 < reached < len(cells) - 50, place


def compiled(warehouse: Warehouse, statement: str, folder: Path) -> str:
    """What dbt makes of a statement with macros."""
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "compile", "--inline", statement, "--output", "json"]
    command += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    command += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    environment = os.environ | dbt_environment(warehouse.dsn("cx_builder"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stdout[-2000:]
    return str(json.loads(done.stdout)["compiled"])
