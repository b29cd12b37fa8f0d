"""Splink's statement for given settings, as text: what it would run, it is asked for once, when the model is made."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from cx_warehouse.identity.blocking import COLUMNS, prepared


def statement(settings: Mapping[str, Any], *, detailed: bool = False) -> str:
    """A query of match_weight, match_probability, identity_key_l and identity_key_r, asked of a table
    `blocked_with_cols`: a row per pair, with each column of prepared records, and how common their names are
    (tf_given, tf_family, tf_full_name), as …_l and …_r. `detailed` adds which level of each comparison a pair reached
    (gamma_…)."""
    level = logging.getLogger("splink").level
    logging.getLogger("splink").setLevel(logging.WARNING)  # otherwise it tells each step
    try:
        whole = _asked({**settings, "retain_matching_columns": detailed})
    finally:
        logging.getLogger("splink").setLevel(level)
    # how Splink joins records to pairs differs from process to process, and is no part of the model
    comparisons = whole[whole.index("__splink__df_comparison_vectors as (") :]
    return "\n".join(line.rstrip() for line in f"with {comparisons}".splitlines()) + "\n"


def _asked(settings: dict[str, Any]) -> str:
    """All that Splink asks, of records that are none."""
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} varchar" for name in ("identity_key", *COLUMNS))
        connection.execute(f"create table persons ({columns})")
        connection.execute("create table no_pairs (join_key_l varchar, join_key_r varchar, match_key varchar)")
        api = DuckDBAPI(connection)
        with prepared(connection, "persons") as table:
            linker = Linker(api.register(table), settings, log_level=None, validate_settings=False)
            for name in ("given", "family", "full_name"):
                connection.execute(f"create table common_{name} ({name} varchar, tf_{name} double)")
                linker.table_management.register_term_frequency_lookup(api.register(f"common_{name}"), name)
            linker.table_management.register_blocked_pairs_for_predict(api.register("no_pairs"))
            return str(linker.inference.predict(warning_mode="never").sql_used_to_create)
