"""Results into ops.validations: one row per expectation of a build's border."""

from __future__ import annotations

import psycopg
from psycopg.types.json import Jsonb

from cx_warehouse.quality.verdict import Verdict


def store(connection: psycopg.Connection, build_number: int, verdict: Verdict) -> None:
    """Write the verdict's outcomes in place of those of an earlier attempt."""
    with connection.transaction():
        connection.execute(
            "delete from ops.validations where build_number = %s and border = %s", [build_number, verdict.border]
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                """insert into ops.validations
                       (build_number, border, suite, expectation, table_name, column_name, severity, success, observed,
                        message)
                   values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
                [
                    (
                        build_number,
                        verdict.border,
                        outcome.suite,
                        outcome.check.expectation,
                        outcome.dataset,
                        outcome.check.column,
                        outcome.check.severity,
                        outcome.success,
                        Jsonb(dict(outcome.observed)),
                        str(outcome),
                    )
                    for outcome in verdict.outcomes
                ],
            )
