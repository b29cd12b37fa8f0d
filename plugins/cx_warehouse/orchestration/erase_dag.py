"""The DAG `erase`: do every erasure that is due, and write its certificate."""

from __future__ import annotations

import json
import logging

from airflow.sdk import DAG, dag, task

from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.orchestration import settings
from cx_warehouse.orchestration.alerts import AlertNotifier
from cx_warehouse.orchestration.ingest_dag import clear_errors
from cx_warehouse.privacy import erase_due
from cx_warehouse.privacy.ledger import DUE, FOLDER, request_due, write_certificates

log = logging.getLogger(__name__)


def erase_dag() -> DAG:
    """Build the DAG `erase`. It takes no parameter: a person's address would stay in Airflow's own database. What is
    due stands in ops.erasures, put there by `make erase`."""

    @dag(
        dag_id="erase",
        description="Remove people who asked for it from everything that is kept",
        schedule=settings.ERASE_SCHEDULE,
        catchup=False,
        max_active_runs=1,
        tags=["privacy"],
        # a build that is running is waited for
        default_args={
            "retries": 12,
            "retry_delay": settings.RETRY_DELAY,
            "on_failure_callback": AlertNotifier(),
        },
    )
    def erase() -> None:
        erase_all()

    return erase()


@task
def erase_all() -> str:
    """Everything that is due, one after the other; killed, it is taken up by the next run."""
    with clear_errors():
        key = settings.erasure_key()
        if key is None:
            raise ConfigError("there is no Airflow connection 'cx_erasure' with the erasure key (docs/erasure.md)")
        # a warehouse that was restored knows less than the list beside the backups
        again = request_due(settings.warehouse_dsn("eraser"), key, settings.home() / FOLDER / DUE)
        if again:
            log.warning("%d erasures came after the backup that was restored: they are done again", again)
        done = erase_due(
            settings.warehouse_dsn("eraser"),
            key,
            settings.home(),
            metadata_dsn=settings.optional_dsn("cx_airflow_metadata"),
            hooks=settings.erasure_hooks(),
        )
        write_certificates(settings.warehouse_dsn("eraser"), settings.home(), [one.erasure_id for one in done])
    for one in done:
        log.info("%s", json.dumps(one.certificate, indent=1))
    return f"{len(done)} erasures done; certificates are in {FOLDER}/ of the home and in ops.erasures"
