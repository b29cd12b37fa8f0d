"""Airflow's configuration on one machine, as data: written to a file that only its owner can read.

Everything, secrets too, stands in `airflow.cfg` below the home and nothing in a process's arguments or
environment, where other processes and task logs could show it. Settings of another Airflow in the caller's
environment are not passed on.
"""

import base64
import configparser
import io
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.paths import ROOT, private_directory, write_private
from stack.postgres import PostgresServer

USER = "admin"
METADATA = "airflow"  # the metadata's database, and its role
PASSWORDS = "passwords.json"

# Parsed before the processes of tasks are forked, so that each task finds them in memory: a task that runs dbt
# starts two to three times faster.
LOCAL_SETTINGS = '''"""Imports that the processes of tasks inherit, so that no task pays for them."""

import contextlib
import sys

if sys.argv[1:2] == ["scheduler"] or sys.argv[1:3] == ["celery", "worker"]:
    with contextlib.suppress(ImportError):
        import dbt.adapters.postgres
        import dbt.cli.main
        import great_expectations
        import msgspec
        import psycopg
        import requests
'''


@dataclass(frozen=True)
class AirflowKeys:
    """What Airflow encrypts its metadata with, and signs tokens and sessions with."""

    fernet_key: str
    jwt_secret: str
    api_secret: str


@dataclass(frozen=True)
class AirflowSecrets(AirflowKeys):
    """The keys of a home, and the password of its one login; made once and kept."""

    password: str

    @classmethod
    def load_or_create(cls, home: Path) -> "AirflowSecrets":
        path = home / "secrets.json"
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            made = cls(
                password=secrets.token_urlsafe(12),
                fernet_key=base64.urlsafe_b64encode(os.urandom(32)).decode(),
                jwt_secret=secrets.token_urlsafe(64),
                api_secret=secrets.token_urlsafe(48),
            )
            write_private(path, json.dumps(vars(made)))
            return made


def airflow_home(home: Path) -> Path:
    return home / "airflow"


def settings(
    home: Path,
    postgres: PostgresServer,
    keys: AirflowKeys,
    port: int,
    overrides: Mapping[str, str],
    dags_folder: Path = ROOT / "dags",
) -> dict[str, dict[str, str]]:
    """All that differs from Airflow's defaults, by section. `overrides` are `section.name: value`."""
    folder = airflow_home(home)
    address = f"http://127.0.0.1:{port}"
    chosen: dict[str, dict[str, str]] = {
        "core": {
            "executor": "LocalExecutor",
            "parallelism": "4",
            "dags_folder": str(dags_folder),
            "plugins_folder": str(ROOT / "plugins"),
            "load_examples": "False",
            # a thin DAG file need not contain the words that Airflow looks for
            "dag_discovery_safe_mode": "False",
            "dags_are_paused_at_creation": "False",
            "max_active_runs_per_dag": "1",
            "min_serialized_dag_update_interval": "5",
            "hostname_callable": "socket.gethostname",
            "execution_api_server_url": f"{address}/execution/",
            "fernet_key": keys.fernet_key,
            "test_connection": "Enabled",
        },
        "database": {
            "sql_alchemy_conn": postgres.sqlalchemy_url(METADATA, METADATA),
            # psycopg speaks over the socket both ways; Airflow would otherwise ask for asyncpg
            "sql_alchemy_conn_async": postgres.sqlalchemy_url(METADATA, METADATA, driver="psycopg"),
        },
        "api": {
            "host": "127.0.0.1",
            "port": str(port),
            "base_url": address,
            "workers": "1",
            "secret_key": keys.api_secret,
            "instance_name": "cx-warehouse",
        },
        "api_auth": {"jwt_secret": keys.jwt_secret},
        "scheduler": {
            "scheduler_idle_sleep_time": "0.2",
            "task_instance_heartbeat_timeout": "120",
            "orphaned_tasks_check_interval": "60",
            "enable_health_check": "False",
        },
        "dag_processor": {
            "refresh_interval": "5",
            # a changed DAG file is read at once; reading all of them again costs half a core all the time
            "min_file_process_interval": "600",
            "parsing_processes": "1",
            "print_stats_interval": "0",
        },
        "logging": {
            "base_log_folder": str(folder / "logs"),
            "dag_processor_child_process_log_directory": str(folder / "logs" / "dag_processor"),
            "file_task_handler_new_folder_permissions": "0o700",
            "file_task_handler_new_file_permissions": "0o600",
            "colored_console_log": "False",
        },
        "usage_data_collection": {"enabled": "False"},
    }
    for name, value in overrides.items():
        section, _, option = name.partition(".")
        chosen.setdefault(section, {})[option] = value
    return chosen


def one_login(home: Path) -> dict[str, str]:
    """Overrides for Airflow's simple auth manager: one administrator, for Airflow on one's own machine."""
    return {
        "core.simple_auth_manager_users": f"{USER}:admin",
        "core.simple_auth_manager_passwords_file": str(airflow_home(home) / PASSWORDS),
    }


def write_password(home: Path, secret: AirflowSecrets) -> None:
    """Write the password of the one login where its auth manager reads it."""
    write_private(private_directory(airflow_home(home)) / PASSWORDS, json.dumps({USER: secret.password}))


def write_configuration(home: Path, chosen: Mapping[str, Mapping[str, str]]) -> None:
    """Write what Airflow reads when it starts, for the eyes of its owner only."""
    folder = private_directory(airflow_home(home))
    parser = configparser.RawConfigParser()
    for section, options in chosen.items():
        parser[section] = {name: value.replace("%", "%%") for name, value in options.items()}
    text = io.StringIO("# written by `make demo` and `make night`; changes are lost\n")
    text.seek(0, io.SEEK_END)
    parser.write(text)
    write_private(folder / "airflow.cfg", text.getvalue())
    private_directory(folder / "config")
    write_private(folder / "config" / "airflow_local_settings.py", LOCAL_SETTINGS)


# what the DAGs read from the environment (orchestration/settings.py)
DAG_SETTINGS = (
    "CX_SCHEDULE",
    "CX_RECONCILE_SCHEDULE",
    "CX_ERASE_SCHEDULE",
    "CX_RETRY_SECONDS",
    "CX_DEADLINE_MINUTES",
    "CX_POKE_SECONDS",
    "CX_TOKEN_KEY",
)


def environment(home: Path) -> dict[str, str]:
    """What Airflow's processes and their tasks see.

    The caller's environment without another Airflow's settings.
    """
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AIRFLOW__") and name not in ("AIRFLOW_HOME", "AIRFLOW_CONFIG", "CX_DATABASE_URL")
    }
    bypass = [ours.get("no_proxy") or ours.get("NO_PROXY") or "", "127.0.0.1", "localhost"]
    no_proxy = ",".join(part for part in bypass if part)
    ours |= {
        "AIRFLOW_HOME": str(airflow_home(home)),
        "CX_HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        # components talk to each other on this machine, whatever proxy leads out of it
        "no_proxy": no_proxy,
        "NO_PROXY": no_proxy,
        "GX_ANALYTICS_ENABLED": "False",
        "DO_NOT_TRACK": "1",
        "SCARF_NO_ANALYTICS": "true",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "PYTHONUNBUFFERED": "1",
        # numeric libraries would start threads in the scheduler, which forks its workers
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TZ": "UTC",
    }
    if sys.platform == "darwin":
        ours["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"  # workers are forked
    return ours
