"""A DuckDB database for one resolution, and the ways of rows into it, through it and back to Postgres."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

import duckdb
import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import pq, sql

Row = tuple[Any, ...]
MEMORY_LIMIT = "2.5GB"  # beyond it DuckDB goes to disk; arrays of the resolution come on top
_CHUNK = 1 << 20  # bytes


@contextmanager
def workspace() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database, gone afterwards with all that it wrote: it holds personal data."""
    with tempfile.TemporaryDirectory(prefix="cx-identity-") as folder:  # 0700
        connection = duckdb.connect()  # in memory; what does not fit goes to the folder
        try:
            connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            connection.execute(f"set temp_directory = '{folder}/spill'")
            connection.execute("set timezone = 'UTC'")
            connection.execute("set preserve_insertion_order = false")
            connection.execute("set enable_progress_bar = false")
            # values of Python objects are handed over as texts and cast, not guessed at from a sample of them
            connection.execute("set pandas_analyze_sample = 0")
            yield connection
        finally:
            connection.close()


def pull(
    postgres: psycopg.Connection,
    query: sql.Composed | sql.SQL,
    duck: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
) -> int:
    """Copy the rows of a Postgres query into a new table of the workspace, and return how many they are."""
    with tempfile.NamedTemporaryFile(prefix="cx-identity-", suffix=".csv") as file:  # 0600
        _copy_out(postgres, sql.SQL("copy ({}) to stdout (format csv)").format(query), file.file)
        file.flush()
        described = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
        duck.execute(
            f"""create or replace table {table} as select * from read_csv($1, header = false, columns = {{{described}}},
                    delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false,
                    auto_detect = false, strict_mode = true, max_line_size = 16777216)""",
            [file.name],
        )
    return one(duck.execute(f"select count(*) from {table}"))


def _copy_out(postgres: psycopg.Connection, statement: sql.Composed, file: IO[bytes]) -> None:
    """Write what a copy statement answers. Asked of libpq itself: it hands out a row at a time, and to wait for each as
    psycopg's `Copy` does takes longer than the query."""
    libpq, encoding = postgres.pgconn, postgres.info.encoding
    result = libpq.exec_(statement.as_bytes(postgres))
    if result.status != pq.ExecStatus.COPY_OUT:
        raise psycopg.errors.error_from_result(result, encoding)
    while (row := libpq.get_copy_data(0))[0] > 0:
        file.write(row[1])
    while (end := libpq.get_result()) is not None:
        if end.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(end, encoding)


def push(duck: duckdb.DuckDBPyConnection, query: str, postgres: psycopg.Connection, table: sql.Composable) -> int:
    """Copy the rows of a query of the workspace into a Postgres table with the same columns in the same order; no
    text in them may be empty."""
    with tempfile.NamedTemporaryFile(prefix="cx-identity-", suffix=".csv") as file:
        duck.execute(f"copy ({query}) to '{file.name}' (format csv, header false, nullstr '')")
        cursor = postgres.cursor()
        with (
            open(file.name, "rb") as written,
            cursor.copy(sql.SQL("copy {} from stdin (format csv)").format(table)) as copy,
        ):
            while chunk := written.read(_CHUNK):
                copy.write(chunk)
    return cursor.rowcount


def fill(
    duck: duckdb.DuckDBPyConnection,
    table: str,
    declared: Mapping[str, str],
    rows: Sequence[Row] = (),
    columns: Sequence[npt.NDArray[Any]] | None = None,
) -> None:
    """A new table of `rows`, or of `columns` of numbers."""
    described = ", ".join(f"{name} {kind}" for name, kind in declared.items())
    duck.execute(f"create or replace table {table} ({described})")
    append(duck, table, declared, rows, columns)


def append(
    duck: duckdb.DuckDBPyConnection,
    table: str,
    declared: Mapping[str, str],
    rows: Sequence[Row] = (),
    columns: Sequence[npt.NDArray[Any]] | None = None,
) -> None:
    """Add `rows`, or `columns` of numbers, to a table with the `declared` columns."""
    # as arrays of numpy: parameters take four times as long, tables of pyarrow would import pandas, half a second
    if columns is None:
        columns = [np.array(values, dtype=object) for values in zip(*rows, strict=True)]
    if columns:
        duck.register("given_rows", dict(zip(declared, columns, strict=True)))
        casts = ", ".join(f"{name}::{kind}" for name, kind in declared.items())
        duck.execute(f"insert into {table} select {casts} from given_rows")
        duck.unregister("given_rows")


def one(cursor: duckdb.DuckDBPyConnection) -> int:
    """The number that a query with one row and column answers."""
    ((number,),) = cursor.fetchall()  # all of it: the connection does little else while a result is open
    return int(number)


def rows_of(cursor: duckdb.DuckDBPyConnection) -> Iterator[Row]:
    """Rows a batch at a time, for results that are long."""
    for batch in batches_of(cursor):
        yield from batch


def batches_of(cursor: duckdb.DuckDBPyConnection) -> Iterator[list[Row]]:
    """Batches of rows, for results that are long."""
    while batch := cursor.fetchmany(50_000):
        yield batch


def arrays(cursor: duckdb.DuckDBPyConnection) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The two number columns of a result."""
    first, second = cursor.fetchnumpy().values()
    return np.asarray(first), np.asarray(second)
