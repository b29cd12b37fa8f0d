"""Write Airflow's configuration into memory, then become the command that the container is for."""

import os
import sys

from deploy.given import CONFIGURATION, DATA, secret
from deploy.services import API_PORT, API_SERVER, postgres
from stack.airflow_settings import METADATA, AirflowKeys, airflow_home, settings, write_configuration
from stack.errors import StackError
from stack.paths import write_private

# Logins stand in Airflow's own database: a person each, with one of the roles Viewer, Op and Admin.
AUTH_MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
LOGINS = """# one api-server: attempts to log in are counted in its memory
RATELIMIT_STORAGE_URI = "memory://"
"""


def configure() -> None:
    """Airflow's settings on one machine, with what differs in containers."""
    keys = AirflowKeys(
        fernet_key=secret("fernet_key"), jwt_secret=secret("jwt_secret"), api_secret=secret("api_secret")
    )
    logs = DATA / "airflow" / "logs"  # one volume for all: the api-server shows what tasks wrote
    overrides = {
        "core.auth_manager": AUTH_MANAGER,
        "core.execution_api_server_url": f"{API_SERVER}/execution/",
        "core.parallelism": os.environ.get("CX_PARALLELISM") or "4",
        "api.host": "0.0.0.0",
        "api.base_url": os.environ.get("CX_AIRFLOW_URL") or f"http://127.0.0.1:{API_PORT}",
        "logging.base_log_folder": str(logs),
        "logging.dag_processor_child_process_log_directory": str(logs / "dag_processor"),
        **(_workers() if "scale" in os.environ.get("COMPOSE_PROFILES", "").split(",") else {}),
    }
    database = postgres(METADATA, secret("airflow_password"))
    write_configuration(CONFIGURATION, settings(CONFIGURATION, database, keys, API_PORT, overrides))
    write_private(airflow_home(CONFIGURATION) / "webserver_config.py", LOGINS)


def _workers() -> dict[str, str]:
    """Tasks run in the containers `worker`, which take them from Redis."""
    broker = f"redis://:{secret('redis_password')}@redis:6379"
    return {
        "core.executor": "CeleryExecutor",
        "celery.broker_url": f"{broker}/0",
        "celery.result_backend": f"{broker}/1",
        "celery.worker_concurrency": os.environ.get("CX_WORKER_TASKS") or "2",
        # a worker that is killed has taken no task but those that it runs
        "celery.worker_prefetch_multiplier": "1",
        # seconds after which Redis would give a task out again that still runs: longer than any
        "celery_broker_transport_options.visibility_timeout": "86400",
        # and one that it took without a word to Airflow is given to another
        "scheduler.task_queued_timeout": "180",
    }


def main() -> None:
    try:
        configure()
    except StackError as error:
        sys.exit(f"error: {error}")
    command = sys.argv[1:]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
