"""The real Superset on this machine, in an environment of its own: loaded from `dashboards/`, then served.

It reads the warehouse as readers do. Its own data (users, what the YAML says) is in the database `superset` of the
home's Postgres; its settings, with secrets, are in one private file.
"""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from stack.errors import PortTakenError, StackError
from stack.paths import ROOT, private_directory, read_fields, write_private
from stack.ports import free_port, is_free
from stack.postgres import PostgresServer
from stack.processes import ProcessRecord, last_line, run_logged, spawn, stop_sessions

PART = "superset"
METADATA = "superset"  # its own database, and the role that owns it
WAREHOUSE = "warehouse"
FIRST_PORT = 8088
READY_SECONDS = 120.0
START_TRIES = 3  # another program may take the port while our server starts
PYTHON = ROOT / ".venv-superset" / "bin" / "python"
CONFIGURATION = ROOT / "deploy" / "superset" / "superset_config.py"
SERVER = ROOT / "deploy" / "superset" / "gunicorn.conf.py"
LOCK = ROOT / "requirements" / "superset.txt"
CHECKER = "airflow"  # as whom a night asks every chart
# Superset's first logins, and the role of each (dashboards/roles.yaml)
USERS: Mapping[str, str] = {
    "admin": "Admin",
    "analyst": "Analyst",
    "analyst_personal": "Analyst with personal data",
    CHECKER: "Dashboard checker",
}
READERS = ("cx_reader", "cx_reader_pii")
Notice = Callable[[str], None]


@dataclass(frozen=True)
class Superset:
    """The Superset of a home. `port` of its pages and API on 127.0.0.1; `passwords` by login."""

    home: Path
    port: int
    passwords: Mapping[str, str]
    process: ProcessRecord

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    def find(cls, home: Path) -> "Superset | None":
        """The Superset of `home` if it runs."""
        fields = _remembered(home)
        if not fields.get("process"):
            return None
        found = cls(home, int(fields["port"]), _secrets(home)["passwords"], ProcessRecord.parse(fields["process"]))
        return found if found.process.is_alive() else None

    @classmethod
    def ensure(cls, home: Path, postgres: PostgresServer, notice: Notice) -> "Superset":
        """Bring Superset to what `dashboards/` says, and start it if it does not run. Raises StackError with the log's
        file when it cannot."""
        if not PYTHON.exists():
            raise StackError("Superset is not installed: `make dashboards` does that first")
        settings_changed = _write_settings(home, postgres)
        _load(home, postgres)
        found = cls.find(home)
        if found is not None and not settings_changed and found._answers():
            return found
        for tries_left in reversed(range(START_TRIES)):
            cls.stop(home)
            port = free_port("Superset", int(_remembered(home).get("port") or FIRST_PORT), notice)
            superset = cls._start(home, port)
            try:
                superset.wait_until_ready()
            except PortTakenError:
                if not tries_left:
                    raise
            else:
                break
        return superset

    @classmethod
    def _start(cls, home: Path, port: int) -> "Superset":
        process = spawn(
            [
                *(str(PYTHON), "-m", "gunicorn"),
                *("--config", str(SERVER), "--bind", f"127.0.0.1:{port}"),
            ],
            log=home / "logs" / "superset.log",
            home=home,
            part=PART,
            env=_environment(home),
            cwd=ROOT,
        )
        superset = cls(home, port, _secrets(home)["passwords"], process)
        write_private(home / "superset.json", json.dumps({"port": port, "process": process.as_dict()}))
        return superset

    @classmethod
    def stop(cls, home: Path) -> None:
        """End all processes of this home's Superset."""
        fields = _remembered(home)
        record = ProcessRecord.parse(fields["process"]) if fields.get("process") else None
        stop_sessions([record] if record else [], home, PART)
        if record:
            write_private(home / "superset.json", json.dumps({"port": fields["port"]}))

    def wait_until_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self._answers():
            if not self.process.is_alive():
                if not is_free(self.port):
                    raise PortTakenError(f"port {self.port} was taken by another program just now")
                raise StackError(f"Superset ended; see {self.home / 'logs' / 'superset.log'}")
            if time.monotonic() > deadline:
                raise StackError(f"Superset does not answer; see {self.home / 'logs' / 'superset.log'}")
            time.sleep(0.25)

    def airflow_connection(self) -> dict[str, object]:
        """The fields of Airflow's connection by which a night checks the dashboards."""
        return {"conn_type": "http", "host": self.url, "login": CHECKER, "password": self.passwords[CHECKER]}

    def _answers(self) -> bool:
        with requests.Session() as session:
            session.trust_env = False  # on this machine: no proxy has a say
            try:
                return session.get(f"{self.url}/health", timeout=5).status_code == 200
            except requests.RequestException:
                return False


def _load(home: Path, postgres: PostgresServer) -> None:
    """Migrate Superset's own database and bring users, roles, rules and dashboards to what the files say."""
    postgres.create_owned_database(METADATA)
    log = private_directory(home / "logs") / "superset-load.log"
    command = [str(PYTHON), "-m", "deploy.superset.load", str(ROOT / "dashboards")]
    if not run_logged(command, log=log, env=_environment(home)):
        raise StackError(f"the dashboards were not loaded: {last_line(log)} (all of it: {log})")


def _write_settings(home: Path, postgres: PostgresServer) -> bool:
    """Write what Superset's configuration reads; True when it differs from what stood there."""
    folder = private_directory(home / "superset")
    made = _secrets(home)
    chosen = {
        "secret_key": made["secret_key"],
        "metadata_url": postgres.sqlalchemy_url(METADATA, METADATA),
        "cache_folder": str(private_directory(folder / "cache")),
        "warehouse": {role: postgres.sqlalchemy_url(WAREHOUSE, role) for role in READERS},
        # a running Superset of other code is started anew
        "made_for": hashlib.sha256(CONFIGURATION.read_bytes() + SERVER.read_bytes() + LOCK.read_bytes()).hexdigest(),
        "users": {name: {"password": made["passwords"][name], "role": role} for name, role in USERS.items()},
    }
    text, path = json.dumps(chosen, indent=1), folder / "settings.json"
    if path.exists() and path.read_text() == text:
        return False
    write_private(path, text)
    return True


def _secrets(home: Path) -> dict[str, Any]:
    """Made once per home and kept: Superset signs its sessions with the key, and encrypts with it."""
    path = private_directory(home / "superset") / "secrets.json"
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    made = {"secret_key": secrets.token_urlsafe(48), "passwords": {name: secrets.token_urlsafe(12) for name in USERS}}
    write_private(path, json.dumps(made))
    return made


def _environment(home: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "SUPERSET", "FLASK", "PYTHON", "GUNICORN")) and name != "CX_DATABASE_URL"
    }
    return kept | {
        "SUPERSET_CONFIG_PATH": str(CONFIGURATION),
        "CX_SUPERSET_SETTINGS": str(home / "superset" / "settings.json"),
        "SUPERSET_HOME": str(private_directory(home / "superset")),
        "SCARF_ANALYTICS": "false",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "TZ": "UTC",
    }


def _remembered(home: Path) -> dict[str, Any]:
    return read_fields(home / "superset.json")
