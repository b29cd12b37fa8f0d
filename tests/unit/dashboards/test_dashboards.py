"""A renamed column, a dropped mart or a forgotten grant is noticed here, not by whoever opens the dashboard."""

import copy

import pytest
import sqlglot
import yaml
from sqlglot import exp
from sqlglot.errors import OptimizeError

from tests.unit.dashboards.assets import (
    ROOT,
    charts_of,
    check_chart,
    check_dataset,
    check_expression,
    columns_of,
    items,
    readable,
    role_of,
)

DATASETS = sorted(items("datasets").values(), key=lambda item: item["table_name"])
CHARTS = sorted(items("charts").values(), key=lambda item: item["slice_name"])
DASHBOARDS = sorted(items("dashboards").values(), key=lambda item: item["slug"])
PERSONAL = "customer-360-personal"


def dataset(name):
    return next(item for item in DATASETS if item["table_name"] == name)


@pytest.mark.parametrize("item", DATASETS, ids=lambda item: item["table_name"])
def test_a_dataset_reads_what_its_role_may_read(item):
    assert check_dataset(item) or "ops." in item["sql"] or "pg_catalog." in item["sql"]
    for metric in item["metrics"]:
        check_expression(metric["expression"], item)
        # Superset would take the column for the metric, and group what was to be listed
        assert metric["metric_name"] not in columns_of(item)
    assert item["main_dttm_col"] in {None, *columns_of(item)}
    assert item["description"], "people choose datasets by what they say of themselves"


@pytest.mark.parametrize("item", CHARTS, ids=lambda item: item["slice_name"])
def test_a_chart_names_only_what_its_dataset_has(item):
    check_chart(item)


@pytest.mark.parametrize("item", DASHBOARDS, ids=lambda item: item["slug"])
def test_a_dashboards_charts_and_filters_are_there(item):
    assert charts_of(item) <= items("charts").keys()
    for one in item["metadata"]["native_filter_configuration"]:
        for target in filter(None, one["targets"]):
            assert target["column"]["name"] in columns_of(items("datasets")[target["datasetUuid"]])


def test_no_chart_and_no_dataset_is_forgotten():
    on_dashboards = set().union(*(charts_of(item) for item in DASHBOARDS))
    assert on_dashboards == items("charts").keys()
    assert {chart["dataset_uuid"] for chart in CHARTS} == items("datasets").keys()


def test_the_five_dashboards_are_there_and_one_for_personal_data():
    assert [item["slug"] for item in DASHBOARDS] == [
        "customer-360",
        PERSONAL,
        "cx-today",
        "data-health",
        "support",
        "voice",
    ]


def test_all_pages_look_alike():
    assert len({item["css"] for item in DASHBOARDS}) == 1


def test_only_the_dashboard_for_personal_data_reads_as_the_role_for_it():
    for item in DASHBOARDS:
        datasets = {items("charts")[uuid]["dataset_uuid"] for uuid in charts_of(item)}
        roles = {role_of(items("datasets")[uuid]["database_uuid"]) for uuid in datasets}
        # all or nothing: a dashboard of which a reader sees half the charts would only annoy
        assert roles == ({"cx_reader_pii"} if item["slug"] == PERSONAL else {"cx_reader"})


def test_nothing_personal_is_cached():
    personal = [item for item in items("databases").values() if role_of(item["uuid"]) == "cx_reader_pii"]
    assert [item["cache_timeout"] for item in personal] == [-1]
    charts = [c for c in CHARTS if items("datasets")[c["dataset_uuid"]]["database_uuid"] == personal[0]["uuid"]]
    assert {chart["cache_timeout"] for chart in charts} == {-1}


def test_exposures_tell_dbt_what_each_dashboard_needs():
    path = ROOT / "dbt_project" / "models" / "_dashboards__exposures.yml"
    exposures = {one["name"]: one for one in yaml.safe_load(path.read_text())["exposures"]}
    needed = {}
    for item in DASHBOARDS:
        datasets = {items("charts")[uuid]["dataset_uuid"] for uuid in charts_of(item)}
        tables = set().union(*(check_dataset(items("datasets")[uuid]) for uuid in datasets))
        needed["dashboard_" + item["slug"].replace("-", "_")] = sorted(f"ref('{name}')" for name in tables)
    assert {name: one["depends_on"] for name, one in exposures.items()} == needed
    assert all(one["type"] == "dashboard" for one in exposures.values())


def test_access_names_datasets_and_databases_that_are_there():
    access = yaml.safe_load((ROOT / "dashboards" / "roles.yaml").read_text())
    databases = {item["database_name"]: role_of(item["uuid"]) for item in items("databases").values()}
    for role in access["roles"]:
        roles = {databases[name] for name in role["databases"]}
        assert ("cx_reader_pii" in roles) == (role["name"] in ("Analyst with personal data", "Dashboard checker"))
    for rule in access["row_rules"]:
        for name in rule["tables"]:
            named = {column.name for column in sqlglot.parse_one(rule["clause"], "postgres").find_all(exp.Column)}
            assert named <= readable("cx_reader")["marts"][name].keys()
        assert set(rule["roles"]) <= {role["name"] for role in access["roles"]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ticket.priority,", "ticket.urgency,"),
        ("marts.mart_support__tickets", "marts.mart_support__cases"),
        ("marts.mart_support__tickets", "marts.dim_customers_personal"),
        ("ticket.status,", ""),
    ],
    ids=["no such column", "no such table", "not for this role", "column of the file is gone"],
)
def test_the_check_of_datasets_can_fail(old, new):
    broken = copy.deepcopy(dataset("support_tickets"))
    assert old in broken["sql"]
    broken["sql"] = broken["sql"].replace(old, new)
    with pytest.raises((AssertionError, OptimizeError)):
        check_dataset(broken)


@pytest.mark.parametrize(
    "change",
    [
        {"all_columns": ["ticket_id", "urgency"]},
        {"metric": "customers"},
        {"order_by_cols": ['["urgency", true]']},
        {"adhoc_filters": [{"expressionType": "SIMPLE", "subject": "urgency", "operator": "==", "comparator": "x"}]},
        {"adhoc_filters": [{"expressionType": "SQL", "sqlExpression": "urgency > 1"}]},
    ],
    ids=["column", "metric", "order", "filter", "condition"],
)
def test_the_check_of_charts_can_fail(change):
    chart = copy.deepcopy(next(c for c in CHARTS if c["dataset_uuid"] == dataset("support_tickets")["uuid"]))
    check_chart(chart)
    chart["params"] |= change
    with pytest.raises(AssertionError):
        check_chart(chart)
