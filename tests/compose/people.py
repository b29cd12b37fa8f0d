"""Who may what: readers of the warehouse, logins of Airflow and Superset; and a person is erased."""

import json

from engine import ROOT, Stack, call, expect, run, wait_for

# Run in a container, secrets from standard input: what a reader sees, and what it must not.
READER = """
import json, sys, psycopg
given = json.load(sys.stdin)
def ask(role, password, statement):
    try:
        with psycopg.connect(host="postgres", dbname="warehouse", user=role, password=password) as connection:
            return connection.execute(statement).fetchone()[0]
    except psycopg.Error as error:
        return type(error).__name__
print(json.dumps({
    "scores": ask("cx_reader", given["reader"], "select count(*) from marts.mart_voice__scores"),
    "people, as cx_reader": ask("cx_reader", given["reader"], "select count(*) from marts.dim_customers_personal"),
    "people, as cx_reader_pii": ask("cx_reader_pii", given["pii"], "select count(*) from marts.dim_customers_personal"),
    "raw": ask("cx_reader", given["reader"], "select count(*) from raw_zendesk.tickets"),
    "with another's password": ask("cx_reader", given["pii"], "select 1"),
    "without a password": ask("cx_reader", None, "select 1"),
}))
"""
# What each login may do in Airflow, as the status of an answer.
VIEWER = {"read": 200, "trigger": 403, "add a connection": 403}
OPERATOR = {"read": 200, "trigger": 200, "add a connection": 201}
LOGINS = {"viewer": VIEWER, "operator": OPERATOR, "admin": OPERATOR}
DASHBOARDS = {"analyst": 5, "analyst_personal": 6}


def readers(stack: Stack) -> str:
    """Readers see what they may, with their passwords."""
    given = {"reader": stack.secrets["READER_PASSWORD"], "pii": stack.secrets["READER_PII_PASSWORD"]}
    seen = stack.python("api-server", READER, json.dumps(given))
    expect(isinstance(seen["scores"], int) and seen["scores"] > 0, seen)
    expect(isinstance(seen["people, as cx_reader_pii"], int) and seen["people, as cx_reader_pii"] > 0, seen)
    for refused in ("people, as cx_reader", "raw"):
        expect(seen[refused] == "InsufficientPrivilege", seen)
    for refused in ("with another's password", "without a password"):
        expect(seen[refused] == "OperationalError", seen)
    return f"{seen['scores']} scores, {seen['people, as cx_reader_pii']} people"


def logins_of_airflow(stack: Stack) -> str:
    """In Airflow a viewer looks, an operator runs nights and mends connections, nobody comes in without a password."""
    for login, allowed in LOGINS.items():
        api = stack.airflow(login)
        probe = {"connection_id": f"probe_{login}", "conn_type": "http", "host": "http://nowhere.example"}
        found = {
            "read": api("GET", "/dags/night/dagRuns")[0],
            # a conf that the DAG refuses in its first task: what counts is who may begin it
            "trigger": api("POST", "/dags/reconcile/dagRuns", {"logical_date": None, "conf": {"source": "none"}})[0],
            "add a connection": api("POST", "/connections", probe)[0],
        }
        expect(found == allowed, f"{login}: {found}")
        api("DELETE", f"/connections/probe_{login}")
    status, roles = stack.airflow("operator")("GET", "/connections/cx_warehouse_loader")
    expect(status == 200 and roles.get("password") in (None, "***"), "an operator is shown a password")
    address = f"http://127.0.0.1:{stack.ports['CX_AIRFLOW_PORT']}"
    status, _ = call("POST", f"{address}/auth/token", {"username": "admin", "password": "admin"})
    expect(status == 401, f"a wrong password: {status}")
    expect(call("GET", f"{address}/api/v2/dags")[0] == 401, "no login is needed")
    return ", ".join(LOGINS)


def logins_of_superset(stack: Stack) -> str:
    """In Superset each login sees its dashboards."""
    address = f"http://127.0.0.1:{stack.ports['CX_SUPERSET_PORT']}/api/v1"
    for login, wanted in DASHBOARDS.items():
        body = {"username": login, "password": stack.secrets[f"{login.upper()}_PASSWORD"], "provider": "db"}
        status, answer = call("POST", f"{address}/security/login", body)
        expect(status == 200, f"{login}: {status}")
        found = call("GET", f"{address}/dashboard/", token=answer["access_token"])[1]["result"]
        expect(len(found) == wanted, f"{login}: {[one['dashboard_title'] for one in found]}")
    return ", ".join(f"{login} sees {number} dashboards" for login, number in DASHBOARDS.items())


def dashboards_are_drawn(stack: Stack) -> str:
    """In a browser every chart is drawn, filters count, and analysts see nothing personal."""
    python = ROOT / ".venv-browser" / "bin" / "python"
    if not python.exists():
        return "skipped: no browser's environment (make browser makes it)"
    seen = {
        "address": f"http://127.0.0.1:{stack.ports['CX_SUPERSET_PORT']}",
        "passwords": {login: stack.secrets[f"{login.upper()}_PASSWORD"] for login in DASHBOARDS},
    }
    file = stack.folder / "superset.json"
    file.write_text(json.dumps(seen))
    tests = ["-m", "pytest", "-q", "-rs", "--confcutdir", "tests/browser", "tests/browser/test_dashboards.py"]
    told = run([str(python), *tests], environment={"CX_SUPERSET": str(file)})
    return told.strip().splitlines()[-1]


def erases(stack: Stack) -> str:
    """A person is erased: first shown, then gone from marts and logs, with a certificate."""
    person = """select customer_key || '|' || email from marts.dim_customers_personal
                where email is not null order by 1 limit 1"""
    key, email = stack.ask(person).split("|")
    command = ("run", "--rm", "-T", "init", "python", "-m", "deploy.erase", "--by", "the test")
    told = stack(*command, "--dry-run", given=email)
    expect("nothing was changed" in told and stack.ask(person).startswith(key), told)
    told = stack(*command, given=email)
    expect("is on the list" in told, told)
    status, begun = stack.airflow("operator")("POST", "/dags/erase/dagRuns", {"logical_date": None, "conf": {}})
    expect(status == 200, begun)
    wait_for("the erasure is done", lambda: stack.ask("select status from ops.erasures") == "done")
    left = f"select count(*) from marts.dim_customers_personal where customer_key = '{key}' or email = '{email}'"
    expect(stack.ask(left) == "0", "the customer is still in the marts")
    return f"no trace in the marts and {stack.files_with([email])} files"
