"""What a campaign came to: tables for people, and the figures as one JSON object for programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chaos.campaign import Progress, Terms
from chaos.compare import KINDS, Difference

MOST_SHOWN = 40


def figures(terms: Terms, progress: Progress, differences: list[Difference]) -> dict[str, Any]:
    """What `make chaos` prints as its last line."""
    found = Counter(one.kind for one in differences)
    kinds: Counter[str] = Counter()
    for name, times in progress.injected.items():
        kinds[name.partition(" ")[2]] += times
    return {
        **{kind: found[kind] for kind in KINDS},
        "stuck": len(progress.stuck),
        "faults": progress.total,
        "at_vendors": dict(kinds.most_common()),
        "blows": dict(progress.blows.most_common()),
        "runs": dict(progress.verdicts.most_common()),
        "given_up_for_a_night": progress.given_up,
        "deletions_left_to_reconcile": progress.left_to_reconcile,
        "malformed_in_quarantine": len(progress.malformed),
        "seed": terms.seed,
        "nights": progress.done,
        "seconds": round(progress.seconds),
    }


def show(console: Console, terms: Terms, progress: Progress, differences: list[Difference]) -> None:
    """The tables, then every difference with how to play its night again."""
    sources = sorted({name.partition(" ")[0] for name in progress.injected})
    table = Table("fault", *sources, title="injected at the vendors")
    for kind in sorted({name.partition(" ")[2] for name in progress.injected}):
        table.add_row(kind, *(str(progress.injected[f"{source} {kind}"] or "") for source in sources))
    console.print(table)
    table = Table("done to runs and Postgres", "times")
    for name, times in progress.blows.most_common():
        table.add_row(name, str(times))
    for name, times in progress.verdicts.most_common():
        table.add_row(f"[dim]runs: {name}", f"[dim]{times}")
    table.add_row("[dim]streams given up for a night", f"[dim]{progress.given_up}")
    console.print(table)
    for one in differences[:MOST_SHOWN]:
        night = progress.first_seen.get(one.name, progress.done)
        console.print(
            f"[red]{one.kind}[/] {one.source}.{one.stream} {escape(one.key)}: {escape(one.fact)}; first seen after "
            f"night {night}: {again(terms, night)}",
            soft_wrap=True,
        )
    if len(differences) > MOST_SHOWN:
        console.print(f"… and {len(differences) - MOST_SHOWN} more")
    for name, night in progress.stuck:
        console.print(f"[red]stuck[/] a run of {name} did not end by itself: {again(terms, night)}")
    counted = Counter(one.kind for one in differences)
    table = Table(*KINDS, title=f"after {progress.total} faults in {progress.done} nights")
    table.add_row(*(f"[{'red' if counted[kind] else 'green'}]{counted[kind]}" for kind in KINDS))
    console.print(table)


def again(terms: Terms, night: int) -> str:
    """The command that plays just this night again."""
    night = min(night, terms.only or terms.nights)
    return f"make chaos SEED={terms.seed} NIGHTS={terms.nights} FAULTS={terms.faults} NIGHT={night}"
