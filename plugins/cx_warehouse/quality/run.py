"""Run suites with Great Expectations: one context a border, the work pushed down to the database, the connection never
written anywhere."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo

from cx_warehouse.environment import environment
from cx_warehouse.quality.store import store
from cx_warehouse.quality.suite import Border, Check, Dataset, Night, Outcome, Suite
from cx_warehouse.quality.verdict import Verdict

log = logging.getLogger(__name__)

_CONNECTION = "CX_QUALITY_CONNECTION"  # the context's configuration holds this name, the environment holds the address
# Counts only: samples of what was unexpected could be personal data, and results are kept and shown.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
_KEPT = ("observed_value", "element_count", "missing_count", "unexpected_count", "unexpected_percent")


def run_border(
    border: Border,
    dsn: str,
    build_number: int,
    *,
    as_of: datetime,
    docs_dir: Path,
    suites: Sequence[Suite] | None = None,
    set_name: str = "candidate",
) -> Verdict:
    """Check a border of the build with all its suites, or with `suites`.

    Every result is stored in ops.validations (in place of an earlier attempt's) and written as a page in `docs_dir`,
    whose index.html lists the nights. Raises nothing for a broken expectation, nor for one that cannot be made (a
    column that is gone): the verdict has it."""
    if suites is None:
        from expectations.catalog import suites_of

        suites = suites_of(border)
    night, began = Night(build_number, as_of, set_name), time.monotonic()
    outcomes, sections = list[Outcome](), list[str]()
    with psycopg.connect(dsn, autocommit=True) as connection:
        standing = _standing_tables(connection, night)
        with _engine(dsn) as engine:
            for suite in suites:
                for dataset in suite.datasets:
                    found, section = engine.check(suite, dataset, night, standing)
                    outcomes += found
                    sections.append(section)
        verdict = Verdict(border, tuple(outcomes), time.monotonic() - began)
        store(connection, build_number, verdict)

    from cx_warehouse.quality.docs import write_docs

    write_docs(docs_dir, night, verdict, sections)
    return verdict


class _Engine:
    """A Great Expectations context with the warehouse as its one source."""

    def __init__(self) -> None:
        import great_expectations as gx

        # it sets its own level as it is imported; the other one tells of every decimal that becomes a float
        logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
        logging.getLogger("great_expectations.util").setLevel(logging.ERROR)
        self._gx = gx
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = {"globally": False}
        self._source = self._context.data_sources.add_postgres("warehouse", connection_string=f"${{{_CONNECTION}}}")

    def check(self, suite: Suite, dataset: Dataset, night: Night, standing: set[str]) -> tuple[list[Outcome], str]:
        """The dataset's outcomes in the order of its checks, and their section of the data docs."""
        if dataset.query is None and dataset.name not in standing:
            return [
                Outcome(suite.name, dataset.name, check, False, {}, "there is no such table")
                for check in dataset.checks
            ], ""
        name = f"{suite.name}: {dataset.name}"
        try:
            query = night.fill(dataset.query or f"select * from {{marts}}.{dataset.name}")
            asset = self._source.add_query_asset(name, query=query)
            expectations = self._context.suites.add(
                self._gx.ExpectationSuite(name=name, expectations=[self.expectation(check) for check in dataset.checks])
            )
            validation = self._context.validation_definitions.add(
                self._gx.ValidationDefinition(
                    name=name, data=asset.add_batch_definition_whole_table("all"), suite=expectations
                )
            )
            results = validation.run(result_format=_RESULT_FORMAT)
        except Exception as error:  # whatever goes wrong here is a finding about the data, and belongs in the verdict
            log.warning("%s could not be checked", name, exc_info=True)
            return [
                Outcome(suite.name, dataset.name, check, False, {}, _first_line(error)) for check in dataset.checks
            ], ""
        from cx_warehouse.quality.docs import render_section

        by_id = {result.expectation_config.id: result for result in results.results}
        outcomes = []
        for check, expectation in zip(dataset.checks, expectations.expectations, strict=True):
            outcomes.append(_outcome(suite, dataset, check, by_id[expectation.id]))
        return outcomes, render_section(name, results)

    def expectation(self, check: Check) -> Any:
        """The check as Great Expectations' own object."""
        from great_expectations.expectations.registry import get_expectation_impl

        return get_expectation_impl(check.expectation)(
            **check.arguments, description=check.says, severity=check.severity
        )


@contextmanager
def _engine(dsn: str) -> Iterator[_Engine]:
    """A context whose connection is in the environment for as long as it is used, and nowhere else."""
    os.environ.update({"GX_ANALYTICS_ENABLED": "False", "DO_NOT_TRACK": "1"})
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with environment({_CONNECTION: sqlalchemy_url(dsn)}):
        yield _Engine()


def sqlalchemy_url(dsn: str) -> str:
    """A libpq connection string as SQLAlchemy wants it, through psycopg 2."""
    from sqlalchemy import URL

    given = {name: str(value) for name, value in conninfo.conninfo_to_dict(dsn).items() if value is not None}
    user, password, database = given.pop("user", None), given.pop("password", None), given.pop("dbname", None)
    # the host stays a parameter: it may be a socket's folder
    url = URL.create("postgresql+psycopg2", user, password, database=database, query=given)
    return url.render_as_string(hide_password=False)


def _standing_tables(connection: psycopg.Connection, night: Night) -> set[str]:
    return {
        row[0]
        for row in connection.execute(
            "select relname from pg_class where relnamespace = to_regnamespace(%s)", [night.set_name]
        )
    }


def _outcome(suite: Suite, dataset: Dataset, check: Check, result: Any) -> Outcome:
    raw = result.to_json_dict()
    observed = {name: raw["result"][name] for name in _KEPT if raw["result"].get(name) is not None}
    return Outcome(suite.name, dataset.name, check, bool(raw["success"]), observed, _raised(raw["exception_info"]))


def _raised(info: Mapping[str, Any]) -> str | None:
    """The first error of a check, whether there is one for the check or one for each of its metrics."""
    if "raised_exception" in info:
        return _first_line(info.get("exception_message") or "unknown error") if info["raised_exception"] else None
    return next((_raised(metric) for metric in info.values() if metric.get("raised_exception")), None)


def _first_line(error: object) -> str:
    """One short line: what follows in a database's error is the statement, and may quote rows."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
