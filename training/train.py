"""Makes the shipped model again, bit for bit: frequency tables, weights, thresholds and what they were measured to do.

    make train                        (writes plugins/cx_warehouse/identity/model/)

Weights are counts: how often each level of agreement comes in pairs of one person (m) and in pairs of two (u), in a
made population. Thresholds are chosen on a second one by what they let through (`training.measure`). What the model
file says that they let through is measured on a third."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import duckdb
import numpy

from cx_warehouse.identity import scoring
from cx_warehouse.identity.blocking import prepared
from training import comparisons, names_in_use
from training.measure import measure
from training.records import load, population
from training.statement import statement

OUTPUT = Path(__file__).parent.parent / "plugins" / "cx_warehouse" / "identity" / "model"
TRAINED_ON, CHOSEN_ON, MEASURED_ON = 20_260_101, 20_260_202, 20_260_404  # seeds of three populations
BLOCK_CAP = 50
# Of pairs in a company of a million customers; a smaller one has fewer strangers to confuse, and is served too.
PRIOR = 1e-6
LEAST_SHARES = {"given": 0.0006, "family": 0.0003}
SOURCES = {
    "given": "Joerg Michael, nam_dict.txt of 2008 (in the package gender-guesser; GNU FDL 1.2 or later): "
    "share of bearers in the country where the name is most common, upper end of its grade",
    "family": "faker's lists for the USA and Great Britain (shares), Poland and Russia (ranks), Germany and Iran "
    "(in use); MIT licence; share within the list where the name is most common",
}


def write_frequencies(folder: Path) -> dict[str, dict[str, Any]]:
    """Write the lists of names, and describe the tables of how common they are as the model file does. A name that is
    not in its table is taken to be as common as the rarest one that is."""
    (folder / "names_in_use.txt").write_text("\n".join(names_in_use.known_names()) + "\n", "utf-8")
    described = {}
    for part, table in (
        ("given", names_in_use.given_frequencies(LEAST_SHARES["given"])),
        ("family", names_in_use.family_frequencies(LEAST_SHARES["family"])),
    ):
        file = f"{part}_names.csv"
        lines = ["name,frequency", *(f"{name},{share}" for name, share in table.items())]
        (folder / file).write_text("\n".join(lines) + "\n", "utf-8")
        described[part] = {
            "file": file,
            "fallback": min(table.values()),
            "names": len(table),
            "source": SOURCES[part],
        }
    return described


def trained_settings(
    connection: duckdb.DuckDBPyConnection,
    persons: str,
    frequencies: dict[str, dict[str, Any]],
    folder: Path,
    draws: int,
) -> dict[str, Any]:
    """Splink's settings with m and u counted in the labelled table `persons`; u in `draws` pairs drawn at random."""
    settings = comparisons.settings(PRIOR)
    blank = deepcopy(settings)
    for level in _levels(blank):
        level["m_probability"] = level["u_probability"] = 0.5
    known = {
        part: scoring.Frequencies(folder / entry["file"], entry["fallback"]) for part, entry in frequencies.items()
    }
    blank_statement = statement(blank, detailed=True)
    model = scoring.Model("blank", blank_statement, known["given"], known["family"], BLOCK_CAP, -1e9, -1e9)
    _draw_pairs(connection, persons, draws)
    connection.execute(
        f"create or replace temp table same_pairs as select one.rowid as join_key_l, "
        f"other.rowid as join_key_r, '0' as match_key from {persons} as one join {persons} as other "
        "on one.person = other.person and one.identity_key < other.identity_key"
    )
    with prepared(connection, persons) as table:
        for kind, pairs in (("m_probability", "same_pairs"), ("u_probability", "drawn_pairs")):
            with scoring.scored(connection, table, pairs, model) as weights:
                for comparison in settings["comparisons"]:
                    _set_shares(connection, weights, comparison, kind)
    return settings


def _levels(settings: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        level
        for comparison in settings["comparisons"]
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
    ]


def _draw_pairs(connection: duckdb.DuckDBPyConnection, persons: str, draws: int) -> None:
    """`drawn_pairs`: pairs of records of two people, as many as `draws` less those that were drawn twice or are one."""
    rows = connection.execute(f"select rowid, person from {persons} order by identity_key").fetchnumpy()
    dice = numpy.random.RandomState(TRAINED_ON)  # its stream is frozen, so are the draws
    one, other = dice.randint(0, len(rows["person"]), draws), dice.randint(0, len(rows["person"]), draws)
    strangers = rows["person"][one] != rows["person"][other]
    drawn = {"one": rows["rowid"][one][strangers], "other": rows["rowid"][other][strangers]}
    connection.register("drawn", drawn)
    connection.execute(
        "create or replace temp table drawn_pairs as select distinct least(one, other) as join_key_l, "
        "greatest(one, other) as join_key_r, '0' as match_key from drawn"
    )
    connection.unregister("drawn")


def _set_shares(connection: duckdb.DuckDBPyConnection, weights: str, comparison: dict[str, Any], kind: str) -> None:
    """Set `kind` of each level to its share of the pairs in which both sides know something, as if each level had been
    seen half a time more: what was never seen is not impossible."""
    gamma = f"gamma_{comparison['output_column_name']}"
    rows = connection.execute(f"select {gamma}, count(*) from {weights} where {gamma} >= 0 group by {gamma}").fetchall()
    seen = dict(rows)
    levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
    total = sum(seen.values()) + len(levels) / 2
    for gamma_value, level in zip(reversed(range(len(levels))), levels, strict=True):
        level[kind] = float(f"{(seen.get(gamma_value, 0) + 0.5) / total:.6g}")


def train(folder: Path, people: int, draws: int, measured_people: int) -> None:
    """Write model and tables into `folder`: weights from `people` made people and `draws` random pairs of their
    records, thresholds and measurements from `measured_people` others each."""
    connection = duckdb.connect()
    load(connection, population(TRAINED_ON, people), "trained_on")
    frequencies = write_frequencies(folder)
    settings = trained_settings(connection, "trained_on", frequencies, folder, draws)
    found = {
        "version": scoring.SHIPPED,
        "block_cap": BLOCK_CAP,
        "thresholds": {"accept": 0.0, "propose": 0.0},
        "frequencies": frequencies,
        "training": {"seed": TRAINED_ON, "people": people, "random_pairs": draws},
        "splink": settings,
    }
    path = folder / f"{scoring.SHIPPED}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    path.with_suffix(".sql").write_text(statement(settings))
    open_model = replace(scoring.Model.read(folder, scoring.SHIPPED), propose_weight=-20.0, accept_weight=-20.0)
    load(connection, population(CHOSEN_ON, measured_people), "chosen_on")
    found["thresholds"] = measure(connection, "chosen_on", open_model).choose()
    load(connection, population(MEASURED_ON, measured_people), "measured_on")
    found["measured"] = {
        "chosen_on_seed": CHOSEN_ON,
        "measured_on_seed": MEASURED_ON,
        "people": measured_people,
        **measure(connection, "measured_on", open_model).described(**found["thresholds"]),
    }
    path.write_text(json.dumps(found, indent=1) + "\n")


@click.command()
@click.option("--people", default=60_000, show_default=True, help="Made people whose records are counted.")
@click.option(
    "--measured-people",
    default=1_000_000,
    show_default=True,
    help="Others, twice: to choose thresholds, to measure them.",
)
@click.option("--draws", default=4_000_000, show_default=True, help="Random pairs for u.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=OUTPUT, help="Where it is written.")
def main(people: int, measured_people: int, draws: int, output: Path) -> None:
    """Train, measure, and write the model."""
    output.mkdir(parents=True, exist_ok=True)
    train(output, people, draws, measured_people)
    described = json.loads((output / f"{scoring.SHIPPED}.json").read_text())
    print(json.dumps({"thresholds": described["thresholds"], "measured": described["measured"]}, indent=1))


if __name__ == "__main__":
    main()
