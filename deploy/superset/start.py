"""In Superset's container: load what the files say, or serve. Settings, with secrets, are written into memory.

python -m deploy.superset.start load | serve
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from deploy.given import CONFIGURATION, DATA, release, secret
from stack.errors import StackError
from stack.paths import ROOT, private_directory, write_private

HOST = "postgres:5432"
METADATA = "superset"  # Superset's own database, and its role
WAREHOUSE = "warehouse"
READERS = {"cx_reader": "reader_password", "cx_reader_pii": "reader_pii_password"}
# login → its role in Superset (dashboards/roles.yaml), and the secret that is its password
LOGINS = {
    "admin": ("Admin", "superset_admin_password"),
    "analyst": ("Analyst", "analyst_password"),
    "analyst_personal": ("Analyst with personal data", "analyst_personal_password"),
    "airflow": ("Dashboard checker", "checker_password"),
}
FOLDER = ROOT / "dashboards"
RELEASE = ("dashboards/**/*", "deploy/superset/*", "requirements/superset.txt")
SETTINGS = CONFIGURATION / "superset.json"


@click.group()
def cli() -> None:
    """Superset in its container."""


@cli.command()
def load() -> None:
    """Bring Superset's own database to the files; ends at once when this release did it with these secrets."""
    from sqlalchemy import create_engine, text

    begins = time.monotonic()
    chosen = settings()
    users = {name: {"password": secret(password), "role": role} for name, (role, password) in LOGINS.items()}
    secrets = {"key": chosen["secret_key"], **{name: user["password"] for name, user in users.items()}}
    wanted = release(RELEASE, secrets)
    engine = create_engine(chosen["metadata_url"])
    # what was done last is the comment on the database itself: it is gone with the data
    with engine.connect() as connection:
        found = connection.execute(
            text("select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()")
        )
        if found.scalar() == wanted:
            print("this release has loaded the dashboards already")
            return
    hand_over(chosen | {"users": users})
    from deploy.superset.load import main as load_files

    load_files(FOLDER)
    with engine.begin() as connection:
        connection.execute(text(f"comment on database {METADATA} is '{wanted}'"))
    print(f"done in {time.monotonic() - begins:.0f} s")


@cli.command()
def serve() -> None:
    """Become the server of the pages."""
    hand_over(settings())
    server = Path(__file__).with_name("gunicorn.conf.py")
    os.execvp("gunicorn", ["gunicorn", "--config", str(server), "--bind", "0.0.0.0:8088"])


def settings() -> dict[str, Any]:
    """What superset_config.py reads."""
    return {
        "secret_key": secret("superset_secret_key"),
        "metadata_url": _url(METADATA, METADATA, "superset_password"),
        "cache_folder": str(private_directory(DATA / "cache")),
        "warehouse": {role: _url(WAREHOUSE, role, password) for role, password in READERS.items()},
    }


def hand_over(chosen: dict[str, Any]) -> None:
    """Write settings where superset_config.py looks for them."""
    write_private(SETTINGS, json.dumps(chosen))
    os.environ["CX_SUPERSET_SETTINGS"] = str(SETTINGS)


def _url(database: str, role: str, password: str) -> str:
    return f"postgresql+psycopg2://{role}:{quote(secret(password), safe='')}@{HOST}/{database}"


if __name__ == "__main__":
    try:
        cli.main(standalone_mode=False)
    except StackError as problem:
        sys.exit(f"error: {problem}")
