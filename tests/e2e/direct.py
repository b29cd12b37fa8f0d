"""A night without Airflow: the same landing, builds and publish in this process, one after the other.

For tests that need many nights, where the scheduler is not what they are about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from cx_warehouse import publishing
from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Window
from cx_warehouse.identity.run import resolve_identities
from cx_warehouse.landing.ingest import ingest
from cx_warehouse.orchestration.settings import account_of
from cx_warehouse.orchestration.transform_dag import LAYERS
from cx_warehouse.quality import run_border
from cx_warehouse.transform import builds
from cx_warehouse.transform.dbt import dbt_build
from cx_warehouse.transform.nights import open_night, settle_source
from cx_warehouse.voice.run import score_comments
from stack.local import Local


def run_night(stack: Local, configs: Mapping[str, Mapping[str, Any]], as_of: datetime) -> None:
    """Land, build, check and publish the night of `as_of`; raises what goes wrong."""
    _land(stack, configs, as_of)
    number = _build(stack, as_of)
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


def _build(stack: Local, as_of: datetime) -> int:
    builder = stack.warehouse_dsn("cx_builder")
    with psycopg.connect(stack.warehouse_dsn("cx_publisher"), autocommit=True) as connection:
        number = builds.claim_build(connection, as_of)
        full = publishing.prepare_candidate(connection, full=False, build_number=number)
        builds.set_kind(connection, number, full=full)
        builds.freeze(connection, number, registry.streams())
    for name, layer in LAYERS.items():
        dbt_build(
            builder,
            name,
            layer.select,
            layer.exclude,
            build_number=number,
            as_of=as_of,
            full=full,
            target_path=_folder(stack, "direct"),
            log_path=_folder(stack, "logs"),
        )
        if name == next(iter(LAYERS)):
            resolve_identities(builder, number)
            score_comments(builder, number)
    return number


def _folder(stack: Local, name: str) -> Path:
    return stack.home / "dbt" / name
