"""In a container: a backup to standard output, or a restore from standard input.

docker compose run --rm -T backup >backup.tar
docker compose run --rm -T restore <backup.tar
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

import click
import psycopg

from cx_warehouse.connectors.errors import CxError
from deploy.given import DATA, secret
from deploy.initialise import PROGRAMS
from deploy.services import ADMIN, postgres
from stack.backup import backup as back_up
from stack.backup import erase_again, restore_stack
from stack.errors import StackError
from stack.local import WAREHOUSE
from stack.postgres import PostgresServer


@click.group()
def cli() -> None:
    """Backups of every database, as of one moment between nights."""


@cli.command()
def backup() -> None:
    """Write the warehouse and the programs' own databases to standard output."""
    begins = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "backup.tar"
        manifest = back_up(_server(), WAREHOUSE, PROGRAMS, file, keys=_keys())
        with file.open("rb") as made:
            shutil.copyfileobj(made, sys.stdout.buffer)
        size = file.stat().st_size / 1024**2
    _say(f"{', '.join(manifest.databases)}, {size:.1f} MB, {time.monotonic() - begins:.1f} s")
    _say("not in it, and needed to restore: .env, and the newest erasures/due_after_restore.jsonl (docs/deploy.md)")


@cli.command()
def restore() -> None:
    """Make the databases of a backup again in a server without nights, then erase again who was erased since."""
    begins, server = time.monotonic(), _server()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "backup.tar"
        with file.open("wb") as target:
            shutil.copyfileobj(sys.stdin.buffer, target)
        manifest = restore_stack(server, WAREHOUSE, PROGRAMS, file, keys=_keys())

    def dsn_of(role: str | None) -> str:
        return server.dsn(WAREHOUSE, role or ADMIN)

    erase_again(dsn_of, secret("erasure_key"), DATA, _say)
    _say(f"{', '.join(manifest.databases)} as of {manifest.taken_at}: {time.monotonic() - begins:.1f} s")
    _say("`docker compose up -d --wait` sets the passwords and starts the rest")


def _server() -> PostgresServer:
    return postgres(ADMIN, secret("postgres_password"))


def _keys() -> dict[str, str]:
    return {"Fernet key (.env)": secret("fernet_key"), "erasure key (.env)": secret("erasure_key")}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        cli.main(standalone_mode=False)
    except (StackError, CxError, psycopg.Error) as problem:
        sys.exit(f"error: {' '.join(str(problem).split())}")
