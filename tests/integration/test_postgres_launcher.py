"""The embedded Postgres starts, is found again, stops, and keeps what was committed when it crashes."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from stack.cluster import Cluster
from stack.errors import StackError
from stack.paths import ROOT
from stack.postgres import PostgresServer, remove_outside


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("CX_DATABASE_URL", raising=False)
    folder = Path(tempfile.mkdtemp(prefix="cx-test-"))
    yield folder
    monkeypatch.delenv("CX_DATABASE_URL", raising=False)
    if server := PostgresServer.find(folder):
        server.stop()
    remove_outside(folder)
    shutil.rmtree(folder)


def postmaster(home: Path) -> int:
    cluster = Cluster.load(home)
    assert cluster is not None
    pid = cluster.running_pid()
    assert pid is not None
    return pid


def rows(server: PostgresServer) -> list[int]:
    with psycopg.connect(server.admin_dsn) as connection:
        return [row[0] for row in connection.execute("select n from t order by n")]


def write_row(server: PostgresServer) -> None:
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute("create table if not exists t (n int)")
        connection.execute("insert into t select count(*) from t")


def test_server_is_reused_when_it_runs_and_keeps_data_when_restarted(home: Path) -> None:
    first = PostgresServer.ensure(home)
    write_row(first)
    started = postmaster(home)

    again = PostgresServer.ensure(home)
    assert postmaster(home) == started
    assert again.admin_dsn == first.admin_dsn

    again.stop()
    assert not psutil.pid_exists(started)
    assert PostgresServer.find(home) is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first.admin_dsn)

    third = PostgresServer.ensure(home)
    assert third.admin_dsn == first.admin_dsn
    assert rows(third) == [0]


def test_committed_rows_survive_when_the_server_is_killed(home: Path) -> None:
    server = PostgresServer.ensure(home)
    write_row(server)
    killed = postmaster(home)
    os.kill(killed, signal.SIGKILL)

    server = PostgresServer.ensure(home)
    assert postmaster(home) != killed
    assert rows(server) == [0]


def test_server_starts_when_its_old_number_belongs_to_another_process(home: Path) -> None:
    server = PostgresServer.ensure(home)
    write_row(server)
    server.stop()
    cluster = Cluster.load(home)
    assert cluster is not None
    # what a power cut leaves behind, after the reboot gave the number to something else: this very test
    lines = [os.getpid(), cluster.data, 1, 5432, cluster.socket_folder, "", "", ""]
    (cluster.data / "postmaster.pid").write_text("\n".join(str(line) for line in lines))
    assert not cluster.socket_folder.exists()

    server = PostgresServer.ensure(home)
    assert rows(server) == [0]
    assert postmaster(home) != os.getpid()


def test_server_outlives_the_command_that_started_it(home: Path) -> None:
    code = (
        "import sys, pathlib; from stack.postgres import PostgresServer; "
        "PostgresServer.ensure(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(home)], check=True, cwd=ROOT)
    pid = postmaster(home)
    assert os.getsid(pid) != os.getsid(0)


def test_nobody_else_can_reach_data_or_socket(home: Path) -> None:
    server = PostgresServer.ensure(home)
    cluster = Cluster.load(home)
    assert cluster is not None
    for folder in (cluster.data, cluster.socket_folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with psycopg.connect(server.admin_dsn) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_binaries_of_the_lock_file_serve_when_the_system_has_none(home: Path) -> None:
    server = PostgresServer.ensure(home, kind="wheel")
    with psycopg.connect(server.admin_dsn) as connection:
        assert connection.info.server_version >= 160000
        assert connection.execute("select lower('ŻÓŁW')").fetchone() == ("żółw",)


def test_root_without_namespaces_runs_it_under_another_account(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root needs another account")
    monkeypatch.setenv("CX_POSTGRES_NAMESPACE", "0")
    mode = stat.S_IMODE(home.stat().st_mode)
    server = PostgresServer.ensure(home, kind="wheel")
    write_row(server)
    assert psutil.Process(postmaster(home)).uids().real != 0
    assert stat.S_IMODE(home.stat().st_mode) == mode
    assert "/var/tmp" in server.description

    server.stop()
    remove_outside(home)
    assert not list(Path("/var/tmp").glob(f"{Path(server.description.split()[-1]).name}*"))


def test_given_server_is_used_and_left_running(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = PostgresServer.ensure(home)
    with psycopg.connect(own.admin_dsn) as connection:
        connection.execute("create role cx_reader")
    monkeypatch.setenv("CX_DATABASE_URL", own.admin_dsn)
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()

    given = PostgresServer.ensure(elsewhere)
    given.create_databases("warehouse", "warehouse")
    with psycopg.connect(given.dsn("warehouse", "cx_reader")) as connection:
        row = connection.execute("select current_database(), current_user, session_user").fetchone()
    assert row == ("warehouse", "cx_reader", "postgres")
    given.stop()
    assert postmaster(home)
    assert not (elsewhere / "pgdata").exists()


def test_given_server_is_named_when_it_cannot_be_reached(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CX_DATABASE_URL", "postgresql://someone:pass-word@127.0.0.1:1/postgres")
    with pytest.raises(StackError, match="CX_DATABASE_URL") as caught:
        PostgresServer.ensure(home)
    assert "pass-word" not in str(caught.value)
