"""Make an empty database a warehouse: ops tables, raw tables of every registered stream, roles. Idempotent."""

from __future__ import annotations

from importlib import resources

import psycopg

from cx_warehouse.connectors import registry
from cx_warehouse.landing.raw_tables import create_raw_tables

_LOCK = 4_202_611  # one bootstrap at a time: "create … if not exists" races otherwise


def bootstrap(admin_dsn: str) -> None:
    """Create or complete everything the warehouse needs in the database of `admin_dsn` (its owner's connection)."""
    here = resources.files("cx_warehouse.database")
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        connection.execute("set local client_min_messages = warning")
        connection.execute(here.joinpath("schema.sql").read_bytes())
        connection.execute(here.joinpath("erasure.sql").read_bytes())
        for source, streams in registry.streams().items():
            create_raw_tables(connection, source, streams)
        connection.execute(here.joinpath("reader_views.sql").read_bytes())
        connection.execute(here.joinpath("roles.sql").read_bytes())
