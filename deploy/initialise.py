"""Make the databases, roles, tables, logins, connections and pools; nothing to do when this release did it already
with these secrets.

What was done last is remembered as the comment on the database itself, so it travels with a backup and is gone with
the data.
"""

import json
import subprocess
import sys
import time

import psycopg
from psycopg import sql

from cx_warehouse.connectors import registry
from cx_warehouse.database import bootstrap
from cx_warehouse.landing.erased import ErasureKey
from deploy.given import CONFIGURATION, release, secret
from deploy.logins import LOGINS
from deploy.services import ADMIN, POSTGRES, SUPERSET, WAREHOUSE_SECRETS, dsn
from stack import superset
from stack.airflow_settings import METADATA
from stack.errors import StackError
from stack.local import SUPERSET_CONNECTION, WAREHOUSE, WAREHOUSE_ROLES
from stack.paths import write_private

RELEASE = ("plugins/**/*.py", "plugins/**/*.sql", "stack/*.py", "deploy/*.py", "requirements/server.txt")
# programs with a database of their own, each with a role of the same name that owns it
PROGRAMS = {METADATA: "airflow_password", superset.METADATA: "superset_password"}


def main() -> None:
    begins = time.monotonic()
    admin = secret("postgres_password")
    passwords = {role: secret(name) for role, name in PROGRAMS.items()}
    passwords |= {role: secret(name) for name, role in WAREHOUSE_SECRETS.items()}
    logins = {name: secret(password) for name, (_, password) in LOGINS.items()}
    erasure, checker = ErasureKey.of(secret("erasure_key")).secret.decode(), secret("checker_password")
    told = {"fernet key": secret("fernet_key"), "erasure key": erasure, "checker": checker}
    wanted = release(RELEASE, {**passwords, **logins, **told})
    with psycopg.connect(dsn("postgres", ADMIN, admin), autocommit=True) as server:
        if _remembered(server) == wanted:
            print("this release has set the databases up already")
            return
        _say("roles and databases")
        for program in PROGRAMS:
            _create_role(server, program)
            _create_database(server, program, owner=program)
        _create_database(server, WAREHOUSE, owner=ADMIN)
        bootstrap(dsn(WAREHOUSE, ADMIN, admin))
        for role, password in passwords.items():
            _set_password(server, role, password)
        _say("Airflow's tables")
        _run("airflow", "db", "migrate")
        _say(f"Airflow's logins: {', '.join(LOGINS)}")
        _run(sys.executable, "-m", "deploy.logins")
        _say("connections to the warehouse and to Superset, and a pool for each source")
        _import("connections", _connections(passwords, erasure, checker), "--overwrite")
        _import("pools", _pools())
        server.execute(sql.SQL("comment on database {} is {}").format(sql.Identifier(WAREHOUSE), sql.Literal(wanted)))
    _say(f"done in {time.monotonic() - begins:.0f} s")


def _remembered(server: psycopg.Connection) -> str | None:
    row = server.execute(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", [WAREHOUSE]
    ).fetchone()
    return row[0] if row else None


def _create_role(server: psycopg.Connection, role: str) -> None:
    if not server.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        server.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))


def _create_database(server: psycopg.Connection, name: str, owner: str) -> None:
    if not server.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        server.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(owner)))
    # its owner and the roles that are named in it, nobody else
    server.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(name)))


def _set_password(server: psycopg.Connection, role: str, password: str) -> None:
    """The server is sent what proves the password, never the password: no log of statements can show it."""
    verifier = server.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    server.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier)))


def _connections(passwords: dict[str, str], erasure: str, checker: str) -> dict[str, dict[str, object]]:
    host, port = POSTGRES
    fields = {"conn_type": "postgres", "host": host, "port": port, "schema": WAREHOUSE}
    made = {name: {**fields, "login": role, "password": passwords[role]} for name, role in WAREHOUSE_ROLES.items()}
    return {
        **made,
        "cx_erasure": {"conn_type": "generic", "password": erasure},
        # an erasure blanks what Airflow remembers of a person
        "cx_airflow_metadata": {**fields, "schema": METADATA, "login": METADATA, "password": passwords[METADATA]},
        SUPERSET_CONNECTION: {"conn_type": "http", "host": SUPERSET, "login": superset.CHECKER, "password": checker},
    }


def _pools() -> dict[str, dict[str, object]]:
    return {
        f"cx_{source}": {
            "slots": registry.vendor(source).requests_at_once,
            "description": f"requests at once to {registry.vendor(source).title}",
            "include_deferred": False,
        }
        for source in registry.SOURCES
    }


def _import(kind: str, entities: dict[str, dict[str, object]], *options: str) -> None:
    path = CONFIGURATION / f"{kind}.json"
    write_private(path, json.dumps(entities))
    try:
        _run("airflow", kind, "import", str(path), *options)
    finally:
        path.unlink()


def _run(*command: str) -> None:
    """Run a program; what it says is shown only when it fails."""
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        told = (answer.stderr.strip() or answer.stdout.strip() or "it said nothing").splitlines()
        raise StackError(f"{' '.join(command[:3])} failed: {told[-1]}")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (StackError, psycopg.Error) as problem:
        sys.exit(f"error: {' '.join(str(problem).split())}")
