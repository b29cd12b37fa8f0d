"""The DAG `reconcile`: read again what the vendors have, and mend what the nights could not see."""

from __future__ import annotations

import logging

from airflow.sdk import DAG, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.landing.reconcile import NothingToReconcileError, reconcile
from cx_warehouse.orchestration import settings
from cx_warehouse.orchestration.alerts import AlertNotifier
from cx_warehouse.orchestration.ingest_dag import clear_errors

log = logging.getLogger(__name__)


def reconcile_dag() -> DAG:
    """Build the DAG `reconcile`. It runs by its own schedule, and by hand."""

    @dag(
        dag_id="reconcile",
        description="Compare raw with the vendors, and mend it",
        schedule=settings.RECONCILE_SCHEDULE,
        catchup=False,
        max_active_runs=1,
        params={
            "source": Param(None, type=["null", "string"], description="Only this source. Empty: all that are on."),
            "streams": Param([], type="array", items={"type": "string"}, description="Only these streams. Empty: all."),
            "as_of": Param(None, type=["null", "string"], description="The run's clock. Empty: now."),
            "believe_all": Param(
                False, type="boolean", description="Delete what seems gone even where that is most of a stream."
            ),
        },
        tags=["ingest"],
        default_args={
            "retries": 2,
            "retry_delay": settings.RETRY_DELAY,
            "retry_exponential_backoff": 2.0,
            "on_failure_callback": AlertNotifier(),
        },
    )
    def reconcile_all() -> None:
        for source in registry.SOURCES:
            streams = choose.override(task_id=f"choose_{source}")(source)
            compare.override(task_id=f"compare_{source}", pool=f"cx_{source}").partial(source=source).expand(
                stream=streams
            )

    return reconcile_all()


@task
def choose(source: str) -> list[str]:
    """The source's streams that reading again can tell something of, as far as they were asked for."""
    params = get_current_context()["params"]
    with clear_errors():
        asked = registry.require_sources([params["source"]] if params["source"] else settings.enabled_sources())
        if source not in asked:
            raise AirflowSkipException(f"{source} was not asked for")
        streams = registry.connector_class(source).streams
        wanted = list(params["streams"])
        if params["source"] and (unknown := sorted(set(wanted) - set(streams))):
            raise ConfigError(f"unknown stream of {source}: {', '.join(unknown)}; there are: {', '.join(streams)}")
    return [name for name, stream in streams.items() if stream.recheck and (not wanted or name in wanted)]


@task(map_index_template="{{ task.op_kwargs['stream'] }}")
def compare(source: str, stream: str) -> str:
    """Read one stream again, mend raw, and return a line that says what was off."""
    context = get_current_context()
    with clear_errors():
        config = settings.vendor_config(source)
        try:
            result = reconcile(
                registry.connect(source, config, settings.shared_account(source, config)),
                stream,
                settings.as_of_from(context["params"]["as_of"] or context["dag_run"].run_after.isoformat()),
                settings.warehouse_dsn("loader"),
                account=settings.account_of(source, config),
                believe_all=context["params"]["believe_all"],
                erasure_key=settings.erasure_key(),
            )
        except NothingToReconcileError as error:
            raise AirflowSkipException(str(error)) from None
    return str(result)
