"""Run a part of the dbt project in this process, and record every node's result."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cx_warehouse.connectors.errors import CxError
from cx_warehouse.environment import environment

log = logging.getLogger(__name__)
PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"


class BuildError(CxError):
    """Models or their tests failed: the message names them."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    rows_affected: int | None
    failures: int | None
    message: str | None

    @property
    def is_failure(self) -> bool:
        return self.status in ("error", "fail", "runtime error")


def dbt_build(
    dsn: str,
    task: str,
    select: Sequence[str],
    exclude: Sequence[str] = (),
    *,
    build_number: int,
    as_of: datetime,
    full: bool,
    target_path: Path,
    log_path: Path,
) -> list[NodeResult]:
    """`dbt build --select … --exclude …` into the candidate set; each node's result goes to ops.dbt_nodes and the log.

    Raises BuildError that names the failed nodes, after all results are recorded."""
    # Unit tests judge the code, not the night's data: `make test` runs them.
    # Results are taken from memory, so dbt need not write its files of them and of the project.
    arguments = ["--no-write-json", "build", "--select", *select, "--indirect-selection", "buildable"]
    arguments += ["--exclude-resource-type", "unit_test"]
    if exclude:
        arguments += ["--exclude", *exclude]
    if full:
        arguments.append("--full-refresh")
    result = _invoke(dsn, arguments, build_number, as_of, target_path, log_path)
    nodes = [_node(run) for run in getattr(result.result, "results", [])]
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(
            """insert into ops.dbt_nodes (build_number, task, unique_id, name, resource_type, status, seconds,
                   rows_affected, failures, message) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            [
                (
                    build_number,
                    task,
                    n.unique_id,
                    n.name,
                    n.resource_type,
                    n.status,
                    n.seconds,
                    n.rows_affected,
                    n.failures,
                    n.message,
                )
                for n in nodes
            ],
        )
    for node in nodes:
        log.log(
            logging.ERROR if node.is_failure else logging.INFO,
            "%s %s: %s in %.2f s%s",
            node.resource_type,
            node.name,
            node.status,
            node.seconds,
            f" ({node.message})" if node.message else "",
        )
    failed = [node for node in nodes if node.is_failure]
    if failed:
        raise BuildError(
            "; ".join(f"{node.name}: {node.message or node.status}" for node in failed[:5])
            + (f"; and {len(failed) - 5} more" if len(failed) > 5 else "")
        )
    if not result.success:
        raise BuildError(f"dbt could not run: {result.exception}")
    return nodes


def dbt_docs(dsn: str, *, build_number: int, as_of: datetime, target_path: Path, log_path: Path) -> Path:
    """Build dbt's documentation of the published set as one file and return its path."""
    arguments = ["docs", "generate", "--static"]
    result = _invoke(dsn, arguments, build_number, as_of, target_path, log_path, schema="marts")
    if not result.success:
        raise BuildError(f"dbt docs could not be built: {result.exception}")
    return target_path / "static_index.html"


def _invoke(
    dsn: str,
    arguments: list[str],
    build_number: int,
    as_of: datetime,
    target_path: Path,
    log_path: Path,
    schema: str = "candidate",
) -> Any:
    from dbt.cli.main import dbtRunner  # 2 s to import: only the task that builds pays for it

    # number and clock not as --vars: another value of those makes dbt parse the whole project again
    told = {
        **dbt_environment(dsn, schema),
        "CX_BUILD_NUMBER": str(build_number),
        "CX_AS_OF": as_of.isoformat(),
    }
    with environment(told):  # what comes later in this process is another build, or none
        return dbtRunner().invoke(
            [
                *arguments,
                "--project-dir",
                str(PROJECT),
                "--profiles-dir",
                str(PROJECT),
                "--target-path",
                str(target_path),
                "--log-path",
                str(log_path),
                "--no-use-colors",
                "--quiet",
            ]
        )


def dbt_environment(dsn: str, schema: str = "candidate") -> dict[str, str]:
    """What the project's profile reads: the connection, and the schema that is built into."""
    part = conninfo_to_dict(dsn)
    return {
        "CX_PG_HOST": str(part.get("host") or "localhost"),
        "CX_PG_PORT": str(part.get("port") or 5432),
        "CX_PG_DATABASE": str(part.get("dbname") or "warehouse"),
        "CX_PG_USER": str(part.get("user") or "cx_builder"),
        "CX_PG_PASSWORD": str(part.get("password") or ""),
        "CX_PG_SCHEMA": schema,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
    }


def without_values(message: str | None) -> str | None:
    """dbt's message without what Postgres quotes of the data: the message goes to tables and alerts that people read
    who may not see personal data. What is quoted with its name (a column, a relation) stays."""
    if message is None:
        return None
    plain = re.sub(r"\n\s*(DETAIL|CONTEXT|HINT|LINE \d+):.*", "", message, flags=re.DOTALL)
    return re.sub(r': "[^"\n]*"', ': "…"', plain)


def _node(run: Any) -> NodeResult:
    response = run.adapter_response or {}
    return NodeResult(
        unique_id=run.node.unique_id,
        name=run.node.name,
        resource_type=str(run.node.resource_type.value),
        status=str(run.status.value if hasattr(run.status, "value") else run.status),
        seconds=run.execution_time,
        rows_affected=response.get("rows_affected"),
        failures=run.failures,
        message=without_values(run.message),
    )
