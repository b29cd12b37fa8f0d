"""What every test may ask for: a Postgres of the session's own, and a fresh warehouse in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from cx_warehouse.database import bootstrap
from stack.postgres import PostgresServer, remove_outside


@dataclass(frozen=True)
class Warehouse:
    """A bootstrapped, empty warehouse database."""

    server: PostgresServer
    database: str

    def dsn(self, role: str | None = None) -> str:
        """A connection string as one of the cx_ roles, by default as the owner of everything."""
        return self.server.dsn(self.database, role) if role else self.server.dsn(self.database)

    def rows(self, statement: str, *parameters: object) -> list[tuple]:
        """The rows of one statement, as the owner."""
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *parameters: object) -> object:
        """The first column of the first row."""
        return self.rows(statement, *parameters)[0][0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A Postgres server of this test session, in a folder of its own."""
    home = Path(tempfile.mkdtemp(prefix="cx-tests-"))
    server = PostgresServer.ensure(home)
    try:
        yield server
    finally:
        server.stop()
        remove_outside(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def warehouse_template(postgres: PostgresServer) -> str:
    """A bootstrapped database that each test's own is copied from."""
    postgres.create_databases("template_warehouse")
    bootstrap(postgres.dsn("template_warehouse"))
    return "template_warehouse"


@contextmanager
def copied_warehouse(postgres: PostgresServer, template: str) -> Iterator[Warehouse]:
    """A copy of the template, gone afterwards: for the fixtures of tests that share a warehouse."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        yield Warehouse(postgres, name)
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def warehouse(postgres: PostgresServer, warehouse_template: str) -> Iterator[Warehouse]:
    """A fresh warehouse, gone after the test."""
    with copied_warehouse(postgres, warehouse_template) as made:
        yield made
