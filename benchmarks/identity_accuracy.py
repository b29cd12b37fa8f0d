"""How often is a link right, and how many are found? This resolution, equality, and Splink as its tutorial sets it up.

    make bench NAME=identity_accuracy                             (two minutes)
    BENCH_SEED=7 make bench NAME=identity_accuracy                (other generated cases)

Measured in pairs within clusters, on Febrl 1 to 4 (made Australian records with labelled duplicates; with and without
their social security number as the customer number) and on generated cases that resolution is known to fail on."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import click
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.matching import cases, febrl, methods
from benchmarks.matching.persons import Person, Score, score
from cx_warehouse.identity.scoring import shipped
from stack.errors import StackError

Resolve = Callable[[Sequence[Person]], methods.Clusters]

# What is measured as ours: a function from persons to a cluster for each identity key.
RESOLVE: Resolve = methods.ours

OURS, REVIEWED, EQUAL, STOCK = "this", "this_reviewed", "equality", "splink_stock"
TITLES = {
    OURS: "this resolution",
    REVIEWED: "  and proposals reviewed",
    EQUAL: "equality",
    STOCK: "Splink, stock settings",
}
FEBRL_3_F1 = 0.987


def datasets(seed: int) -> Iterator[tuple[str, list[Person], tuple[str, ...]]]:
    """Name, persons, and the columns that equality looks at."""
    for name in febrl.FILES:
        for with_number, suffix in ((True, ""), (False, ", no number")):
            yield name + suffix, febrl.read(name, with_number=with_number), ("given", "family", "birth_date")
    for case in cases.CASES:
        yield case, cases.make(case, seed), ("email",)


def measured(persons: list[Person], resolve: Resolve) -> tuple[Score, float]:
    """The score, and seconds."""
    began = time.perf_counter()
    clusters = resolve(persons)
    return score(persons, clusters), time.perf_counter() - began


def table_of(name: str, persons: list[Person], scores: dict[str, tuple[Score, float]]) -> Table:
    """One dataset, a line for each method."""
    pairs = next(iter(scores.values()))[0].pairs
    table = Table(
        title=f"{name}: {len(persons):,} records, {pairs:,} pairs of one person",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
    )
    table.add_column("", no_wrap=True, min_width=max(map(len, TITLES.values())))
    for column in ("precision", "recall", "F1", "wrong pairs", "largest cluster", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    for method, (found, seconds) in scores.items():
        table.add_row(
            TITLES[method],
            f"{found.precision:.4f}",
            f"{found.recall:.4f}",
            f"{found.f1:.4f}",
            f"{found.found - found.right:,}",
            str(found.largest),
            f"{seconds:.1f}",
        )
    return table


def figures_of(found: Score, seconds: float) -> dict[str, float]:
    """One line of the table for machines."""
    return {
        "precision": round(found.precision, 5),
        "recall": round(found.recall, 5),
        "f1": round(found.f1, 5),
        "pairs": found.pairs,
        "found": found.found,
        "right": found.right,
        "largest_cluster": found.largest,
        "seconds": round(seconds, 2),
    }


@click.command(context_settings={"auto_envvar_prefix": "BENCH"})
@click.option("--seed", type=int, default=2026, show_default=True, help="Of the generated cases (BENCH_SEED).")
def main(seed: int) -> None:
    """Measure, print tables, and as the last line one JSON object."""
    console = Console(soft_wrap=True, highlight=False)
    if not console.is_terminal:
        console = Console(soft_wrap=True, highlight=False, width=120)
    results: dict[str, dict[str, dict[str, float]]] = {}
    try:
        for name, persons, columns in datasets(seed):
            resolvers: dict[str, Resolve] = {
                OURS: RESOLVE,
                REVIEWED: methods.ours_reviewed,
                EQUAL: lambda found, columns=columns: methods.equal(found, columns),
                STOCK: methods.stock_splink,
            }
            scores = {method: measured(persons, resolve) for method, resolve in resolvers.items()}
            console.print(table_of(name, persons, scores))
            results[name] = {method: figures_of(*found) for method, found in scores.items()}
    except StackError as error:
        console.print(f"[red]error:[/] {error}")
        sys.exit(1)
    targets = {
        "Febrl 3 F1": {"target": FEBRL_3_F1, "value": results["Febrl 3"][OURS]["f1"]},
        **{f"{case} precision": {"target": 1.0, "value": results[case][OURS]["precision"]} for case in cases.CASES},
    }
    for target, entry in targets.items():
        entry["met"] = entry["value"] >= entry["target"]
        met = "[green]met[/]" if entry["met"] else "[red]missed[/]"
        console.print(f"{target}: {entry['value']:.4f}, target {entry['target']:g}: {met}")
    model = shipped()
    figures = {
        "benchmark": "identity_accuracy",
        "seed": seed,
        "model": model.version,
        "accept_weight": model.accept_weight,
        "propose_weight": model.propose_weight,
        "datasets": results,
        "targets": targets,
    }
    print(json.dumps(figures, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
