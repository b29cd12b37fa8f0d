"""The shipped model, and given pairs weighed with nothing but it.

Splink weighs what two records agree on by how much more often that happens in one person than in two, and an agreement
on a rare name more than one on a common name. Where it would count names in the data at hand, it is given the shipped
frequencies instead: a pair weighs the same in every population. What it would run is shipped with the model
(`training.statement`): to import it and let it plan takes a night two seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from uuid import uuid4

import duckdb

SHIPPED = "person_v1"


@dataclass(frozen=True)
class Frequencies:
    """How common names are: a CSV file (name, frequency) and what is assumed of a name that is not in it.

    A frequency is the share of people who bear the name in the country where it is most common."""

    file: Traversable
    fallback: float


@dataclass(frozen=True)
class Model:
    """`statement` is Splink's (`training.statement`); thresholds are match weights, log2 of the odds that a pair is one
    person."""

    version: str
    statement: str
    given: Frequencies
    family: Frequencies
    block_cap: int
    accept_weight: float
    propose_weight: float

    @staticmethod
    def read(folder: Traversable, name: str) -> Model:
        """The model that `folder` holds as `name`.json and `name`.sql."""
        found = json.loads((folder / f"{name}.json").read_text("utf-8"))
        given, family = (
            Frequencies(folder / entry["file"], entry["fallback"])
            for entry in (found["frequencies"]["given"], found["frequencies"]["family"])
        )
        return Model(
            version=found["version"],
            statement=(folder / f"{name}.sql").read_text("utf-8"),
            given=given,
            family=family,
            block_cap=found["block_cap"],
            accept_weight=found["thresholds"]["accept"],
            propose_weight=found["thresholds"]["propose"],
        )


@lru_cache(maxsize=1)
def shipped() -> Model:
    """The model in this package."""
    return Model.read(files("cx_warehouse.identity") / "model", SHIPPED)


@contextmanager
def scored(connection: duckdb.DuckDBPyConnection, table: str, pairs: str, model: Model) -> Iterator[str]:
    """Name of a table with the weight of each of `pairs` (join_key_l and join_key_r, numbers of persons, and
    match_key): identity_key_l, identity_key_r (the same numbers, as the model calls them), match_weight (log2 of the
    odds), match_probability. It is gone afterwards.

    `table` is a prepared table of the persons in the pairs. Pairs below the proposal threshold are left out."""
    known, weights = (f"cx_{stem}_{uuid4().hex[:12]}" for stem in ("known", "weights"))
    with ExitStack() as undo:
        names = _frequency_tables(connection, table, model, undo)
        for made in (known, weights):
            undo.callback(connection.execute, f"drop table if exists {made}")
        joined = " ".join(f"left join {lookup} using ({column})" for column, lookup in names.items())
        connection.execute(
            f"create temp table {known} as "
            f"select * exclude (person_number) replace (person_number as identity_key) from {table} {joined}"
        )
        # a hair below, since weights are rounded before they are compared
        connection.execute(
            f"""create temp table {weights} as
                with blocked_with_cols as (
                    select one.*, other.*, {pairs}.match_key
                    from {pairs}
                    join (select columns(*) as '\\0_l' from {known}) as one on one.identity_key_l = join_key_l
                    join (select columns(*) as '\\0_r' from {known}) as other on other.identity_key_r = join_key_r
                )
                select * from ({model.statement}) where match_weight >= {model.propose_weight - 1e-5!r}"""
        )
        yield weights


def _frequency_tables(
    connection: duckdb.DuckDBPyConnection, table: str, model: Model, undo: ExitStack
) -> dict[str, str]:
    """Temporary tables of how common each name in `table` is, by column. A whole name is as common as its parts
    together: within one country they hardly depend on each other."""
    names = {}
    for column, known in (("given", model.given), ("family", model.family)):
        shipped_names = undo.enter_context(_temporary(connection, "(name varchar, frequency double)"))
        with as_file(known.file) as path:
            connection.execute(f"insert into {shipped_names} from read_csv(?, header = true)", [str(path)])
        names[column] = undo.enter_context(_temporary(connection, f"({column} varchar, tf_{column} double)"))
        connection.execute(
            f"insert into {names[column]} select {column}, coalesce(frequency, {known.fallback!r}) "
            f"from (select distinct {column} from {table} where {column} is not null) "
            f"left join {shipped_names} on name = {column}"
        )
    names["full_name"] = undo.enter_context(_temporary(connection, "(full_name varchar, tf_full_name double)"))
    connection.execute(
        f"insert into {names['full_name']} select full_name, max(tf_given * tf_family) from {table} "
        f"join {names['given']} using (given) join {names['family']} using (family) group by full_name"
    )
    return names


@contextmanager
def _temporary(connection: duckdb.DuckDBPyConnection, columns: str) -> Iterator[str]:
    name = f"cx_{uuid4().hex[:12]}"
    connection.execute(f"create temp table {name} {columns}")
    try:
        yield name
    finally:
        connection.execute(f"drop table if exists {name}")
