"""Nights built by hand, as the orchestration would: what the tests of publishing share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from cx_warehouse import publishing
from cx_warehouse.publishing import PublishedTable
from tests.conftest import Warehouse

# Every published night in these tests says its build number in both tables, so a mixture would show.
TABLES = (
    PublishedTable("dim_customers"),
    PublishedTable("dim_customers_personal", readers=("cx_reader_pii",)),
    PublishedTable("fct_tickets"),
)


class Nights:
    """A warehouse in which nights are built by hand, as the orchestration would."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    @contextmanager
    def session(self, role: str) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.warehouse.dsn(role), autocommit=True) as connection:
            yield connection

    def claim(self) -> int:
        with self.session("cx_builder") as builder:
            builder.execute("update ops.builds set status = 'failed' where status = 'running'")
            row = builder.execute(
                "insert into ops.builds (as_of, kind) values (now(), 'full') returning build_number"
            ).fetchone()
            assert row
            return int(row[0])

    def prepare(self, number: int | None = None, *, full: bool = False) -> bool:
        with self.session("cx_publisher") as publisher:
            return publishing.prepare_candidate(publisher, full, build_number=number)

    def build(self, number: int, *, commented: bool = True, extra_column: str = "") -> None:
        """What dbt does: marts that hold the build's number, one of them kept from night to night."""
        with self.session("cx_builder") as builder:
            builder.execute("create table if not exists candidate_staging.stg_tickets (build_number int)")
            builder.execute("insert into candidate_staging.stg_tickets values (%s)", [number])
            builder.execute("create table if not exists candidate.fct_tickets (build_number int)")
            builder.execute("delete from candidate.fct_tickets")
            builder.execute("insert into candidate.fct_tickets values (%s)", [number])
            for table, column in (("dim_customers", "region"), ("dim_customers_personal", "email")):
                builder.execute(f"drop table if exists candidate.{table} cascade")
                builder.execute(
                    f"create table candidate.{table} as select %s::int as build_number, 'x' as {column}" + extra_column,
                    [number],
                )
            if commented:
                for (relation,) in builder.execute(
                    "select oid::regclass::text from pg_class where relnamespace = 'candidate'::regnamespace "
                    "and relkind = 'r'"
                ).fetchall():
                    builder.execute(f"comment on table {relation} is 'one row per build'")
                    for (column,) in builder.execute(
                        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
                        "and not attisdropped",
                        [relation],
                    ).fetchall():
                        builder.execute(f"comment on column {relation}.{column} is 'a column'")

    def publish(self, number: int, **options: object) -> publishing.Publication:
        with self.session("cx_publisher") as publisher:
            return publishing.publish(publisher, number, tables=TABLES, **options)  # type: ignore[arg-type]

    def rollback(self) -> publishing.Publication:
        with self.session("cx_publisher") as publisher:
            return publishing.rollback(publisher, tables=TABLES)

    def night(self, *, full: bool = False) -> int:
        """A whole good night; returns its build number."""
        number = self.claim()
        self.prepare(number, full=full)
        self.build(number)
        self.publish(number)
        return number

    def seen(self, role: str = "cx_reader", table: str = "marts.fct_tickets") -> int:
        with self.session(role) as reader:
            row = reader.execute(f"select build_number from {table}").fetchone()
            assert row
            return int(row[0])

    def status(self, number: int) -> str:
        return str(self.warehouse.value("select status from ops.builds where build_number = %s", number))

    def admin(self, *statements: str) -> None:
        for statement in statements:
            self.warehouse.rows(statement)
