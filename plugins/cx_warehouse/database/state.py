"""Tables that a set keeps beside what dbt builds."""

from __future__ import annotations

from collections.abc import Collection
from importlib import resources

import psycopg
from psycopg import sql


def make_missing(connection: psycopg.Connection, package: str, schema: str, tables: Collection[str]) -> None:
    """Run the state.sql of `package`, where {schema} stands for `schema`, unless all the `tables` it makes are there.

    Not every night, though it would change nothing: to comment on a table waits a second for the autovacuum that is at
    work on it, and then ends it."""
    found = connection.execute(
        "select count(*) from pg_catalog.pg_tables where schemaname = %s and tablename = any(%s)",
        [schema, list(tables)],
    ).fetchone()
    if found == (len(tables),):
        return
    statements = resources.files(package).joinpath("state.sql").read_text(encoding="utf-8")
    connection.execute(sql.SQL(statements).format(schema=sql.Identifier(schema)))
