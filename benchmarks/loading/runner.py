"""One Postgres, one page server at a time, and each measured run in a fresh process against a fresh database."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import psycopg
from psycopg import sql

from benchmarks.loading.page_server import PATH, serving
from benchmarks.loading.records import stride, write_records
from benchmarks.server import own_server
from cx_warehouse.database import bootstrap
from stack.cluster import ADMIN, Cluster
from stack.errors import StackError
from stack.paths import ROOT
from stack.postgres import PostgresServer

BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
LOADER = "cx_loader"


@dataclass(frozen=True)
class Run:
    """One measured run."""

    seconds: float
    records: int
    client_cpu_seconds: float
    postgres_cpu_seconds: float | None  # None on a server that is not ours
    peak_mb: float
    details: dict[str, Any]


class Bench:
    """The bench on which the contenders run."""

    def __init__(self, server: PostgresServer, home: Path) -> None:
        self.server, self.home = server, home
        self.version = ""  # of the other loader, once it ran
        self._template = f"bench_template_{uuid4().hex[:8]}"
        server.create_databases(self._template)
        bootstrap(server.dsn(self._template))
        cluster = None if server.given_url else Cluster.load(home)
        pid = cluster.running_pid() if cluster else None
        self._postmaster = psutil.Process(pid) if pid else None

    def close(self) -> None:
        """Drop what was made in the server."""
        self._admin(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(self._template)))

    @contextmanager
    def pages(self, records: int, *, changed: bool = False) -> Iterator[str]:
        """Serve so many records; yields the address."""
        file = self.home / f"records-{records}-{'changed' if changed else 'first'}"
        if shutil.disk_usage(self.home).free < (wanted := 6 * stride() * records):
            raise StackError(f"{records:,} records need about {wanted / 1e9:.0f} GB free in {self.home.parent}")
        write_records(file, records, changed=changed)
        try:
            with serving(file) as url:
                yield url
        finally:
            file.unlink()

    @contextmanager
    def database(self, *, bare: bool = False) -> Iterator[str]:
        """A fresh database: a bootstrapped warehouse, or an empty one. Yields its name."""
        name = f"bench_{uuid4().hex[:8]}"
        template = "template1" if bare else self._template
        self._admin(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield name
        finally:
            self._admin(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def limit(self, url: str, records: int, per_page: int) -> Run:
        """The bare limit, into a fresh database."""
        with self.database(bare=True) as name:
            run = self._contender("limit", self.server.dsn(name), url, per_page)
            self._expect(name, "bare", records)
        return run

    def landing(self, database: str, url: str, per_page: int, *, rows: int, again: bool = False) -> Run:
        """This landing; `again` reads everything once more. Afterwards the raw table must hold `rows` versions."""
        if again:
            self._admin("update ops.cursors set state = '{}'", database=database)
        run = self._contender("landing", self.server.dsn(database, LOADER), url, per_page)
        self._expect(database, "raw_zendesk.tickets", rows)
        return run

    def other_loader(self, url: str, records: int, per_page: int, *, nesting: bool) -> Run:
        """dlt, into a fresh database."""
        if not BENCH_PYTHON.exists():
            raise StackError("the other loader's environment is missing: run it as `make bench NAME=landing`")
        work = self.home / f"dlt-{uuid4().hex[:8]}"
        work.mkdir()
        try:
            with self.database(bare=True) as name:
                run = self._measured(
                    [
                        str(BENCH_PYTHON),
                        "-m",
                        "benchmarks.loading.dlt_load",
                        "--dsn",
                        self.server.dsn(name),
                        "--url",
                        url,
                        "--path",
                        PATH,
                        "--per-page",
                        str(per_page),
                        "--work",
                        str(work),
                        *([] if nesting else ["--nesting-off"]),
                    ]
                )
                self._expect(name, "loaded.tickets", records)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        self.version = run.details["version"]
        return run

    def _contender(self, which: str, dsn: str, url: str, per_page: int) -> Run:
        return self._measured(
            [
                sys.executable,
                "-m",
                "benchmarks.loading.contenders",
                which,
                "--dsn",
                dsn,
                "--url",
                url,
                "--per-page",
                str(per_page),
            ]
        )

    def _measured(self, command: list[str]) -> Run:
        self._admin("checkpoint")  # the former run's pages are not written out at this one's cost
        before = self._postgres_cpu()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise StackError(f"{' '.join(command[1:4])} failed: {(done.stderr.strip() or 'it said nothing')[-2000:]}")
        figures = json.loads(done.stdout.strip().splitlines()[-1])
        time.sleep(0.2)  # a backend's time is counted once it has ended
        after = self._postgres_cpu()
        used = round(after - before, 2) if after is not None and before is not None else None
        return Run(
            figures.pop("seconds"),
            figures.pop("records"),
            figures.pop("cpu_seconds"),
            used,
            figures.pop("peak_mb"),
            figures,
        )

    def _postgres_cpu(self) -> float | None:
        """CPU seconds of all backends that have ended."""
        if self._postmaster is None:
            return None
        times = self._postmaster.cpu_times()
        return float(times.children_user + times.children_system)

    def _expect(self, database: str, table: str, rows: int) -> None:
        """A contender that did not store everything was not faster but wrong."""
        with psycopg.connect(self.server.dsn(database)) as connection:
            found = connection.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(*table.split(".")))
            ).fetchone()
        if found != (rows,):
            raise StackError(f"{table} holds {found and found[0]} rows instead of {rows}")

    def _admin(self, statement: str | sql.Composed, *, database: str = "postgres") -> None:
        with psycopg.connect(self.server.dsn(database, ADMIN), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]


@contextmanager
def bench() -> Iterator[Bench]:
    """A bench with a Postgres of its own below the project's home, gone afterwards."""
    with own_server() as (server, home):
        made = Bench(server, home)
        try:
            yield made
        finally:
            made.close()
