"""What a container knows: where the other services are, and the secrets that it was given as files."""

from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import make_conninfo

from stack.errors import StackError
from stack.postgres import PostgresServer

API_PORT = 8080
API_SERVER = f"http://api-server:{API_PORT}"
POSTGRES = ("postgres", 5432)
ADMIN = "postgres"
SECRETS = Path("/run/secrets")
# In memory: Airflow's configuration holds secrets.
CONFIGURATION = Path("/run/cx")
# A volume: logs, data docs, dbt docs.
DATA = Path("/var/lib/cx")
# Roles of the warehouse by the secret that is their password.
WAREHOUSE_SECRETS = {
    "loader_password": "cx_loader",
    "builder_password": "cx_builder",
    "publisher_password": "cx_publisher",
    "eraser_password": "cx_eraser",
    "reader_password": "cx_reader",
    "reader_pii_password": "cx_reader_pii",
}


def secret(name: str) -> str:
    """The secret of that name. Raises StackError when this container has none."""
    try:
        value = (SECRETS / name).read_text().strip()
    except OSError:
        raise StackError(f"this container was not given the secret {name}: see docker-compose.yml") from None
    if not value:
        raise StackError(f"CX_SECRET_{name.upper()} is empty in .env: `make secrets` writes it")
    return value


def postgres(role: str, password: str) -> PostgresServer:
    """The database server, for one who logs in as `role`."""
    host, port = POSTGRES
    return PostgresServer(
        DATA, given_url=f"postgresql://{quote(role)}:{quote(password, safe='')}@{host}:{port}/postgres"
    )


def dsn(database: str, role: str, password: str) -> str:
    """A libpq connection string."""
    host, port = POSTGRES
    return make_conninfo("", host=host, port=port, user=role, password=password, dbname=database)
