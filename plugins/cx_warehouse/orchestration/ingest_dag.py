"""The DAG of one source: prove the credentials, bring each stream in, and say that the source is done for the night."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from airflow.sdk import DAG, Param, TriggerRule, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, CxError, RetryableError
from cx_warehouse.landing import ingest
from cx_warehouse.landing.ingest import describe
from cx_warehouse.orchestration import settings
from cx_warehouse.orchestration.alerts import AlertNotifier
from cx_warehouse.orchestration.assets import RAW
from cx_warehouse.transform.nights import settle_source

log = logging.getLogger(__name__)
NOT_BEGUN = "not_begun"  # where `plan` leaves for `settle` why no stream could be begun
PARAMS = {
    "as_of": Param(
        None, type=["null", "string"], description="The run's clock, as 2026-03-02T02:00:00+00:00. Empty: now."
    ),
    "streams": Param([], type="array", items={"type": "string"}, description="Only these streams. Empty: all."),
    "start": Param(None, type=["null", "string"], description="Read again from this date on (a manual re-pull)."),
    "dry_run": Param(False, type="boolean", description="Only count what would land (ops.dry_runs); write nothing."),
}


def ingest_dag(source: str) -> DAG:
    """Build the DAG `ingest_<source>`. The DAG `night` triggers it; by hand it re-pulls what its parameters say."""

    @dag(
        dag_id=f"ingest_{source}",
        description=f"Bring {source} into raw_{source}",
        schedule=None,
        catchup=False,
        max_active_runs=1,
        params=PARAMS,
        tags=["ingest", source],
        default_args={
            "retries": 2,
            "retry_delay": settings.RETRY_DELAY,
            "retry_exponential_backoff": 2.0,
            "on_failure_callback": AlertNotifier(),
        },
    )
    def ingest_source() -> None:
        streams = plan(source)
        landed = land.override(pool=f"cx_{source}").partial(source=source).expand(stream=streams)
        settle.override(outlets=[RAW[source]])(source) << landed
        landed >> all_streams_in()

    return ingest_source()


@task
def plan(source: str) -> list[str]:
    """The streams of this run, after one cheap request that proves the vendor is in reach and knows us."""
    context = get_current_context()
    wanted = list(context["params"]["streams"])
    try:
        with clear_errors():
            names = registry.stream_names(source)
            if unknown := sorted(set(wanted) - set(names)):
                raise ConfigError(f"unknown stream of {source}: {', '.join(unknown)}; there are: {', '.join(names)}")
            _window(context)
            config = settings.vendor_config(source)
            log.info("%s", registry.connect(source, config, settings.shared_account(source, config)).check())
    except (CxError, AirflowFailException) as error:
        context["ti"].xcom_push(key=NOT_BEGUN, value=str(error))
        raise
    return [name for name in names if not wanted or name in wanted]


@task(map_index_template="{{ task.op_kwargs['stream'] }}")
def land(source: str, stream: str) -> str:
    """Walk one stream and land it; return a line that says what came in."""
    context = get_current_context()
    with clear_errors():
        config = settings.vendor_config(source)
        connector = registry.connect(source, config, settings.shared_account(source, config))
        result = ingest(
            connector,
            stream,
            _window(context),
            settings.warehouse_dsn("loader"),
            account=settings.account_of(source, config),
            dry_run=context["params"]["dry_run"],
            erasure_key=settings.erasure_key(),
        )
    log.info("%s", result)
    return str(result)


@task(trigger_rule=TriggerRule.ALL_DONE)
def settle(source: str) -> str:
    """Record that the source is done for the night, whether it is in or given up; the transform wakes."""
    context = get_current_context()
    if context["params"]["dry_run"]:
        raise AirflowSkipException("a dry run brings nothing in")
    with psycopg.connect(settings.warehouse_dsn("loader")) as connection:
        said = settle_source(
            connection,
            _window(context).end,
            source,
            registry.stream_names(source),
            not_begun=context["ti"].xcom_pull(task_ids="plan", key=NOT_BEGUN),
        )
    log.info("%s", said)
    return said


@task(trigger_rule=TriggerRule.ALL_SUCCESS)
def all_streams_in() -> None:
    """A leaf that fails with any stream, so that the run shows as failed although its source is settled."""


class clear_errors:
    """Turns an error that no retry can mend into one that Airflow does not retry, as one line without a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, CxError) and not isinstance(error, RetryableError):
            raise AirflowFailException(describe(error)) from None


def _window(context: Any) -> Window:
    """The run's window. Without a given as_of it is the time the DAG run was asked for, the same for all its tasks."""
    given, start = context["params"]["as_of"], context["params"]["start"]
    end = settings.as_of_from(given or context["dag_run"].run_after.isoformat())
    return Window(end=end, start=settings.as_of_from(start) if start else None)
