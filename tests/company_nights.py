"""Whole nights of a small made company without Airflow: the tasks of the DAGs, one after the other, in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from cx_warehouse import publishing
from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Window
from cx_warehouse.identity.run import resolve_identities
from cx_warehouse.landing import RunResult, ingest
from cx_warehouse.landing.erased import ErasureKey
from cx_warehouse.transform import builds
from cx_warehouse.transform.dbt import dbt_build
from cx_warehouse.transform.layers import LAYERS
from cx_warehouse.voice.run import score_comments
from sandbox.testing import Running, running
from sandbox.vendor_faults import vendor_faults
from sandbox.world import SOURCES
from tests.conftest import Warehouse
from tests.contract.harness import hurried


def build_set(
    dsn: Callable[[str], str], as_of: datetime, home: Path, *, full: bool = False, killed_before: Sequence[str] = ()
) -> int:
    """Build the candidate set of the night of `as_of`, as the DAG transform does, and return the build's number. `dsn`
    gives the warehouse's address for a role; dbt's files go below `home`. A first attempt at each layer does not come
    to the models `killed_before` and what is made of them; the layer is then begun again, as Airflow does."""
    builder = dsn("cx_builder")
    number, whole = begin_build(dsn, as_of, full=full)
    never_reached = tuple(f"{model}+" for model in killed_before)
    for name, layer in LAYERS.items():
        for excluded in ((*layer.exclude, *never_reached), layer.exclude) if never_reached else (layer.exclude,):
            dbt_build(
                builder,
                name,
                layer.select,
                excluded,
                build_number=number,
                as_of=as_of,
                full=whole,
                target_path=home / "dbt" / "target",
                log_path=home / "dbt" / "logs",
            )
        if name == "build_staging":
            resolve_identities(builder, number)
            score_comments(builder, number)
    return number


def begin_build(dsn: Callable[[str], str], as_of: datetime, *, full: bool = False) -> tuple[int, bool]:
    """Make the candidate set ready for a build of the night of `as_of`; the build's number, and whether it is full."""
    with psycopg.connect(dsn("cx_publisher"), autocommit=True) as publisher:
        number = builds.claim_build(publisher, as_of)
        former = publishing.find_set(publisher, publishing.PREVIOUS)
        former_build = former.build_number if former else None
        whole = full or builds.is_of_other_code(publisher, number, former_build)
        whole = publishing.prepare_candidate(
            publisher, full=whole or builds.is_before_erasure(publisher, former_build), build_number=number
        )
        builds.set_kind(publisher, number, full=whole)
        builds.freeze(publisher, number, registry.streams())
    return number, whole


@dataclass
class CompanyNights:
    """A warehouse, and a served company whose nights are landed, built and published into it."""

    warehouse: Warehouse
    sandbox: Running
    home: Path
    key: ErasureKey | None = None
    landed: dict[str, RunResult] = field(default_factory=dict)  # of the last night, by stream

    @property
    def as_of(self) -> datetime:
        return self.sandbox.world.now()

    def land(self, *, start: datetime | None = None, only: str | None = None) -> dict[str, RunResult]:
        """Every stream up to the sandbox's clock; `start` reads it again from there on, as a replay does."""
        self.landed = {}
        for source in registry.SOURCES:
            config: dict[str, Any] = {**self.sandbox.connections[source], "budget_share": 1, "history_days": 60}
            for stream in registry.stream_names(source):
                if only is None or only == f"{source}.{stream}":
                    self.landed[f"{source}.{stream}"] = ingest(
                        registry.connect(source, config, hurried(source, [])),
                        stream,
                        Window(self.as_of, start=start),
                        self.warehouse.dsn("cx_loader"),
                        erasure_key=self.key,
                    )
        return self.landed

    def build(self, *, full: bool = False, killed_before: Sequence[str] = ()) -> int:
        """Build and publish a set, as the DAG transform does; its number."""
        number = build_set(self.warehouse.dsn, self.as_of, self.home, full=full, killed_before=killed_before)
        with psycopg.connect(self.warehouse.dsn("cx_publisher"), autocommit=True) as publisher:
            publishing.publish(publisher, number)
        return number

    def night(self, *, days: int = 0, full: bool = False, killed_before: Sequence[str] = ()) -> int:
        """Move the company on, land everything, build and publish."""
        if days:
            self.sandbox.control.advance(days)
        self.land()
        return self.build(full=full, killed_before=killed_before)

    def kind_of(self, build: int) -> object:
        return self.warehouse.value("select kind from ops.builds where build_number = %s", build)


@contextlib.contextmanager
def company_nights(
    warehouse: Warehouse, home: Path, *, customers: int = 25, days: int = 20, key: ErasureKey | None = None
) -> Iterator[CompanyNights]:
    """A served company without limits, and a warehouse that has seen none of its nights yet."""
    plans = {source: vendor_faults(source).unlimited for source in SOURCES}
    with running(customers=customers, days=days, plans=plans) as sandbox:
        yield CompanyNights(warehouse, sandbox, home, key)
