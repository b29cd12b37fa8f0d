"""The schemas of a set with the settings in them, without dbt: for what times or tests identity alone."""

from __future__ import annotations

import csv

import psycopg
from psycopg import sql

from cx_warehouse.identity.settings import Rule
from stack.paths import ROOT

SEEDS = ROOT / "dbt_project" / "seeds" / "settings"
_COLUMNS = {
    "identity_rules": "rule text, is_on boolean, strength text, weight numeric, max_records bigint, label text",
    "email_providers": "domain text, canonical_domain text, is_dot_ignored boolean, tag_separator text",
    "identity_blocklist": "identifier text, pattern text, reason text, note text",
    "given_name_variants": "variant text, given_name text",
    "sources": """source text, label text, freshness_target_hours numeric, is_one_record_per_person boolean,
        phone_region text""",
    "link_overrides": """left_identity text, right_identity text, decision text, decided_by text,
        decided_at timestamptz, reason text""",
}
SETTINGS = tuple(_COLUMNS)


def shipped_rules(*also: str) -> dict[str, Rule]:
    """The rules of the seed that are switched on, and those named beside."""
    with (SEEDS / "identity_rules.csv").open() as file:
        return {
            row["rule"]: Rule(
                row["rule"],
                row["strength"] == "hard",
                float(row["weight"] or 0),
                int(row["max_records"]) if row["max_records"] else None,
            )
            for row in csv.DictReader(file)
            if row["is_on"] == "true" or row["rule"] in also
        }


def make_places(connection: psycopg.Connection, target: str) -> None:
    """Make the schemas of the set `target`, with the shipped settings."""
    for layer in ("intermediate", "settings", "identity"):
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(f"{target}_{layer}")))
    for name, columns in _COLUMNS.items():
        table = sql.Identifier(f"{target}_settings", name)
        connection.execute(sql.SQL("create table {} ({})").format(table, sql.SQL(columns)))
        with connection.cursor() as cursor, (SEEDS / f"{name}.csv").open() as file:
            header = sql.SQL(", ").join(map(sql.Identifier, next(csv.reader(file))))
            with cursor.copy(sql.SQL("copy {} ({}) from stdin (format csv)").format(table, header)) as rows:
                rows.write(file.read())
