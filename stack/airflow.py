"""The real Airflow on this machine: each component in a session of its own, started together, truly checked.

"Ready" is printed by components whose port was taken, and heartbeats outlive the processes that wrote them;
so a component counts as healthy only when its process lives and its heartbeat is younger than this start.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

from stack.airflow_api import AirflowApi
from stack.airflow_settings import (
    DAG_SETTINGS,
    METADATA,
    USER,
    AirflowSecrets,
    airflow_home,
    environment,
    one_login,
    settings,
    write_configuration,
    write_password,
)
from stack.errors import PortTakenError, StackError
from stack.paths import ROOT, private_directory, read_fields, write_private
from stack.ports import free_port, is_free
from stack.postgres import PostgresServer
from stack.processes import ProcessRecord, last_line, run_logged, spawn, stop_sessions

PART = "airflow"
FIRST_PORT = 8080
START_TRIES = 3  # another program may take the port while our server starts
READY_SECONDS = 180.0
# neither logs nor triggers are served on a port: everything is read from files of this machine
COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
# the name and heartbeat of each component in Airflow's own health report
HEARTBEATS: Mapping[str, tuple[str, str]] = {
    "scheduler": ("scheduler", "latest_scheduler_heartbeat"),
    "dag-processor": ("dag_processor", "latest_dag_processor_heartbeat"),
    "triggerer": ("triggerer", "latest_triggerer_heartbeat"),
}


@dataclass(frozen=True)
class Airflow:
    """The Airflow of a home. `processes` by component name; `port` of its UI and API on 127.0.0.1."""

    home: Path
    port: int
    password: str
    started_at: datetime
    processes: Mapping[str, ProcessRecord]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def user(self) -> str:
        return USER

    def api(self) -> AirflowApi:
        return AirflowApi(self.url, USER, self.password)

    @classmethod
    def find(cls, home: Path) -> "Airflow | None":
        """The Airflow of `home` if all of its components live."""
        found = cls._load(home)
        if found is None or not all(record.is_alive() for record in found.processes.values()):
            return None
        return found

    @classmethod
    def ensure(
        cls,
        home: Path,
        postgres: PostgresServer,
        *,
        overrides: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
        dags_folder: Path = ROOT / "dags",
        notice: Callable[[str], None] = print,
    ) -> "Airflow":
        """The healthy Airflow of `home`, started if it is not running after ending what is left of it.

        `variables` are added to the environment of its processes and tasks. `overrides` are Airflow
        settings as `section.name: value`; they, and settings of a newer checkout, take effect by a restart.
        `notice` is told of a taken port. Raises StackError with the log's file when a component does not
        become healthy.
        """
        private_directory(home)
        secret = AirflowSecrets.load_or_create(home)
        given = {**one_login(home), **(overrides or {})}
        found = cls.find(home)
        if found is not None:
            wanted = settings(home, postgres, secret, found.port, given, dags_folder)
            if _digest(wanted, variables or {}) == _remembered(home).get("settings"):
                found.wait_until_healthy()
                return found
        for tries_left in reversed(range(START_TRIES)):
            cls.stop(home)
            port = free_port("Airflow", int(_remembered(home).get("port") or FIRST_PORT), notice)
            chosen = settings(home, postgres, secret, port, given, dags_folder)
            write_configuration(home, chosen)
            write_password(home, secret)
            airflow = cls._start(home, postgres, secret, port, _digest(chosen, variables or {}), variables or {})
            try:
                airflow.wait_until_healthy()
            except PortTakenError:
                if not tries_left:
                    raise
            else:
                break
        return airflow

    @classmethod
    def _start(
        cls,
        home: Path,
        postgres: PostgresServer,
        secret: AirflowSecrets,
        port: int,
        digest: str,
        variables: Mapping[str, str],
    ) -> "Airflow":
        _migrate(home, postgres)
        started_at = datetime.now(UTC)
        processes = {
            name: spawn(
                [sys.executable, "-m", "airflow", *command],
                log=home / "logs" / f"airflow-{name}.log",
                home=home,
                part=PART,
                env={**environment(home), **variables},
                cwd=ROOT,
            )
            for name, command in COMPONENTS.items()
        }
        airflow = cls(home, port, secret.password, started_at, processes)
        airflow._save(digest)
        return airflow

    @classmethod
    def stop(cls, home: Path) -> None:
        """End all processes of this home's Airflow, tasks that run now among them."""
        found = cls._load(home)
        stop_sessions(list(found.processes.values()) if found else [], home, PART)
        if found:
            remembered = _remembered(home)
            write_private(home / "airflow.json", json.dumps({"port": found.port, "version": remembered["version"]}))

    def wait_until_healthy(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Return once every component is healthy. Raises StackError that names the one that is not."""
        api = self.api()
        deadline = time.monotonic() + timeout_seconds
        while True:
            for name, record in self.processes.items():
                if not record.is_alive():
                    if name == "api-server" and not is_free(self.port):
                        raise PortTakenError(f"port {self.port} was taken by another program just now")
                    raise StackError(
                        f"Airflow's {name} ended: {last_line(self._log(name))} (all of it: {self._log(name)})"
                    )
            unhealthy = self.unhealthy(api)
            if not unhealthy:
                api.log_in()  # proves that the server on this port is ours
                return
            if time.monotonic() > deadline:
                raise StackError(
                    f"Airflow's {unhealthy[0]} is not healthy after {timeout_seconds:.0f} s; "
                    f"see {self._log(unhealthy[0])}"
                )
            time.sleep(0.25)

    def unhealthy(self, api: AirflowApi) -> list[str]:
        """The components that are not, or not yet, healthy."""
        try:
            report = api.health()
        except StackError:
            return ["api-server"]
        bad = [] if report.get("metadatabase", {}).get("status") == "healthy" else ["metadata database"]
        for name, (component, heartbeat) in HEARTBEATS.items():
            state = report.get(component) or {}
            beat = state.get(heartbeat)
            fresh = beat is not None and datetime.fromisoformat(beat) >= self.started_at
            if state.get("status") != "healthy" or not fresh:
                bad.append(name)
        return bad

    def task_log(self, dag_id: str, run_id: str, task: Mapping[str, object]) -> Path:
        """The log file of a task instance (as the API lists it), latest attempt."""
        folder = (
            airflow_home(self.home) / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task['task_id']}"
        )
        map_index = int(str(task.get("map_index", -1)))
        if map_index >= 0:
            folder /= f"map_index={map_index}"
        return folder / f"attempt={task.get('try_number', 1)}.log"

    def _log(self, name: str) -> Path:
        return self.home / "logs" / f"airflow-{name}.log"

    def _save(self, digest: str) -> None:
        fields = {
            "port": self.port,
            "started_at": self.started_at.isoformat(),
            "processes": {name: record.as_dict() for name, record in self.processes.items()},
            "settings": digest,
            "version": version("apache-airflow"),
        }
        write_private(self.home / "airflow.json", json.dumps(fields, indent=1))

    @classmethod
    def _load(cls, home: Path) -> "Airflow | None":
        fields = _remembered(home)
        if not fields.get("processes"):
            return None
        return cls(
            home,
            int(str(fields["port"])),
            AirflowSecrets.load_or_create(home).password,
            datetime.fromisoformat(str(fields["started_at"])),
            {name: ProcessRecord.parse(record) for name, record in fields["processes"].items()},
        )


def _remembered(home: Path) -> dict[str, Any]:
    return read_fields(home / "airflow.json")


def _digest(chosen: Mapping[str, Mapping[str, str]], variables: Mapping[str, str]) -> str:
    """Tells whether a running Airflow has these settings, and was started from this version of Airflow."""
    dags = {name: os.environ[name] for name in DAG_SETTINGS if name in os.environ} | dict(variables)
    text = json.dumps([chosen, dags, version("apache-airflow"), str(ROOT)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _migrate(home: Path, postgres: PostgresServer) -> None:
    """Bring the metadata's tables to this version; nothing to do when the last start had the same."""
    postgres.create_owned_database(METADATA)
    with psycopg.connect(postgres.dsn(METADATA, METADATA)) as connection:
        has_tables = connection.execute("select to_regclass('public.alembic_version') is not null").fetchone()
    if has_tables == (True,) and _remembered(home).get("version") == version("apache-airflow"):
        return
    log = private_directory(home / "logs") / "airflow-migrate.log"
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    if not run_logged(command, log=log, env=environment(home), keep=True):
        raise StackError(f"airflow db migrate failed: {last_line(log)} (all of it: {log})")
