"""The task that follows each change of what readers see: are the dashboards warm, and does every chart answer?"""

from __future__ import annotations

import logging

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.orchestration import settings
from cx_warehouse.orchestration.alerts import AlertNotifier, send_alert
from cx_warehouse.orchestration.ingest_dag import clear_errors

log = logging.getLogger(__name__)

SUPERSET = "cx_superset"  # the Airflow connection to it


@task(on_failure_callback=AlertNotifier())
def check_charts() -> str:
    """Drop the former night from the dashboards' caches, warm them, and alert of charts that do not answer.

    It takes nothing back. Without a connection `cx_superset` it is skipped."""
    from cx_warehouse.dashboards import SupersetApi, check_dashboards

    with clear_errors():
        try:
            found = settings.connection(SUPERSET)
        except ConfigError:
            raise AirflowSkipException(f"there is no connection {SUPERSET}, so no dashboards to check") from None
        report = check_dashboards(SupersetApi(settings.base_url(found), found.login or "", found.password or ""))
    for failure in report.failures:
        log.warning("a chart does not answer: %s", failure)
    if report.failures:
        told = "; ".join(str(failure) for failure in report.failures[:5])
        send_alert(f"{report}: {told} (docs/runbook.md#charts-without-an-answer)")
    return str(report)
