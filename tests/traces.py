"""Searches a whole database and a home's files for a person, knowing nothing of the tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

# what keeps people out or is being looked for; and the server's own catalogue, statistics aside
_SKIPPED_SCHEMAS = "^(pg_toast|pg_temp|pg_toast_temp|information_schema|pg_catalog)"


@dataclass(frozen=True)
class Person:
    """Whom to look for. `texts` are found anywhere, case aside; `ids` only as whole words."""

    texts: tuple[str, ...]
    ids: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """One expression for Postgres and Python."""
        texts = [re.escape(text) for text in self.texts]
        ids = [rf"(?<![\w.-]){re.escape(one)}(?![\w.-])" for one in self.ids]
        return "|".join(texts + ids)


def in_database(dsn: str, person: Person, *, skip: Iterable[str] = ()) -> dict[str, int]:
    """`schema.table.column` → how many rows tell of the person; every column of every table, whatever its type, and
    what the planner's statistics quote of them."""
    found: dict[str, int] = {}
    skipped = set(skip)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set client_min_messages = error")
        columns = connection.execute(
            """select space.nspname, relation.relname, attribute.attname, type.typname
               from pg_class as relation
               join pg_namespace as space on space.oid = relation.relnamespace
               join pg_attribute as attribute on attribute.attrelid = relation.oid and attribute.attnum > 0
                   and not attribute.attisdropped
               join pg_type as type on type.oid = attribute.atttypid
               where relation.relkind in ('r', 'm', 'p') and space.nspname !~ %s""",
            [_SKIPPED_SCHEMAS],
        ).fetchall()
        for schema, table, column, kind in columns:
            if f"{schema}.{table}" in skipped:
                continue
            text = "encode({}, 'escape')" if kind == "bytea" else "{}::text"
            row = connection.execute(
                sql.SQL("select count(*) from {} where " + text + " ~* {}").format(
                    sql.Identifier(schema, table), sql.Identifier(column), sql.Literal(person.pattern)
                )
            ).fetchone()
            if row and row[0]:
                found[f"{schema}.{table}.{column}"] = row[0]
        for schema, table, column in connection.execute(
            """select schemaname, tablename, attname from pg_stats
               where schemaname !~ %s and (most_common_vals::text ~* %s or histogram_bounds::text ~* %s
                   or most_common_elems::text ~* %s)""",
            [_SKIPPED_SCHEMAS, *[person.pattern] * 3],
        ):
            if f"{schema}.{table}" not in skipped:
                found[f"statistics of {schema}.{table}.{column}"] = 1
    return found


def in_files(folders: Sequence[Path], person: Person) -> list[str]:
    """The files that tell of the person."""
    wanted = re.compile(person.pattern, re.IGNORECASE)
    return [
        str(path)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and wanted.search(path.read_bytes().decode("utf-8", "replace"))
    ]
