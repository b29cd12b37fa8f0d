"""Where the other services are, as a container sees them."""

from urllib.parse import quote

from psycopg.conninfo import make_conninfo

from deploy.given import DATA
from stack.postgres import PostgresServer

API_PORT = 8080
API_SERVER = f"http://api-server:{API_PORT}"
SUPERSET = "http://superset:8088"
POSTGRES = ("postgres", 5432)
ADMIN = "postgres"
# Roles of the warehouse by the secret that is their password.
WAREHOUSE_SECRETS = {
    "loader_password": "cx_loader",
    "builder_password": "cx_builder",
    "publisher_password": "cx_publisher",
    "eraser_password": "cx_eraser",
    "reader_password": "cx_reader",
    "reader_pii_password": "cx_reader_pii",
}


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
