"""The DAG `night`: open a night, start every enabled source, and let the transform go on without the late ones."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param, PokeReturnValue, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from cx_warehouse.orchestration import settings
from cx_warehouse.orchestration.alerts import AlertNotifier, send_alert
from cx_warehouse.orchestration.assets import NIGHT_DEADLINE
from cx_warehouse.orchestration.ingest_dag import clear_errors
from cx_warehouse.transform.nights import night_state, open_night, pass_deadline

log = logging.getLogger(__name__)


def night_dag() -> DAG:
    """Build the DAG `night`."""

    @dag(
        dag_id="night",
        description="Open a night and start every enabled source",
        schedule=settings.SCHEDULE,
        catchup=False,
        max_active_runs=1,
        params={"as_of": Param(None, type=["null", "string"], description="The night's clock. Empty: now.")},
        tags=["night"],
        default_args={"retries": 2, "retry_delay": settings.RETRY_DELAY, "on_failure_callback": AlertNotifier()},
    )
    def night() -> None:
        runs = begin()
        started = TriggerDagRunOperator.partial(task_id="start_source", wait_for_completion=False).expand_kwargs(runs)
        started >> watch_deadline()

    return night()


@task
def begin() -> list[dict[str, Any]]:
    """Open the night in ops.nights and return one DAG run to trigger per enabled source, all with the same clock."""
    context = get_current_context()
    with clear_errors():
        as_of = _as_of(context)
        sources = settings.enabled_sources()
        with psycopg.connect(settings.warehouse_dsn("loader")) as connection:
            open_night(connection, as_of, sources, settings.DEADLINE)
    log.info("the night of %s: %s", as_of.isoformat(), ", ".join(sources))
    return [{"trigger_dag_id": f"ingest_{source}", "conf": {"as_of": as_of.isoformat()}} for source in sources]


# Not in mode "reschedule": Airflow counts each reschedule as a try, so the watch would fail after a few pokes.
@task.sensor(
    poke_interval=settings.POKE_SECONDS,
    timeout=(settings.DEADLINE * 2).total_seconds(),
    mode="poke",
    outlets=[NIGHT_DEADLINE],
)
def watch_deadline() -> PokeReturnValue:
    """Wait until all sources are settled (nobody has to be woken) or the deadline passes (the transform is)."""
    as_of = _as_of(get_current_context())
    with psycopg.connect(settings.warehouse_dsn("loader")) as connection:
        state = night_state(connection, as_of)
        if not state.waiting_for:
            raise AirflowSkipException("all sources are settled; the deadline does not matter any more")
        if not state.deadline_passed:
            return PokeReturnValue(is_done=False)
        pass_deadline(connection, as_of)
    late = ", ".join(state.waiting_for)
    send_alert(
        f"the night of {as_of.isoformat()} goes on without {late}: not in by the deadline; "
        f"their age will show in marts.source_freshness (docs/runbook.md#late-source)"
    )
    return PokeReturnValue(is_done=True)


def _as_of(context: Any) -> Any:
    return settings.as_of_from(context["params"]["as_of"] or context["dag_run"].run_after.isoformat())
