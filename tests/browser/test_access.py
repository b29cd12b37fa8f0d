"""What a role may not see it does not get by any way: neither from charts, nor in SQL Lab, whatever the cache holds."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("CX_HOME") or ROOT / ".cx").resolve()


class Api:
    """Superset's REST API as one user."""

    def __init__(self, request, user, password):
        self.request = request
        login = {"username": user, "password": password, "provider": "db"}
        token = request.post("/api/v1/security/login", data=login).json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}
        self.headers["X-CSRFToken"] = self.get("/api/v1/security/csrf_token/")

    def get(self, path):
        return self.request.get(path, headers=self.headers).json()["result"]

    def tickets_by_country(self):
        listed = self.get("/api/v1/dataset/?q=(page_size:100)")
        number = next(one["id"] for one in listed if one["table_name"] == "support_tickets")
        query = {"columns": ["country"], "metrics": ["tickets"], "filters": [], "row_limit": 100}
        body = {"datasource": {"id": number, "type": "table"}, "queries": [query]}
        answer = self.request.post("/api/v1/chart/data", data=body, headers=self.headers)
        return {row["country"]: row["tickets"] for row in answer.json()["result"][0]["data"]}

    def sql(self, text):
        database = self.get("/api/v1/database/")[0]["id"]
        body = {"database_id": database, "sql": text, "schema": "marts", "client_id": os.urandom(5).hex()}
        return self.request.post("/api/v1/sqllab/execute/", data=body, headers=self.headers)


@pytest.fixture
def analyst(chromium, address, passwords):
    context = chromium.new_context(base_url=address)
    yield Api(context.request, "analyst", passwords["analyst"])
    context.close()


def load(folder):
    """Bring the running Superset to what `folder` says, as `make dashboards` does."""
    environment = {
        **os.environ,
        "SUPERSET_CONFIG_PATH": str(ROOT / "deploy" / "superset" / "superset_config.py"),
        "CX_SUPERSET_SETTINGS": str(HOME / "superset" / "settings.json"),
        "SUPERSET_HOME": str(HOME / "superset"),
    }
    command = [str(ROOT / ".venv-superset" / "bin" / "python"), "-m", "deploy.superset.load", str(folder)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)


@pytest.fixture
def rule_for_analysts(tmp_path):
    """`rule_for_analysts(clause)` limits analysts to rows of tickets; the files' own rules are back afterwards."""
    changed = tmp_path / "dashboards"
    shutil.copytree(ROOT / "dashboards", changed)

    def limit(clause):
        rule = {"name": "A test", "roles": ["Analyst"], "tables": ["mart_support__tickets"], "clause": clause}
        access = (changed / "roles.yaml").read_text()
        assert "\nrow_rules: []\n" in access
        (changed / "roles.yaml").write_text(access.replace("\nrow_rules: []\n", f"\nrow_rules: {json.dumps([rule])}\n"))
        load(changed)

    yield limit
    load(ROOT / "dashboards")


def test_a_rule_on_rows_holds_in_charts_and_in_sql_lab(analyst, rule_for_analysts):
    everything = analyst.tickets_by_country()
    country = max(filter(None, everything), key=everything.get)
    rule_for_analysts(f"country = '{country}'")
    assert analyst.tickets_by_country() == {country: everything[country]}
    answer = analyst.sql("select country, count(*) as n from marts.mart_support__tickets group by country")
    assert [row["country"] for row in answer.json()["data"]] == [country]


def test_an_analyst_gets_no_personal_table_in_sql_lab(analyst):
    assert [one["database_name"] for one in analyst.get("/api/v1/database/")] == ["CX warehouse"]
    for table in ("dim_customers_personal", "fct_comments_personal"):
        answer = analyst.sql(f"select * from marts.{table} limit 1")
        assert answer.status >= 400
        assert f"permission denied for table {table}" in answer.text()


def test_loading_again_keeps_what_people_made_and_deletes_what_the_files_lost(analyst, tmp_path):
    mine = {"slice_name": "Mine", "viz_type": "table", "datasource_type": "table", "params": "{}"}
    mine["datasource_id"] = analyst.get("/api/v1/dataset/?q=(page_size:1)")[0]["id"]
    made = analyst.request.post("/api/v1/chart/", data=mine, headers=analyst.headers).json()["id"]
    changed = tmp_path / "dashboards"
    shutil.copytree(ROOT / "dashboards", changed)
    (changed / "dashboards" / "data_health.yaml").unlink()
    try:
        load(changed)
        assert "Data health" not in {one["dashboard_title"] for one in analyst.get("/api/v1/dashboard/")}
        load(ROOT / "dashboards")
        assert "Data health" in {one["dashboard_title"] for one in analyst.get("/api/v1/dashboard/")}
        assert "Mine" in {one["slice_name"] for one in analyst.get("/api/v1/chart/?q=(page_size:200)")}
    finally:
        load(ROOT / "dashboards")
        analyst.request.delete(f"/api/v1/chart/{made}", headers=analyst.headers)
