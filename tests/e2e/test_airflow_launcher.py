"""The local Airflow avoids a taken port, is truly up, shows no secret and leaves nothing behind."""

import contextlib
import json
import shutil
import socket
import stat
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from cx_warehouse.connectors import registry
from cx_warehouse.database import bootstrap
from sandbox.testing import Running, running
from stack.airflow import FIRST_PORT, Airflow
from stack.airflow_settings import AirflowSecrets
from stack.errors import StackError
from stack.local import vendor_connections
from stack.postgres import PostgresServer, remove_outside

pytestmark = pytest.mark.e2e

DAG = """
    from airflow.sdk import dag, task, get_current_context
    from airflow.sdk.bases.hook import BaseHook

    @dag(schedule=None)
    def probe():
        @task
        def remember():
            host = BaseHook.get_connection("somewhere").host
            return f"{get_current_context()['dag_run'].conf['as_of']} {host}"

        @task(retries=0)
        def fail():
            raise ValueError("on purpose")

        remember() >> fail()

    probe()
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="cx-test-"))
    yield folder
    Airflow.stop(folder)
    if server := PostgresServer.find(folder):
        server.stop()
    remove_outside(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def notices() -> list[str]:
    return []


@pytest.fixture(scope="module")
def airflow(home: Path, notices: list[str]) -> Iterator[Airflow]:
    dags = home / "dags"
    dags.mkdir()
    (dags / "probe.py").write_text(textwrap.dedent(DAG))
    with socket.socket() as taken, socket.socket() as taken_late:
        try:
            taken.bind(("127.0.0.1", FIRST_PORT))
            taken.listen()
        except OSError:
            pass  # something else has it already, which is as good

        def notice(text: str) -> None:
            notices.append(text)
            if len(notices) == 1:  # the first choice is told before the server starts: another program is quicker
                taken_late.bind(("127.0.0.1", int(text.rsplit(" ", 1)[1])))
                taken_late.listen()

        yield Airflow.ensure(home, PostgresServer.ensure(home), dags_folder=dags, notice=notice)


def processes(airflow: Airflow) -> list[psutil.Process]:
    leaders = [psutil.Process(record.pid) for record in airflow.processes.values()]
    return leaders + [child for leader in leaders for child in leader.children(recursive=True)]


def test_taken_port_is_named_and_another_is_used(airflow: Airflow, notices: list[str]) -> None:
    assert airflow.port != FIRST_PORT
    assert str(FIRST_PORT) in notices[0]
    late = notices[0].rsplit(" ", 1)[1]
    assert any(late in notice and notice.endswith(str(airflow.port)) for notice in notices[1:])


def test_components_are_healthy_and_listen_on_this_machine_only(airflow: Airflow) -> None:
    assert airflow.unhealthy(airflow.api()) == []
    listening = {
        connection.laddr
        for process in processes(airflow)
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {(address.ip, address.port) for address in listening} == {("127.0.0.1", airflow.port)}


def test_run_by_rest_has_its_conf_and_a_failed_task_has_a_log(airflow: Airflow) -> None:
    api = airflow.api()
    api.wait_for_dags(["probe"])
    api.set_connections({"somewhere": {"conn_type": "generic", "host": "first", "password": "not-to-be-shown"}})
    api.set_connections({"somewhere": {"conn_type": "generic", "host": "second", "password": "not-to-be-shown"}})
    api.set_pools({"vendor": 2})
    seen: list[str] = []

    run_id = api.trigger("probe", {"as_of": "2026-01-05T02:00:00Z"})
    run = api.wait("probe", run_id, timeout_seconds=120, on_progress=lambda run, tasks: seen.append(run["state"]))

    assert run["state"] == "failed"
    assert seen[-1] == "failed"
    tasks = {task["task_id"]: task for task in api.task_instances("probe", run_id)}
    assert {name: task["state"] for name, task in tasks.items()} == {"remember": "success", "fail": "failed"}
    assert "on purpose" in airflow.task_log("probe", run_id, tasks["fail"]).read_text()
    value = api.xcom("probe", run_id, "remember")
    assert value == "2026-01-05T02:00:00Z second"


def test_unknown_dag_is_named(airflow: Airflow) -> None:
    with pytest.raises(StackError, match="no_such_dag"):
        airflow.api().trigger("no_such_dag", {})
    with pytest.raises(StackError, match="no_such_dag"):
        airflow.api().wait_for_dags(["no_such_dag"], timeout_seconds=1)


def test_no_secret_is_readable_by_others_or_shown_in_arguments(home: Path, airflow: Airflow) -> None:
    secrets = vars(AirflowSecrets.load_or_create(home)).values()
    looked_at = 0
    for process in processes(airflow):
        with contextlib.suppress(psutil.NoSuchProcess):  # a worker that has just ended shows nothing any more
            shown = " ".join([*process.cmdline(), *process.environ().values()])
            assert not [secret for secret in secrets if secret in shown]
            looked_at += 1
    assert looked_at >= len(airflow.processes)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for name in ("secrets.json", "airflow/airflow.cfg", "airflow/passwords.json", "airflow.json"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    for log in (home / "logs").glob("*.log"):
        assert not [secret for secret in secrets if secret in log.read_text(errors="replace")]


@pytest.fixture(scope="module")
def vendors(home: Path, airflow: Airflow) -> Iterator[Running]:
    """The sandbox's accounts, and a warehouse whose loader Airflow knows."""
    postgres = PostgresServer.ensure(home)
    postgres.create_databases("warehouse")
    bootstrap(postgres.dsn("warehouse"))
    airflow.api().set_connections({"cx_warehouse_loader": postgres.connection_fields("warehouse", "cx_loader")})
    with running(customers=3, days=2) as sandbox:
        yield sandbox


def says_the_button(airflow: Airflow, fields: dict[str, Any]) -> tuple[bool, str]:
    """What the button "Test" of the connection's form shows."""
    body = {"connection_id": "under_test", **fields}
    answer = airflow.api()._call("POST", "/api/v2/connections/test", json=body)
    return answer["status"], answer["message"]


def test_each_vendor_has_a_form_with_a_labelled_field_for_each_setting(airflow: Airflow) -> None:
    forms = {form["connection_type"]: form for form in airflow.api()._call("GET", "/ui/connections/hook_meta")}
    for source in registry.SOURCES:
        info, form = registry.vendor(source), forms[f"cx_{source}"]
        assert form["hook_name"] == info.title
        own = set(form["extra_fields"])
        for setting in info.settings:
            if setting.name in own:
                assert form["extra_fields"][setting.name]["description"] == setting.description
                is_hidden = form["extra_fields"][setting.name]["schema"].get("format") == "password"
                assert is_hidden == setting.secret
        first_secret = next(setting for setting in info.settings if setting.secret)
        assert form["standard_fields"]["password"]["title"] == first_secret.description
        in_fields = {first_secret.name, "base_url", "email"}
        assert {setting.name for setting in info.settings} - own <= in_fields


def test_the_test_button_names_the_account_or_what_is_wrong(airflow: Airflow, vendors: Running) -> None:
    said = {}
    for source, fields in vendor_connections(vendors.connections).items():
        assert (source, *says_the_button(airflow, fields))[:2] == (source, True), says_the_button(airflow, fields)
        said[source] = says_the_button(airflow, fields)[1]
        wrong = {**fields, "password": "wrong-secret-1"}
        if source == "ga4":
            wrong["extra"] = json.dumps({"property_id": "1", "base_url": fields["host"], "access_token": "wrong-1"})
            wrong["password"] = None
        is_good, message = says_the_button(airflow, wrong)
        assert not is_good and "\n" not in message, (source, message)
        assert f"connection '{source}'" in message and "check " in message
        assert "wrong-secret-1" not in message and "wrong-1" not in message
    assert said["zendesk"].startswith("Warehouse Reader (admin) at http://127.0.0.1:")
    assert said["hubspot"].startswith("HubSpot account 62515007")
    assert said["ga4"].startswith(f"ga4: property {vendors.credentials.ga4.property_id}")
    assert said["typeform"].startswith("typeform: ")


def test_the_test_button_keeps_a_refresh_token_that_changed(airflow: Airflow, vendors: Running, home: Path) -> None:
    app = vendors.credentials.typeform.app
    extra = {"client_id": app.client_id, "refresh_token": app.refresh_token, "requests_per_second": "2"}
    fields = {
        "conn_type": "cx_typeform",
        "host": vendors.urls["typeform"],
        "password": app.client_secret,
        "extra": json.dumps(extra),
    }
    for _ in range(2):  # the connection's refresh token is used up by the first
        assert says_the_button(airflow, fields)[0], says_the_button(airflow, fields)
    with psycopg.connect(PostgresServer.ensure(home).dsn("warehouse")) as connection:
        kept = connection.execute("select version, sealed from ops.tokens").fetchall()
    assert [version for version, _ in kept] == [1]
    assert app.refresh_token not in kept[0][1]
    extra["refresh_token"] = "somebody-elses"
    is_good, message = says_the_button(airflow, {**fields, "extra": json.dumps(extra)})
    assert not is_good and "refresh_token" in message and "somebody-elses" not in message


def test_running_airflow_is_reused_and_a_dead_component_is_replaced(home: Path, airflow: Airflow) -> None:
    postgres = PostgresServer.ensure(home)
    again = Airflow.ensure(home, postgres, dags_folder=home / "dags")
    assert again.processes == airflow.processes

    triggerer = psutil.Process(airflow.processes["triggerer"].pid)
    triggerer.kill()
    triggerer.wait(10)
    assert Airflow.find(home) is None
    replaced = Airflow.ensure(home, postgres, dags_folder=home / "dags", notice=lambda text: None)
    assert set(replaced.processes.values()).isdisjoint(airflow.processes.values())
    assert replaced.unhealthy(replaced.api()) == []

    everything = processes(replaced)
    Airflow.stop(home)
    assert not [process for process in everything if process.is_running() and process.status() != "zombie"]
