"""`python -m chaos`: run the campaign, show what it came to, and fail if anything was lost."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from chaos.campaign import Campaign, Terms, discard
from chaos.compare import Difference
from chaos.errors import CampaignError
from chaos.report import figures, show
from sandbox.errors import SandboxError
from stack.errors import StackError
from stack.paths import default_home

console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--seed",
    envvar="CX_SEED",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Everything is drawn from it.",
)
@click.option(
    "--nights",
    envvar="CX_NIGHTS",
    type=click.IntRange(1, 1000),
    default=40,
    show_default=True,
    help="Nights that go wrong.",
)
@click.option(
    "--faults",
    envvar="CX_FAULTS",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Faults there must be in all.",
)
@click.option(
    "--night", envvar="CX_NIGHT", type=click.IntRange(1), help="Play just this night again, after a calm one."
)
@click.option("--customers", type=click.IntRange(1), default=120, show_default=True, help="People of the company.")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="Where it is kept (.cx/chaos).")
def main(seed: int, nights: int, faults: int, night: int | None, customers: int, home: Path | None) -> None:
    """Play nights in which vendors, runs and Postgres fail, and prove that raw lost nothing.

    A campaign that was stopped goes on from its last finished night when it is started with the same options."""
    logging.getLogger("cx_warehouse").setLevel(logging.ERROR)
    terms = Terms(seed, nights, faults, customers, night)
    folder = home or default_home() / ("chaos" if night is None else f"chaos-night-{night}")
    raise SystemExit(0 if run(folder.resolve(), terms) else 1)


def run(home: Path, terms: Terms) -> bool:
    """Play the campaign; whether nothing was lost and as many faults as asked for were injected."""
    campaign = Campaign(home, terms, console.print)
    progress, differences = campaign.progress, list[Difference]()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[faults]} faults"),
        TimeElapsedColumn(),
    )
    with campaign.opened() as stage, Bar(*columns, console=console, disable=not sys.stdout.isatty()) as bar:
        task = bar.add_task("nights", total=terms.last, completed=progress.done, faults=progress.total)
        for over in campaign.play(stage):
            differences = over.differences
            bar.update(task, advance=1, faults=progress.total)
            if not sys.stdout.isatty():
                console.print(f"night {over.number} of {terms.last}: {over}")
    show(console, terms, progress, differences)
    told = figures(terms, progress, differences)
    is_enough = terms.only is not None or told["faults"] >= terms.faults
    if not is_enough:
        console.print(f"[red]only {told['faults']} of {terms.faults} faults were injected[/]: more NIGHTS, please")
    is_sound = not differences and not progress.stuck
    if is_sound:
        discard(home)
    else:
        console.print(f"its database and sandbox are kept in {home}", soft_wrap=True)
    print(json.dumps(told))
    return is_sound and is_enough


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except (CampaignError, SandboxError, StackError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(1) from None
