"""After a publish every chart is asked as its page asks it, and one that does not answer is named."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from cx_warehouse.connectors.errors import ConfigError, RetryableError
from cx_warehouse.dashboards import SupersetApi, check_dashboards
from cx_warehouse.dashboards.queries import chart_query, preset_filters

LISTED = {"viz_type": "table", "datasource": "7__table", "query_mode": "raw", "all_columns": ["ticket_id"]}
COUNTED = {"viz_type": "big_number_total", "datasource": "9__table", "metric": "tickets"}
PRESET = {"col": "period", "op": "IN", "val": ["month"]}
METADATA = {
    "native_filter_configuration": [
        {"id": "one", "defaultDataMask": {"extraFormData": {"filters": [PRESET]}}},
        {"id": "two", "defaultDataMask": {}},
    ]
}


class LookAlike(BaseHTTPRequestHandler):
    """Answers as Superset's REST API does, for one dashboard of two charts; notes what it is told."""

    told: list[tuple[str, object]]
    answers: dict[str, tuple[int, object]]

    def do_GET(self):
        replies = {
            "/api/v1/security/csrf_token/": "token",
            "/api/v1/dashboard/?q=(page_size:100)": [{"id": 3}],
            "/api/v1/dashboard/3": {"dashboard_title": "Support", "json_metadata": json.dumps(METADATA)},
            "/api/v1/dashboard/3/charts": [
                {"slice_name": "Tickets", "form_data": LISTED},
                {"slice_name": "Open", "form_data": COUNTED},
            ],
        }
        self.reply(200, {"result": replies[self.path]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.told.append((self.path, body))
        if self.path == "/api/v1/security/login":
            self.reply(200 if body["password"] == "right" else 401, {"access_token": "t"})
        elif self.path == "/api/v1/cachekey/invalidate":
            self.reply(201, {})
        else:
            self.reply(*self.answers.get(str(body["datasource"]["id"]), (200, {"result": [{"data": [{}]}]})))

    def reply(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture
def superset():
    handler = type("Handler", (LookAlike,), {"told": [], "answers": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()


def test_every_chart_is_asked_anew_with_the_filters_that_its_dashboard_presets(superset):
    report = check_dashboards(SupersetApi(superset.url, "airflow", "right"))
    assert (report.dashboards, report.charts, report.failures) == (1, 2, [])
    asked = [body for path, body in superset.told if path == "/api/v1/chart/data"]
    assert [body["datasource"]["id"] for body in asked] == [7, 9]
    assert all(body["force"] for body in asked)
    assert all(body["queries"][0]["filters"] == [PRESET] for body in asked)


def test_results_of_the_former_night_are_dropped_before_the_first_chart_is_asked(superset):
    check_dashboards(SupersetApi(superset.url, "airflow", "right"))
    paths = [path for path, _ in superset.told]
    assert paths.index("/api/v1/cachekey/invalidate") < paths.index("/api/v1/chart/data")
    assert dict(superset.told)["/api/v1/cachekey/invalidate"] == {"datasource_uids": ["7__table", "9__table"]}


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"errors": [{"message": 'column "urgency" does not exist'}]}),
        (200, {"result": [{"error": 'column "urgency" does not exist'}]}),
    ],
    ids=["refused", "answered with an error"],
)
def test_a_chart_without_an_answer_is_named_and_the_others_are_still_asked(superset, answer):
    superset.answers["7"] = answer
    report = check_dashboards(SupersetApi(superset.url, "airflow", "right"))
    assert report.charts == 2
    (failure,) = report.failures
    assert (failure.dashboard, failure.chart) == ("Support", "Tickets")
    assert "urgency" in failure.reason


def test_a_refused_login_says_which_connection_to_mend(superset):
    with pytest.raises(ConfigError, match="cx_superset"):
        SupersetApi(superset.url, "airflow", "wrong")


def test_superset_out_of_reach_is_tried_again():
    with pytest.raises(RetryableError, match="cannot be reached"):
        SupersetApi("http://127.0.0.1:9", "airflow", "right")


def test_a_query_carries_a_charts_filters_conditions_and_time_axis():
    form = {
        "datasource": "7__table",
        "x_axis": "created_date",
        "time_grain_sqla": "P1M",
        "groupby": ["channel"],
        "metrics": ["tickets"],
        "adhoc_filters": [
            {"expressionType": "SIMPLE", "subject": "status", "operator": "==", "comparator": "open"},
            {"expressionType": "SIMPLE", "subject": "created_date", "operator": "TEMPORAL_RANGE", "comparator": "x"},
            {"expressionType": "SQL", "sqlExpression": "not is_merged"},
        ],
    }
    (query,) = chart_query(form)["queries"]
    assert query["filters"] == [{"col": "status", "op": "==", "val": "open"}]
    assert query["extras"]["where"] == "(not is_merged)"
    assert query["columns"][0]["timeGrain"] == "P1M"
    assert query["columns"][1:] == ["channel"]
    assert query["metrics"] == ["tickets"]


def test_filters_without_a_preset_add_nothing():
    assert preset_filters(METADATA) == [PRESET]
    assert preset_filters({}) == []
