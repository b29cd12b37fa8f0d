"""`make erase`: what it shows, what it refuses, and that the id goes to the warehouse alone. Airflow is played."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import sql
from rich.console import Console

from cx_warehouse import privacy
from cx_warehouse.database import bootstrap
from cx_warehouse.landing.erased import ErasureKey
from cx_warehouse.privacy.ledger import DUE, read_due, request_due, write_certificates
from stack import erase as command
from stack.errors import StackError
from tests.conftest import Warehouse

KEY = ErasureKey.of("a key that is only for tests, and long enough")
EMAIL = "anna.nowak@x.example"


class Played:
    """Airflow that does what the DAG does, or nothing at all."""

    def __init__(self, warehouse: Warehouse, home: Path, *, works: bool = True) -> None:
        self.warehouse, self.home, self.works = warehouse, home, works
        self.triggered: list[tuple[str, Any]] = []
        self.airflow = SimpleNamespace(api=lambda: self)
        self.stack = self

    def wait_for_dags(self, dag_ids: Any) -> None:
        assert list(dag_ids) == ["erase"]

    def trigger(self, dag_id: str, conf: Any) -> str:
        self.triggered.append((dag_id, conf))
        if self.works:
            privacy.erase_due(self.warehouse.dsn("cx_eraser"), KEY, self.home)
        return "run"

    def wait(self, dag_id: str, run_id: str, *, timeout_seconds: float) -> dict[str, str]:
        return {"state": "success" if self.works else "failed"}


@pytest.fixture
def person(warehouse: Warehouse) -> Warehouse:
    """One person in raw, before any night was built; and somebody else."""
    bootstrap(warehouse.dsn())
    for key, email in (("1", EMAIL), ("2", "bob@x.example")):
        record = {"id": key, "properties": {"email": email, "firstname": "Anna", "lastname": "Nowak"}}
        warehouse.rows(
            """insert into raw_hubspot.contacts (key, record, run_id, content_hash, is_deleted)
               values (%s, %s, gen_random_uuid(), '', false)""",
            key,
            json.dumps(record),
        )
    return warehouse


def run(monkeypatch: pytest.MonkeyPatch, played: Played, text: str | None, *, dry_run: bool = False) -> str:
    monkeypatch.setattr(command.PostgresServer, "ensure", lambda home: SimpleNamespace(dsn=played_dsn(played)))
    monkeypatch.setattr(command.Rerun, "of", lambda home, notice: played)
    console = Console(file=io.StringIO(), width=200)
    command.erase(played.home, text, console, dry_run=dry_run)
    return console.file.getvalue()  # type: ignore[attr-defined]


def played_dsn(played: Played) -> Any:
    return lambda database, role: played.warehouse.dsn(role)


def test_dry_run_shows_what_would_go_and_changes_nothing(
    person: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    played = Played(person, tmp_path)
    said = run(monkeypatch, played, EMAIL, dry_run=True)
    assert ["raw_hubspot.contacts", "1"] in [line.split() for line in said.splitlines()]
    assert "nothing was changed" in said
    assert played.triggered == []
    assert person.value("select count(*) from raw_hubspot.contacts") == 2
    assert person.value("select count(*) from ops.erasures") == 0


def test_the_id_reaches_the_warehouse_only_and_the_certificate_is_shown(
    person: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CX_REQUESTED_BY", "the privacy officer")
    played = Played(person, tmp_path)
    said = run(monkeypatch, played, EMAIL)
    assert played.triggered == [("erase", {})]
    certificate = json.loads(said[said.index("{") :])
    assert certificate["requested_by"] == "the privacy officer"
    assert certificate["removed"] == {"raw_hubspot.contacts deleted": 1}
    assert EMAIL not in json.dumps(certificate)
    assert [row[0] for row in person.rows("select key from raw_hubspot.contacts")] == ["2"]


def test_what_did_not_end_is_said_and_taken_up_without_an_id(
    person: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(StackError, match="not everything is erased"):
        run(monkeypatch, Played(person, tmp_path, works=False), EMAIL)
    assert "erasures that are due" in run(monkeypatch, Played(person, tmp_path), None)
    assert person.value("select status from ops.erasures") == "done"


def test_without_an_id_and_with_nothing_due_it_says_how(
    person: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(StackError, match="ID=hubspot:123"):
        run(monkeypatch, Played(person, tmp_path), None)


def test_the_list_beside_the_backups_names_nobody_and_is_done_again_once(person: Warehouse, tmp_path: Path) -> None:
    dsn = person.dsn("cx_eraser")
    privacy.request(dsn, EMAIL, "test")
    done = privacy.erase_due(dsn, KEY, tmp_path)
    files = write_certificates(dsn, tmp_path, [one.erasure_id for one in done])
    due = tmp_path / "erasures" / DUE
    assert [file.stat().st_mode & 0o077 for file in (*files, due)] == [0, 0]
    assert EMAIL not in due.read_text() and "anna" not in due.read_text().lower()
    assert len(read_due(due)) == 1

    assert request_due(dsn, KEY, due) == 0  # known
    person.rows("truncate ops.erasure_tombstones, ops.erasures, ops.erasure_work")  # as a restore would
    person.rows(
        """insert into raw_hubspot.contacts (key, record, run_id, content_hash, is_deleted)
           values ('1', %s, gen_random_uuid(), '', false)""",
        json.dumps({"id": "1", "properties": {"email": EMAIL}}),
    )
    assert request_due(dsn, KEY, due) == 1
    (again,) = privacy.erase_due(dsn, KEY, tmp_path)
    assert again.certificate["reason"] == "restore"
    assert [row[0] for row in person.rows("select key from raw_hubspot.contacts")] == ["2"]
    write_certificates(dsn, tmp_path, [again.erasure_id])
    assert request_due(dsn, KEY, due) == 0


def test_airflows_own_database_is_cleaned_and_caches_are_told(person: Warehouse, tmp_path: Path) -> None:
    name = f"{person.database}_airflow"
    with psycopg.connect(person.server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            with psycopg.connect(person.server.dsn(name), autocommit=True) as metadata:
                metadata.execute("create table xcom (key text, value jsonb); create table log (extra text)")
                metadata.execute("insert into xcom values ('a', %s), ('b', '7')", [json.dumps({"said": EMAIL.upper()})])
                metadata.execute("insert into log values (%s), ('nothing')", [f"for {EMAIL}, hubspot:1, done"])
            told: list[int] = []
            privacy.request(person.dsn("cx_eraser"), "hubspot:1", "test")
            (done,) = privacy.erase_due(
                person.dsn("cx_eraser"), KEY, tmp_path, metadata_dsn=person.server.dsn(name), hooks=[told.append]
            )
            with psycopg.connect(person.server.dsn(name), autocommit=True) as metadata:
                values = metadata.execute("select value from xcom order by key").fetchall()
                assert values == [({"said": "[erased]"},), (7,)]
                texts = metadata.execute("select extra from log order by extra").fetchall()
                assert texts == [("for [erased], [erased], done",), ("nothing",)]
            assert told == [done.erasure_id]
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
