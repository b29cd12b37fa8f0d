"""How the commands print tables."""

from rich.table import Table

_NUMBERS = {"read", "new", "unchanged", "deleted", "quarantined", "seconds", "records", "checks", "passed", "warned"}
_NUMBERS |= {"critical", "value", "95 % interval", "n", "target", "median", "p90", "answered", "age in hours", "linked"}


def new_table(title: str, *columns: str) -> Table:
    """An empty table with its title; columns of numbers stand to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in _NUMBERS else "left",
            overflow="fold",
            no_wrap=column in ("stream", "measure"),
        )
    return table
