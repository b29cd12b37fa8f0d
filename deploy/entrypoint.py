"""Write Airflow's configuration into memory, then become the command that the container is for."""

import os
import sys

from deploy.services import API_PORT, API_SERVER, CONFIGURATION, DATA, postgres, secret
from stack.airflow_settings import METADATA, AirflowSecrets, settings, write_configuration
from stack.errors import StackError


def configure() -> None:
    """Airflow's settings on one machine, with what differs between containers."""
    secrets = AirflowSecrets(
        password=secret("admin_password"),
        fernet_key=secret("fernet_key"),
        jwt_secret=secret("jwt_secret"),
        api_secret=secret("api_secret"),
    )
    logs = DATA / "airflow" / "logs"  # one volume for all: the api-server shows what tasks wrote
    overrides = {
        "core.execution_api_server_url": f"{API_SERVER}/execution/",
        "core.parallelism": os.environ.get("CX_PARALLELISM") or "4",
        "api.host": "0.0.0.0",
        "api.base_url": os.environ.get("CX_AIRFLOW_URL") or f"http://127.0.0.1:{API_PORT}",
        "logging.base_log_folder": str(logs),
        "logging.dag_processor_child_process_log_directory": str(logs / "dag_processor"),
    }
    database = postgres(METADATA, secret("airflow_password"))
    write_configuration(CONFIGURATION, settings(CONFIGURATION, database, secrets, API_PORT, overrides), secrets)


def main() -> None:
    try:
        configure()
    except StackError as error:
        sys.exit(f"error: {error}")
    command = sys.argv[1:]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
