"""The DAG folder holds exactly these DAGs, they import cleanly, and each is wired as the night needs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DAGS = Path(__file__).resolve().parents[3] / "dags"
REPORT = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1], safe_mode=False)
print("REPORT" + json.dumps({
    "errors": bag.import_errors,
    "dags": {name: {task.task_id: [sorted(task.downstream_task_ids), task.trigger_rule.value, task.pool]
                    for task in dag.tasks} for name, dag in bag.dags.items()},
    "imported": [name for name in ("dbt", "great_expectations", "cx_warehouse.connectors.zendesk.connector")
                 if name in sys.modules],
}))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Parsed in a process of its own, with an Airflow home of its own."""
    import json

    home = tmp_path_factory.mktemp("airflow")
    done = subprocess.run(
        [sys.executable, "-c", REPORT, str(DAGS)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("REPORT")]
    assert lines, done.stderr[-2000:]
    return json.loads(lines[0].removeprefix("REPORT"))


def test_exactly_the_dags_of_the_warehouse_are_there_and_none_fails_to_import(report):
    assert report["errors"] == {}
    assert set(report["dags"]) == {
        "night",
        "ingest_zendesk",
        "ingest_hubspot",
        "ingest_typeform",
        "ingest_ga4",
        "ingest_matomo",
        "transform",
        "rollback",
        "reconcile",
        "erase",
    }


def test_parsing_imports_nothing_heavy(report):
    assert report["imported"] == []


def test_nothing_is_published_unless_both_borders_passed(report):
    transform = report["dags"]["transform"]
    before_publish = {name for name, (downstream, *_) in transform.items() if "publish" in downstream}
    assert before_publish == {"begin", "check_raw", "check_marts"}
    assert transform["publish"][1] == "all_success"


def test_a_source_is_settled_whatever_became_of_its_streams(report):
    ingest = report["dags"]["ingest_zendesk"]
    assert ingest["settle"][1] == "all_done"
    assert "settle" in ingest["land"][0]
    assert ingest["land"][2] == "cx_zendesk"


def test_every_task_of_a_build_reports_its_failure(report):
    transform = report["dags"]["transform"]
    unwatched = {name for name, (downstream, *_) in transform.items() if "report_failure" not in downstream}
    assert unwatched == {"report_failure", "document", "check_charts"}


def test_charts_are_asked_once_the_night_is_published_and_stop_nothing(report):
    transform = report["dags"]["transform"]
    assert {name for name, (downstream, *_) in transform.items() if "check_charts" in downstream} == {"publish"}
    assert transform["check_charts"][0] == []
