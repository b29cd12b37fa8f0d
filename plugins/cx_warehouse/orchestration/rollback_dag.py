"""The DAG `rollback`: give readers the night before back, when a published one turns out to be wrong."""

from __future__ import annotations

import logging

import psycopg
from airflow.sdk import DAG, dag, task

from cx_warehouse import publishing
from cx_warehouse.orchestration import settings
from cx_warehouse.orchestration.alerts import AlertNotifier
from cx_warehouse.orchestration.check_charts import check_charts
from cx_warehouse.orchestration.ingest_dag import clear_errors

log = logging.getLogger(__name__)


def rollback_dag() -> DAG:
    """Build the DAG `rollback`. It runs only when triggered."""

    @dag(
        dag_id="rollback",
        description="Switch readers back to the night published before",
        schedule=None,
        catchup=False,
        max_active_runs=1,
        tags=["publish"],
        default_args={"retries": 0, "on_failure_callback": AlertNotifier()},
    )
    def rollback() -> None:
        switch_back() >> check_charts()

    return rollback()


@task
def switch_back() -> str:
    """One transaction; refused with a clear line when the former night is gone already."""
    with clear_errors(), psycopg.connect(settings.warehouse_dsn("publisher"), autocommit=True) as connection:
        publication = publishing.rollback(connection)
    return f"readers see build {publication.build_number}"
