"""A stream as a user names it, and what its records look like: fields, types, since when, how often, and changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cx_warehouse.connectors import registry
from stack.errors import StackError

SAMPLE = 10_000  # versions, the newest, of which the shares are reckoned


@dataclass(frozen=True)
class StreamName:
    """A stream of a registered source."""

    source: str
    stream: str

    def __str__(self) -> str:
        return f"{self.source}.{self.stream}"


def parse_stream(text: str | None) -> StreamName:
    """`source.stream`. Raises StackError that says which there are."""
    streams = registry.streams()
    known = ", ".join(f"{source}.{name}" for source, names in streams.items() for name in names)
    if not text:
        raise StackError(f"no stream was named: STREAM=<one of {known}>")
    source, _, stream = text.partition(".")
    if source not in streams or stream not in streams[source]:
        among = ", ".join(f"{source}.{name}" for name in streams[source]) if source in streams else known
        raise StackError(f"there is no stream {text!r}; there are: {among}")
    return StreamName(source, stream)


def show_schema(console: Console, dsn: str, name: StreamName) -> None:
    """Print the fields of the stream's records and what changed in them."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        connection.read_only = True
        if not connection.execute("select to_regclass('ops.stream_fields') as found").fetchone()["found"]:  # type: ignore[index]
            raise StackError("there is no night yet: `make demo` runs the first")
        rows = connection.execute(
            """select parent, name, path, types, is_baseline, first_seen_at from ops.stream_fields
               where source = %s and stream = %s
               order by coalesce(nullif(parent, ''), name), parent <> '', name""",
            [name.source, name.stream],
        ).fetchall()
        if not rows:
            raise StackError(f"no record of {name} has been landed yet")
        total, counts = _counts(connection, name)
        changes = connection.execute(
            """select path, kind, before, after, as_of from ops.schema_changes
               where source = %s and stream = %s order by first_seen_at desc, path""",
            [name.source, name.stream],
        ).fetchall()
    contract = set(_relied_on(registry.connector_class(name.source).streams[name.stream].contract))
    table = Table(
        title=f"{name}: fields of the newest {total:,} versions", title_justify="left", title_style="bold", box=None
    )
    for column in ("field", "types", "share", "first seen", ""):
        table.add_column(column, justify="right" if column == "share" else "left", overflow="fold")
    for row in rows:
        path = (row["parent"], row["name"]) if row["parent"] else (row["name"],)
        notes = ["models rely on it"] if path in contract else []
        notes += [] if row["is_baseline"] else ["[yellow]new since the first night[/]"]
        share = f"{100 * counts.get(path, 0) / total:.0f} %" if total else "–"
        indent = "  " if row["parent"] else ""
        table.add_row(
            indent + escape(row["name"] if row["parent"] else row["path"]),
            " or ".join(row["types"]) or "always empty",
            share,
            f"{row['first_seen_at']:%Y-%m-%d}",
            ", ".join(notes),
        )
    console.print(table)
    for change in changes:
        console.print(f"  {change['as_of']:%Y-%m-%d} {escape(describe_change(change))}")
    if not changes:
        console.print("  nothing changed since the first night")


def describe_change(change: dict[str, Any]) -> str:
    """One row of ops.schema_changes in words."""
    if change["kind"] == "type_change":
        return f"{change['path']} was {change['before']} and is now {change['after']}"
    instead = f"; no longer served with it: {change['before']}" if change["before"] else ""
    return f"new field {change['path']} ({change['after']}){instead}"


def _counts(connection: psycopg.Connection[dict[str, Any]], name: StreamName) -> tuple[int, dict[tuple[str, ...], int]]:
    """How many versions were looked at, and how many of them have each field filled."""
    table = sql.Identifier(f"raw_{name.source}", name.stream)
    reached = connection.execute(
        "select pg_sequence_last_value(pg_get_serial_sequence(%s, 'sequence')) as last", [table.as_string(connection)]
    ).fetchone()
    since = max(0, int((reached or {}).get("last") or 0) - SAMPLE)
    counts: dict[tuple[str, ...], int] = {}
    row = connection.execute(
        sql.SQL("select count(*) as n from {} where sequence > %s").format(table), [since]
    ).fetchone()
    for found in connection.execute(
        sql.SQL("""
        select '' as parent, field.key as name, count(*) as n from {table} cross join jsonb_each(record) as field
        where sequence > %(since)s and jsonb_typeof(record) = 'object' and jsonb_typeof(field.value) <> 'null'
        group by 2
        union all
        select field.key, inner_field.key, count(*) from {table} cross join jsonb_each(record) as field
        cross join lateral jsonb_each(case when jsonb_typeof(field.value) = 'object' then field.value else '{{}}' end)
            as inner_field
        where sequence > %(since)s and jsonb_typeof(record) = 'object' and jsonb_typeof(inner_field.value) <> 'null'
        group by 1, 2""").format(table=table),
        {"since": since},
    ):
        path = (found["parent"], found["name"]) if found["parent"] else (found["name"],)
        counts[path] = found["n"]
    return int(row["n"]) if row else 0, counts


def _relied_on(contract: type[msgspec.Struct], *above: str) -> Iterator[tuple[str, ...]]:
    """The fields that the stream's contract names, one object deep."""
    hints = get_type_hints(contract)
    for field in msgspec.structs.fields(contract):
        yield (*above, field.encode_name)
        for kind in (hints[field.name], *get_args(hints[field.name])):
            if not above and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                yield from _relied_on(kind, field.encode_name)
