"""The shipped model, and Splink applied to given pairs with nothing but it.

Splink weighs what two records agree on by how much more often that happens in one person than in two, and an agreement
on a rare name more than one on a common name. Where it would count names in the data at hand, it is given the shipped
frequencies instead: a pair weighs the same in every population."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from typing import Any
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
    """`settings` are Splink's; thresholds are match weights, log2 of the odds that a pair is one person."""

    version: str
    settings: Mapping[str, Any]
    given: Frequencies
    family: Frequencies
    block_cap: int
    accept_weight: float
    propose_weight: float

    @staticmethod
    def read(folder: Traversable, name: str) -> Model:
        """The model that `folder` holds as `name`.json."""
        found = json.loads((folder / f"{name}.json").read_text("utf-8"))
        given, family = (
            Frequencies(folder / entry["file"], entry["fallback"])
            for entry in (found["frequencies"]["given"], found["frequencies"]["family"])
        )
        return Model(
            version=found["version"],
            settings=found["splink"],
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
def scored(
    connection: duckdb.DuckDBPyConnection, table: str, pairs: str, model: Model, *, detailed: bool = False
) -> Iterator[str]:
    """Name of a table with the weight of each of `pairs` (join_key_l, join_key_r, match_key): identity_key_l,
    identity_key_r, match_weight (log2 of the odds), match_probability. It is gone afterwards.

    `table` is a prepared table with the records of the pairs. Pairs below the proposal threshold are left out.
    `detailed` keeps them, and adds which level of each comparison a pair reached (gamma_…)."""
    from splink import DuckDBAPI, Linker  # takes a second: only when it is needed

    settings = {**model.settings, "retain_matching_columns": detailed}
    api = DuckDBAPI(connection)
    with ExitStack() as undo:
        undo.enter_context(_quiet(logging.getLogger("splink")))
        lookups = _frequency_tables(connection, table, model, undo)
        undo.callback(api.delete_tables_created_by_splink_from_db)
        linker = Linker(api.register(table), settings, log_level=None, validate_settings=False)
        for column, lookup in lookups.items():
            linker.table_management.register_term_frequency_lookup(api.register(lookup), column)
        linker.table_management.register_blocked_pairs_for_predict(api.register(pairs))
        # a hair below, since weights are rounded before they are compared
        threshold = None if detailed else model.propose_weight - 1e-5
        yield linker.inference.predict(threshold_match_weight=threshold, warning_mode="never").physical_name


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
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Warnings only: otherwise it tells each step."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def _temporary(connection: duckdb.DuckDBPyConnection, columns: str) -> Iterator[str]:
    name = f"cx_{uuid4().hex[:12]}"
    connection.execute(f"create temp table {name} {columns}")
    try:
        yield name
    finally:
        connection.execute(f"drop table if exists {name}")
