"""The dashboards' files held against what is published: what a chart names must be in its dataset, what a dataset names
must be in a table that its database role may read."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import sqlglot
import yaml
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from cx_warehouse.publishing.published import PUBLISHED

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "dashboards"
Item = dict[str, Any]
Schema = dict[str, dict[str, dict[str, str]]]

# what the definitions are read from
PG_CATALOG = {
    "pg_class": ("oid", "relname", "relnamespace"),
    "pg_namespace": ("oid", "nspname"),
    "pg_attribute": ("attrelid", "attname", "attnum"),
    "pg_description": ("objoid", "classoid", "objsubid", "description"),
}
# the filters by which datasets choose a cut, and a value of each
CUTS: tuple[Mapping[str, list[str]], ...] = (
    {},
    {"channel": ["email"]},
    {"segment": ["business"]},
    {"team": ["Tier 1"]},
    {"channel": ["email"], "team": ["Tier 1"]},
)


@cache
def items(kind: str) -> dict[str, Item]:
    """All files of a kind (databases, datasets, charts, dashboards) by uuid."""
    found = [yaml.safe_load(path.read_text()) for path in sorted((FOLDER / kind).rglob("*.yaml"))]
    by_uuid = {item["uuid"]: item for item in found}
    assert len(by_uuid) == len(found), f"two {kind} have one uuid"
    return by_uuid


@cache
def role_of(database_uuid: str) -> str:
    """The database role that a connection reads as, of its address: postgresql+psycopg2://ROLE@warehouse/warehouse."""
    return str(items("databases")[database_uuid]["sqlalchemy_uri"]).split("//")[1].split("@")[0]


@cache
def readable(role: str) -> Schema:
    """Schema, table, column → type of everything that a role may read, of the dbt models and of the ops views."""
    granted = {table.name for table in PUBLISHED if role in table.readers}
    marts: dict[str, dict[str, str]] = {}
    for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            if model["name"] in granted:
                marts[model["name"]] = {column["name"]: column["data_type"] for column in model["columns"]}
    catalog = {name: dict.fromkeys(columns, "text") for name, columns in PG_CATALOG.items()}
    return {"marts": marts, "ops": _ops_views(role), "pg_catalog": catalog}


def _ops_views(role: str) -> dict[str, dict[str, str]]:
    folder = ROOT / "plugins" / "cx_warehouse" / "database"
    granted = {
        name.strip().removeprefix("ops.")
        for line in (folder / "roles.sql").read_text().splitlines()
        if line.startswith("grant select on ops.") and role in line.split(" to ")[1].rstrip(";").split(", ")
        for name in line.removeprefix("grant select on ").split(" to ")[0].split(",")
    }
    views = {}
    for statement in sqlglot.parse((folder / "schema.sql").read_text(), dialect="postgres", error_level=None):
        if isinstance(statement, exp.Create) and statement.kind == "VIEW" and statement.this.name in granted:
            views[statement.this.name] = dict.fromkeys(statement.expression.named_selects, "text")
    return views


def rendered(dataset: Item, filters: Mapping[str, list[str]]) -> str:
    """A dataset's SQL as Superset sends it when these filters are set."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.filters["where_in"] = lambda values: "(" + ", ".join(f"'{value}'" for value in values) + ")"
    return environment.from_string(dataset["sql"]).render(
        filter_values=lambda column, default=None, remove_filter=False: filters.get(column, [])
    )


def check_dataset(dataset: Item) -> set[str]:
    """The tables that a dataset reads. Raises AssertionError or sqlglot's error for anything that is not there."""
    schema = readable(role_of(dataset["database_uuid"]))
    tables: set[str] = set()
    for filters in CUTS:
        parsed = sqlglot.parse_one(rendered(dataset, filters), dialect="postgres")
        inner = {cte.alias for cte in parsed.find_all(exp.CTE)}
        for table in parsed.find_all(exp.Table):
            if table.db:
                assert table.name in schema[table.db], f"{table.db}.{table.name} is not there for this role"
                tables |= {table.name} if table.db == "marts" else set()
            elif not isinstance(table.this, exp.Func):
                assert table.name in inner, f"{table.name} names no schema"
        qualified = qualify(parsed, schema=schema, dialect="postgres", validate_qualify_columns=True)
        named = [column["column_name"] for column in dataset["columns"]]
        assert qualified.named_selects == named, "columns of the file and of its SQL differ"
    return tables


def columns_of(dataset: Item) -> set[str]:
    return {column["column_name"] for column in dataset["columns"]}


def check_expression(expression: str, dataset: Item) -> None:
    """An SQL expression over a dataset names only its columns."""
    for column in sqlglot.parse_one(expression, dialect="postgres").find_all(exp.Column):
        assert column.name in columns_of(dataset), f"{column.name} is no column of {dataset['table_name']}"


def check_chart(chart: Item) -> None:
    """Everything that a chart names is in its dataset."""
    dataset = items("datasets")[chart["dataset_uuid"]]
    columns = columns_of(dataset)
    metrics = {metric["metric_name"] for metric in dataset["metrics"]}
    form = chart["params"]
    for name in named_columns(form):
        assert name in columns, f"{name} is no column of {dataset['table_name']}"
    sort = form.get("timeseries_limit_metric")
    for name in [*(form.get("metrics") or []), *filter(None, [form.get("metric"), sort])]:
        assert name in metrics, f"{name} is no metric of {dataset['table_name']}"
    for one in form.get("adhoc_filters") or []:
        if one["expressionType"] == "SQL":
            check_expression(one["sqlExpression"], dataset)


def named_columns(form: Item) -> Iterator[str]:
    yield from form.get("all_columns") or []
    groups = form.get("groupby") or []
    yield from [groups] if isinstance(groups, str) else groups
    if form.get("x_axis"):
        yield form["x_axis"]
    yield from (json.loads(pair)[0] for pair in form.get("order_by_cols") or [])
    yield from form.get("column_config") or {}
    yield from (one["subject"] for one in form.get("adhoc_filters") or [] if one["expressionType"] == "SIMPLE")


def charts_of(dashboard: Item) -> set[str]:
    """The uuids of the charts on a dashboard."""
    return {
        part["meta"]["uuid"]
        for part in dashboard["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    }
