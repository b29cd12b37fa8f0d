"""What is done to the warehouse's Postgres: a crash in the middle, and a disk on which nothing may grow."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

from chaos.errors import CampaignError
from cx_warehouse.connectors import registry
from cx_warehouse.landing.raw_tables import raw_table
from stack.cluster import Cluster
from stack.postgres import PostgresServer

QUOTA_BYTES = 1024 * 1024
SAYS_FULL = "File too large"  # what the kernel answers beyond the quota; a full disk says "No space left on device"


def prepare_disk(home: Path) -> PostgresServer:
    """A server whose write-ahead log is in files no larger than the quota, so that a quota stops tables and not the
    log: without its log a server does not fail, it stops."""
    server = PostgresServer.ensure(home)
    if server.given_url:
        raise CampaignError("the campaign crashes its Postgres again and again: unset CX_DATABASE_URL")
    server.stop()
    cluster = Cluster.load(home)
    assert cluster is not None
    resized = subprocess.run(
        cluster.identity.command(cluster.binaries.program("pg_resetwal"), "--wal-segsize=1", str(cluster.data)),
        capture_output=True,
        text=True,
        cwd="/",
        **cluster.identity.popen_arguments(),
    )
    if resized.returncode != 0:
        raise CampaignError(f"pg_resetwal: {resized.stderr.strip() or resized.stdout.strip()}")
    return PostgresServer.ensure(home)


def grow_tables(dsn: str) -> None:
    """Let every raw table begin with dead pages up to the quota, so that the next page it needs is beyond it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for source, streams in registry.streams().items():
            for stream in streams:
                table = raw_table(source, stream)
                connection.execute(sql.SQL("alter table {} set (autovacuum_enabled = off)").format(table))
                # records stay in the table itself, so that new ones soon need a new page of it
                connection.execute(sql.SQL("alter table {} alter record set storage main").format(table))
                while _size(connection, table) < QUOTA_BYTES:
                    connection.execute(
                        sql.SQL("""
                        insert into {} (key, record, run_id, content_hash, is_deleted)
                        select 'filler', to_jsonb(string_agg(md5((n * 1000 + part)::text), '')),
                            gen_random_uuid(), '', true
                        from generate_series(1, 500) as n, generate_series(1, 50) as part group by n""").format(table)
                    )
                    connection.execute(sql.SQL("delete from {} where key = 'filler'").format(table))


def tidy_catalog(dsn: str) -> None:
    """Give back what a night's temporary tables left in the catalog, which else reaches the quota before any table."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in ("pg_attribute", "pg_class", "pg_type", "pg_depend", "pg_index", "pg_statistic"):
            connection.execute(sql.SQL("vacuum {}").format(sql.Identifier("pg_catalog", table)))


def _size(connection: psycopg.Connection, table: sql.Identifier) -> int:
    row = connection.execute("select pg_relation_size(%s::regclass)", [table.as_string(connection)]).fetchone()
    assert row is not None
    return int(row[0])


def crash(home: Path) -> None:
    """End Postgres in immediate mode, which is a crash, and start it again: it recovers from its log."""
    cluster = Cluster.load(home)
    pid = cluster.running_pid() if cluster else None
    if pid is None:
        raise CampaignError("Postgres is not running")
    os.kill(pid, signal.SIGQUIT)
    while cluster is not None and cluster.running_pid() == pid:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)
    PostgresServer.ensure(home)


def fill_disk(dsn: str, seconds: float) -> None:
    """For so long, no file may grow beyond the quota for whoever ingests: the kernel refuses the write. Only Linux
    can limit another process; elsewhere nothing happens, and nothing is counted."""
    if not hasattr(resource, "prlimit"):
        return
    limited: set[int] = set()
    until = time.monotonic() + seconds
    with contextlib.suppress(psycopg.Error), psycopg.connect(dsn, autocommit=True) as connection:
        while time.monotonic() < until:
            rows = connection.execute("select pid from pg_stat_activity where application_name like 'cx ingest%'")
            for (pid,) in rows:
                if pid not in limited and _limit(pid, QUOTA_BYTES):
                    limited.add(pid)
            time.sleep(0.02)
    for pid in limited:
        _limit(pid, None)


def _limit(pid: int, size: int | None) -> bool:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))
        return True
    return False
