"""A Postgres of a benchmark's own, and scripts that fill its databases."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import psycopg

from stack.paths import default_home, private_directory
from stack.postgres import PostgresServer, remove_outside


@contextmanager
def own_server() -> Iterator[tuple[PostgresServer, Path]]:
    """A server in a home of its own below the project's; both are gone afterwards, also when the benchmark is ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=private_directory(default_home())))
    server = PostgresServer.ensure(home)
    try:
        yield server, home
    finally:
        server.stop()
        if not server.given_url:
            remove_outside(home)
        shutil.rmtree(home, ignore_errors=True)


def run_script(dsn: str, package: str, file: str, **values: object) -> None:
    """Run the statements of a package's file, in which each {name} is put in."""
    text = resources.files(package).joinpath(file).read_text()
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(text.encode())
