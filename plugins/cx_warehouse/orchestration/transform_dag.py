"""The DAG `transform`: once the night is in, build the candidate set, check it, and publish it or say why not."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import psycopg
from airflow.sdk import DAG, Param, TriggerRule, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from cx_warehouse import publishing
from cx_warehouse.connectors import registry
from cx_warehouse.connectors.errors import CxError
from cx_warehouse.landing.ingest import describe
from cx_warehouse.orchestration import settings
from cx_warehouse.orchestration.alerts import AlertNotifier, send_alert
from cx_warehouse.orchestration.assets import MARTS, WAKES_TRANSFORM
from cx_warehouse.orchestration.check_charts import check_charts
from cx_warehouse.orchestration.ingest_dag import clear_errors
from cx_warehouse.transform import builds
from cx_warehouse.transform.layers import LAYERS
from cx_warehouse.transform.nights import night_state

log = logging.getLogger(__name__)


def transform_dag() -> DAG:
    """Build the DAG `transform`. Asset events of the sources wake it; by hand, `force` builds a night once more."""

    @dag(
        dag_id="transform",
        description="Build, check and publish the marts of a night",
        schedule=WAKES_TRANSFORM,
        catchup=False,
        max_active_runs=1,
        params={
            "as_of": Param(None, type=["null", "string"], description="Which night. Empty: the one opened last."),
            "force": Param(False, type="boolean", description="Build although the night is built, or not all in."),
            "full_refresh": Param(
                False, type="boolean", description="Build everything from raw, not just what changed."
            ),
        },
        tags=["transform"],
        # one alert a night: report_failure sends it for every task that leads to the publish
        default_args={"retries": 1, "retry_delay": settings.RETRY_DELAY},
    )
    def transform() -> None:
        build = begin()
        raw_checked = check.override(task_id="check_raw")("raw", build)
        staging, *layers = [build_layer.override(task_id=name)(name, build) for name in LAYERS]
        steps = [staging, resolve_identities(build), score_comments(build), *layers]
        marts_checked = check.override(task_id="check_marts")("marts", build)
        published = publish(build)
        previous = build
        for step in steps:
            previous >> step
            previous = step
        previous >> marts_checked
        [raw_checked, marts_checked] >> published >> [document(build), check_charts()]
        [build, raw_checked, *steps, marts_checked, published] >> report_failure()

    return transform()


@task
def begin() -> dict[str, Any]:
    """Claim the night's build if it is time for it, make the candidate set ready and freeze what it reads."""
    params = get_current_context()["params"]
    with clear_errors():
        given = settings.as_of_from(params["as_of"]) if params["as_of"] else None
        with psycopg.connect(settings.warehouse_dsn("publisher"), autocommit=True) as connection:
            state = night_state(connection, given)
            if state.not_yet and not params["force"]:
                raise AirflowSkipException(state.not_yet)
            number = builds.claim_build(connection, state.as_of)
            former = publishing.find_set(connection, publishing.PREVIOUS)
            is_other = builds.is_of_other_code(connection, number, former.build_number if former else None)
            if is_other:
                log.info("models, macros or rules of identity are not those of the last nights: built in full")
            erased = builds.is_before_erasure(connection, former.build_number if former else None)
            if erased:
                log.info("somebody was erased since the set to build upon was built: built in full")
            full = publishing.prepare_candidate(
                connection, full=params["full_refresh"] or is_other or erased, build_number=number
            )
            builds.set_kind(connection, number, full=full)
            builds.freeze(connection, number, registry.streams())
    log.info("build %d of the night of %s, %s", number, state.as_of.isoformat(), "in full" if full else "incremental")
    if state.failed:
        log.warning("without new data from %s", ", ".join(state.failed))
    return {"build_number": number, "as_of": state.as_of.isoformat(), "full": full}


@task
def build_layer(name: str, build: dict[str, Any]) -> str:
    """Build one layer with dbt; every node's result is in this log and in ops.dbt_nodes."""
    from cx_warehouse.transform.dbt import dbt_build

    with noted_errors(build):
        nodes = dbt_build(
            settings.warehouse_dsn("builder"),
            name,
            LAYERS[name].select,
            LAYERS[name].exclude,
            build_number=build["build_number"],
            as_of=datetime.fromisoformat(build["as_of"]),
            full=build["full"],
            **_dbt_paths(),
        )
    return f"{len(nodes)} nodes"


@task
def resolve_identities(build: dict[str, Any]) -> str:
    """Decide which records are one customer: those that this build's changes reach, or all of them."""
    from cx_warehouse.identity.run import resolve_identities as resolve

    with noted_errors(build):
        report = resolve(settings.warehouse_dsn("builder"), build["build_number"])
    log.info("%s", report)
    return str(report)


@task
def score_comments(build: dict[str, Any]) -> str:
    """Say of each comment its language, sentiment, emotion and themes; only texts that nobody scored yet are read."""
    from cx_warehouse.voice.run import score_comments as score

    with noted_errors(build):
        report = score(settings.warehouse_dsn("builder"), build["build_number"])
    log.info("%s", report)
    return str(report)


@task
def check(border: str, build: dict[str, Any]) -> str:
    """Run the border's expectations; a critical failure stops the publish, a warning is shown."""
    from cx_warehouse.quality import run_border

    with noted_errors(build):
        verdict = run_border(
            border,
            settings.warehouse_dsn("builder"),
            build["build_number"],
            as_of=datetime.fromisoformat(build["as_of"]),
            docs_dir=settings.home() / "data_docs",
        )
        log.info("%s", verdict)
        verdict.raise_if_critical()
    return str(verdict)


@task(outlets=[MARTS])
def publish(build: dict[str, Any]) -> str:
    """Switch the candidate set live, in one transaction."""
    with noted_errors(build), psycopg.connect(settings.warehouse_dsn("publisher"), autocommit=True) as connection:
        publication = publishing.publish(connection, build["build_number"])
    for view in publication.broken_views:
        log.warning("a reader's own view no longer fits the marts: %s", view)
    if publication.ended_sessions:
        log.warning("readers' sessions that held up the switch were ended: %s", publication.ended_sessions)
    return f"build {build['build_number']} is published"


@task(on_failure_callback=AlertNotifier())
def document(build: dict[str, Any]) -> str:
    """Build dbt's documentation of what is published: a failure here is shown, and takes nothing back."""
    from cx_warehouse.transform.dbt import dbt_docs

    with clear_errors():
        return str(
            dbt_docs(
                settings.warehouse_dsn("publisher"),
                build_number=build["build_number"],
                as_of=datetime.fromisoformat(build["as_of"]),
                **_dbt_paths("docs"),
            )
        )


@task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
def report_failure() -> None:
    """Record why the night is not published, and say so. What readers see stays the last good night."""
    with psycopg.connect(settings.warehouse_dsn("publisher"), autocommit=True) as connection:
        reason = builds.fail_running(connection)
    send_alert(f"the night is not published: {reason}. Readers keep the last good one (docs/runbook.md#failed-night)")
    raise AirflowException(reason)


class noted_errors:
    """Notes a task's error with its build, and spares errors that no retry can mend the retry."""

    def __init__(self, build: dict[str, Any]) -> None:
        self._build = build

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None:
            return
        with psycopg.connect(settings.warehouse_dsn("publisher"), autocommit=True) as connection:
            builds.note_error(connection, self._build["build_number"], describe(error))
        if isinstance(error, CxError):
            raise AirflowFailException(describe(error)) from None


def _dbt_paths(target: str = "target") -> dict[str, Any]:
    return {"target_path": settings.home() / "dbt" / target, "log_path": settings.home() / "dbt" / "logs"}
