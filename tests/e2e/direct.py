"""A night without Airflow: the same landing, builds and publish in this process, one after the other.

For tests that need many nights, where the scheduler is not what they are about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import psycopg

from cx_warehouse import publishing
from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Window
from cx_warehouse.landing.ingest import ingest
from cx_warehouse.orchestration.settings import account_of
from cx_warehouse.quality import run_border
from cx_warehouse.transform.nights import open_night, settle_source
from stack.local import Local
from tests.company_nights import build_set


def run_night(stack: Local, configs: Mapping[str, Mapping[str, Any]], as_of: datetime) -> None:
    """Land, build, check and publish the night of `as_of`; raises what goes wrong."""
    _land(stack, configs, as_of)
    number = build_set(stack.warehouse_dsn, as_of, stack.home)
    for border in ("raw", "marts"):
        docs = stack.home / "data_docs"
        verdict = run_border(border, stack.warehouse_dsn("cx_builder"), number, as_of=as_of, docs_dir=docs)
        verdict.raise_if_critical()
    with psycopg.connect(stack.warehouse_dsn("cx_publisher"), autocommit=True) as connection:
        publishing.publish(connection, number)


def _land(stack: Local, configs: Mapping[str, Mapping[str, Any]], as_of: datetime) -> None:
    loader = stack.warehouse_dsn("cx_loader")
    with psycopg.connect(loader, autocommit=True) as connection:
        open_night(connection, as_of, list(configs), timedelta(hours=4))
    for source, config in configs.items():
        for stream in registry.stream_names(source):
            connector = registry.connect(source, config)
            ingest(connector, stream, Window(as_of), loader, account=account_of(source, dict(config)))
        with psycopg.connect(loader) as connection:
            settle_source(connection, as_of, source, registry.stream_names(source))
