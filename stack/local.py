"""Everything a night needs on this machine, started together: Postgres, the sandbox, Airflow, its connections."""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cx_warehouse.connectors import registry
from cx_warehouse.database import bootstrap
from stack.airflow import Airflow
from stack.airflow_settings import METADATA
from stack.errors import StackError
from stack.paths import private_home, write_private
from stack.postgres import PostgresServer, remove_outside
from stack.sandbox import Sandbox, Wishes
from stack.superset import Superset

WAREHOUSE = "warehouse"
# Airflow's connections to the warehouse: the role each kind of task works as
WAREHOUSE_ROLES: Mapping[str, str] = {
    "cx_warehouse_loader": "cx_loader",
    "cx_warehouse_builder": "cx_builder",
    "cx_warehouse_publisher": "cx_publisher",
    "cx_warehouse_eraser": "cx_eraser",
}
SUPERSET_CONNECTION = "cx_superset"  # with it, a night checks the dashboards once it is published
USER_SETTINGS = ("email", "login", "user")  # go into a connection's login field
Notice = Callable[[str], None]


@dataclass(frozen=True)
class Local:
    """The running stack of a home; `sandbox` is None where the sources are real vendors."""

    home: Path
    postgres: PostgresServer
    airflow: Airflow
    sandbox: Sandbox | None

    def warehouse_dsn(self, role: str | None = None) -> str:
        return self.postgres.dsn(WAREHOUSE, role) if role else self.postgres.dsn(WAREHOUSE)


def start_with_sandbox(home: Path, wishes: Wishes, notice: Notice) -> Local:
    """Start what does not run yet, the sandbox's made company as the vendors; nights run only when asked for."""
    _require_kind(home, "sandbox")
    postgres = start_postgres(home)
    notice(postgres.description)
    with ThreadPoolExecutor() as pool:
        # side by side: Airflow's start takes longest, and waits for nothing of the others
        prepared = pool.submit(bootstrap, postgres.dsn(WAREHOUSE))
        started = pool.submit(Sandbox.ensure, home, wishes)
        airflow = Airflow.ensure(home, postgres, variables=_sandbox_variables(), notice=notice)
        prepared.result()
        sandbox = started.result()
    local = Local(home, postgres, airflow, sandbox)
    _configure(local, vendor_connections(sandbox.connections))
    for wanted in ("control", *sandbox.connections):
        _name_taken_ports(sandbox, wanted, notice)
    return local


def start_for_vendors(home: Path, notice: Notice) -> Local:
    """Start Postgres and Airflow for real credentials: connections to vendors are the user's to add."""
    _require_kind(home, "vendors")
    postgres = start_postgres(home)
    notice(postgres.description)
    bootstrap(postgres.dsn(WAREHOUSE))
    airflow = Airflow.ensure(home, postgres, notice=notice)
    local = Local(home, postgres, airflow, None)
    _configure(local, {})
    return local


def start_postgres(home: Path) -> PostgresServer:
    postgres = PostgresServer.ensure(home)
    postgres.create_databases(WAREHOUSE)
    return postgres


def start_superset(home: Path, notice: Notice) -> Superset:
    """Start Superset on the warehouse, loaded from dashboards/; nights that run from now on check it."""
    postgres = start_postgres(home)
    bootstrap(postgres.dsn(WAREHOUSE))
    superset = Superset.ensure(home, postgres, notice)
    airflow = Airflow.find(home)
    if airflow is not None:
        airflow.api().set_connections({SUPERSET_CONNECTION: superset.airflow_connection()})
    return superset


def stop(home: Path) -> None:
    """End every process of this home; all data stays."""
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(part.stop, home) for part in (Airflow, Sandbox, Superset)]:
            done.result()
    postgres = PostgresServer.find(home)
    if postgres is not None:
        postgres.stop()


def clean(home: Path) -> None:
    """End every process of this home and delete all it holds."""
    if not home.exists():
        return
    stop(home)
    remove_outside(home)
    if not any((home / name).exists() for name in ("kind", "postgres.lock", "secrets.json")):
        raise StackError(f"{home} does not look like a home of this stack; nothing was deleted")
    shutil.rmtree(home)


def vendor_connections(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Airflow connections from each source's settings, in the fields that the connection's form has for them."""
    connections = {}
    for source, given in settings.items():
        info = registry.vendor(source)
        known = {setting.name: setting for setting in info.settings}
        secret = [name for name, setting in known.items() if setting.secret and given.get(name)]
        extra: dict[str, Any] = {"budget_share": 1} if "budget_share" in known else {}
        fields: dict[str, Any] = {"conn_type": f"cx_{source}", "host": given["base_url"]}
        for name in known:
            value = given.get(name)
            if name == "base_url" or not value:
                continue
            if name in USER_SETTINGS:
                fields["login"] = value
            elif [name] == secret and isinstance(value, str):
                fields["password"] = value
            elif name not in secret[1:]:  # of two ways to prove oneself the first will do
                extra[name] = value
        fields["extra"] = json.dumps(extra)
        connections[source] = fields
    return connections


def _configure(local: Local, vendors: Mapping[str, Mapping[str, Any]]) -> None:
    api = local.airflow.api()
    warehouse = {name: local.postgres.connection_fields(WAREHOUSE, role) for name, role in WAREHOUSE_ROLES.items()}
    erasure: dict[str, Mapping[str, Any]] = {
        "cx_erasure": {"conn_type": "generic", "password": erasure_key(local.home)},
        # on one machine tasks reach every database anyway; on a server Airflow's own is not shown to them
        "cx_airflow_metadata": local.postgres.connection_fields(METADATA, METADATA),
    }
    api.set_connections({**warehouse, **erasure, **vendors})
    superset = Superset.find(local.home)
    if superset is None:  # one that was stopped on purpose is not missed at night
        api.remove_connections(SUPERSET_CONNECTION)
    else:
        api.set_connections({SUPERSET_CONNECTION: superset.airflow_connection()})
    api.set_pools({f"cx_{source}": registry.vendor(source).requests_at_once for source in registry.SOURCES})


def _sandbox_variables() -> dict[str, str]:
    """Nights only when asked for, since the sandbox has a clock of its own; and no waiting for made vendors."""
    defaults = {
        "CX_SCHEDULE": "",
        "CX_RECONCILE_SCHEDULE": "",
        "CX_ERASE_SCHEDULE": "",
        "CX_RETRY_SECONDS": "5",
        "CX_DEADLINE_MINUTES": "5",
        "CX_POKE_SECONDS": "5",
    }
    return {name: os.environ.get(name, default) for name, default in defaults.items()}


def erasure_key(home: Path) -> str:
    """The secret of the tombstones, made once: with another one erased people would come back (docs/erasure.md)."""
    path = home / "erasure.key"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text().strip()


def is_for_vendors(home: Path) -> bool:
    """Whether the home was made for real credentials."""
    return _kind(home) == "vendors"


def _kind(home: Path) -> str | None:
    mark = home / "kind"
    return mark.read_text().strip() if mark.exists() else None


def _require_kind(home: Path, kind: str) -> None:
    """Made records and real ones must not meet in one warehouse."""
    private_home(home)
    found = _kind(home)
    if found is None:
        (home / "kind").write_text(f"{kind}\n")
    elif found != kind:
        holds = "the sandbox's made records" if found == "sandbox" else "records of real vendors"
        raise StackError(f"{home} holds {holds}: set CX_HOME to another folder, or `make clean` first")


def _name_taken_ports(sandbox: Sandbox, name: str, notice: Notice) -> None:
    from sandbox.server import PREFERRED_PORTS

    url = sandbox.control_url if name == "control" else str(sandbox.connections[name]["base_url"])
    used = int(url.rsplit(":", 1)[1])
    preferred = PREFERRED_PORTS.get(name, used)
    if used != preferred:
        notice(f"port {preferred} is taken by another program; the sandbox's {name} uses {used}")
