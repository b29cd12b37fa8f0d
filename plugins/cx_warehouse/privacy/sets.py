"""Removes a person from the sets: the published one, the former one, and a candidate that was left behind.

Rows that are about the person go; a row that others need (an order, somebody else's ticket) loses the person's key.
Which rows these are, the names of columns tell: the models keep to one name for one thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cx_warehouse.connectors import registry
from cx_warehouse.landing.erased import BLANK
from cx_warehouse.landing.raw_tables import raw_table
from cx_warehouse.privacy.traces import Pattern, Traces

SETS = ("marts", "previous", "candidate")
# Column → what it holds. Of the person's keys of that kind, the row goes.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "identity_key",
            "left_identity",
            "right_identity",
            "left_identity_key",
            "right_identity_key",
            "by_way_of",
            "by_way_of_identity_key",
            "linked_to",
            "linked_to_identity_key",
            "loser_key",
            "winner_key",
            "left_key",
            "right_key",
            "requester_key",
            "browser_key",
        ),
        ("identity",),
    ),
    "contact_key": ("identity", "customer"),
    "customer_key": ("customer",),
    "old_customer_key": ("customer",),
    "left_customer_key": ("customer",),
    "right_customer_key": ("customer",),
    "ticket_key": ("ticket",),
    "response_key": ("response",),
    "comment_key": ("comment",),
    "visit_key": ("visit",),
}
# Where only the key goes: the row is a sale, or somebody else's ticket.
CLEARED = {
    ("int_order__candidates", "identity_key"),
    ("int_order__orders", "customer_key"),
    ("fct_orders", "customer_key"),
    ("int_ticket__tickets", "submitter_key"),
    ("int_ticket__events", "author_key"),
    ("int_ticket__messages", "author_key"),
    ("int_ticket__turns", "author_key"),
}
# Models of staging that are not named after the stream they come from.
STAGED_FROM = {"contact_addresses": "contacts", "contact_consents": "contacts", "user_addresses": "users"}
# Text that names records by key: what a link is based on, what a claim says.
SPEAKS_OF_KEYS = {"value", "evidence", "reason", "component"}
# Keys that follow from others, in this order: kind, table, its key, and the columns that lead to it.
DERIVED = (
    ("response", "_intermediate", "int_survey__given", "response_key", ("identity_key", "ticket_key")),
    ("response", "_intermediate", "int_survey__scored", "response_key", ("identity_key", "ticket_key")),
    ("response", "_intermediate", "int_survey__responses", "response_key", ("customer_key", "ticket_key")),
    ("comment", "_intermediate", "int_survey__comments", "comment_key", ("identity_key", "ticket_key", "response_key")),
    ("comment", "", "fct_comment_scores", "comment_key", ("customer_key", "ticket_key", "response_key")),
    ("comment", "", "fct_comments_personal", "comment_key", ("customer_key",)),
    ("visit", "_intermediate", "int_visit__visits", "visit_key", ("customer_key", "browser_key")),
    ("text", "_intermediate", "int_survey__comments", "text_hash", ("comment_key",)),
    ("text", "_voice", "comment_scores", "text_hash", ("comment_key",)),
)
_TEXTS = "('text', 'varchar', 'bpchar', 'json', 'jsonb', '_text', '_varchar')"


@dataclass(frozen=True)
class Table:
    """A table and its columns that can hold text, with their types."""

    schema: str
    name: str
    columns: Mapping[str, str]

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def tables_of(connection: psycopg.Connection, pattern: str) -> list[Table]:
    """The tables with text in them of all schemas whose names match."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, name, column, kind in connection.execute(
        f"""select space.nspname, relation.relname, attribute.attname, type.typname
            from pg_class as relation
            join pg_namespace as space on space.oid = relation.relnamespace
            join pg_attribute as attribute on attribute.attrelid = relation.oid and attribute.attnum > 0
                and not attribute.attisdropped and attribute.attgenerated = ''
            join pg_type as type on type.oid = attribute.atttypid
            where relation.relkind = 'r' and space.nspname ~ %s and type.typname in {_TEXTS}
            order by 1, 2, attribute.attnum""",
        [pattern],
    ):
        found.setdefault((schema, name), {})[column] = kind
    return [Table(schema, name, columns) for (schema, name), columns in found.items()]


def standing_sets(connection: psycopg.Connection) -> list[str]:
    """Which sets there are."""
    rows = connection.execute("select nspname from pg_namespace where nspname = any(%s) order by 1", [list(SETS)])
    return [row[0] for row in rows]


def clean_sets(connection: psycopg.Connection, traces: Traces, counts: Counter[str]) -> None:
    """Remove the person of the temporary table `subject_keys` from every set. Raw must still have the records:
    staging is known by their sequence numbers."""
    for name in standing_sets(connection):
        tables = tables_of(connection, f"^{name}(_|$)")
        _derive(connection, {(table.schema, table.name) for table in tables}, name)
        for table in tables:
            _clean(connection, name, table, counts)
        for table in tables:
            scrub(connection, table, traces.values, counts)
            spoken = Table(table.schema, table.name, {c: t for c, t in table.columns.items() if c in SPEAKS_OF_KEYS})
            scrub(connection, spoken, traces.keys, counts)


def _derive(connection: psycopg.Connection, standing: set[tuple[str, str]], name: str) -> None:
    for kind, layer, table, key, columns in DERIVED:
        if (name + layer, table) not in standing:
            continue
        leads = [
            sql.SQL("{} in (select value from subject_keys where kind = any({}))").format(
                sql.Identifier(column), sql.Literal(list(COLUMNS[column]))
            )
            for column in columns
        ]
        connection.execute(
            sql.SQL(
                """insert into subject_keys (kind, value) select distinct {kind}, {key} from {table}
                   where {key} is not null and ({leads}) on conflict do nothing"""
            ).format(
                kind=sql.Literal(kind),
                key=sql.Identifier(key),
                table=sql.Identifier(name + layer, table),
                leads=sql.SQL(" or ").join(leads),
            )
        )


def _clean(connection: psycopg.Connection, name: str, table: Table, counts: Counter[str]) -> None:
    conditions = list(_conditions(table))
    if table.schema == f"{name}_staging" and (stream := staged_from(table.name)):
        conditions.append(
            sql.SQL("record_sequence in (select sequence from {} where key in (select value from {}))").format(
                raw_table(*stream.split(".")),
                sql.SQL("subject_keys where kind = {}").format(sql.Literal(stream)),
            )
        )
    if conditions:
        gone = connection.execute(
            sql.SQL("delete from {} where {}").format(table.identifier, sql.SQL(" or ").join(conditions))
        )
        counts[f"{table} deleted"] += gone.rowcount
    for column in table.columns:
        if (table.name, column) in CLEARED:
            kinds = ["customer"] if column == "customer_key" else ["identity"]
            blanked = connection.execute(
                sql.SQL(
                    """update {} set {column} = null
                       where {column} in (select value from subject_keys where kind = any(%s))"""
                ).format(table.identifier, column=sql.Identifier(column)),
                [kinds],
            )
            counts[f"{table} blanked"] += blanked.rowcount


def _conditions(table: Table) -> Iterator[sql.Composable]:
    for column, kind in table.columns.items():
        if (table.name, column) in CLEARED or kind not in ("text", "varchar", "bpchar"):
            continue
        kinds = COLUMNS.get(column, ())
        if column == "value" and "kind" in table.columns and "identity_key" in table.columns:
            yield sql.SQL("(kind = 'record' and value in (select value from subject_keys where kind = 'identity'))")
        if kinds:
            yield sql.SQL("{} in (select value from subject_keys where kind = any({}))").format(
                sql.Identifier(column), sql.Literal(list(kinds))
            )


def staged_from(model: str) -> str | None:
    """The stream that a model of staging is made from."""
    _, _, rest = model.partition("stg_")
    source, _, entities = rest.partition("__")
    stream = STAGED_FROM.get(entities, entities)
    return f"{source}.{stream}" if stream in registry.streams().get(source, ()) else None


def scrub(connection: psycopg.Connection, table: Table, pattern: Pattern, counts: Counter[str]) -> None:
    """Blank what matches in every text of a table; a row that would no longer be told from another one goes."""
    if not table.columns:
        return
    matches = _matches(table, pattern)
    blanked = sql.SQL(", ").join(
        sql.SQL("{column} = regexp_replace({column}::text, {pattern}, {blank}, 'gi')::{kind}").format(
            column=sql.Identifier(column),
            pattern=sql.Literal(pattern.regex),
            blank=sql.Literal(BLANK),
            kind=sql.SQL(_type(kind)),
        )
        for column, kind in table.columns.items()
    )
    try:
        with connection.transaction():
            done = connection.execute(sql.SQL("update {} set {} where {}").format(table.identifier, blanked, matches))
        counts[f"{table} blanked"] += done.rowcount
    except (psycopg.errors.UniqueViolation, psycopg.errors.NotNullViolation, psycopg.DataError):
        done = connection.execute(sql.SQL("delete from {} where {}").format(table.identifier, matches))
        counts[f"{table} deleted"] += done.rowcount


def _matches(table: Table, pattern: Pattern) -> sql.Composable:
    """Whether any text of a row matches."""
    return sql.SQL(" or ").join(
        pattern.found_in(sql.SQL("{}::text").format(sql.Identifier(column))) for column in table.columns
    )


def _type(name: str) -> str:
    return {"_text": "text[]", "_varchar": "varchar[]", "bpchar": "text"}.get(name, name)


def left_over(connection: psycopg.Connection, tables: Sequence[Table], pattern: Pattern) -> dict[str, int]:
    """How many rows of which tables still match: what an erasure is checked by."""
    found = {}
    for table in tables:
        row = connection.execute(
            sql.SQL("select count(*) from {} where {}").format(table.identifier, _matches(table, pattern))
        ).fetchone()
        if row and row[0]:
            found[str(table)] = int(row[0])
    return found
