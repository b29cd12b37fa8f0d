"""A backup restored into an empty database gives the same warehouse, without whom was erased since it was made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from cx_warehouse import privacy
from cx_warehouse.database import bootstrap
from cx_warehouse.privacy.ledger import write_certificates
from stack.backup import Manifest, backup, erase_again, restore
from stack.errors import StackError
from tests.company_nights import CompanyNights, company_nights
from tests.conftest import Warehouse
from tests.integration.test_erasure import KEY
from tests.traces import Person, in_database

pytestmark = pytest.mark.timeout(900)
SECRETS = {"Fernet key": "one secret", "erasure key": KEY.secret.decode()}


@pytest.fixture(scope="module")
def nights(postgres, warehouse_template, tmp_path_factory) -> Iterator[CompanyNights]:
    """One published night, and a database that plays Airflow's."""
    name = f"backup_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        for database in (name, f"{name}_airflow"):
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(database), sql.Identifier(warehouse_template if database == name else "template1")
                )
            )
        warehouse = Warehouse(postgres, name)
        bootstrap(warehouse.dsn())
        with psycopg.connect(postgres.dsn(f"{name}_airflow"), autocommit=True) as metadata:
            metadata.execute("create table dag_run (id int); insert into dag_run values (7)")
        with company_nights(warehouse, tmp_path_factory.mktemp("home"), key=KEY, days=12) as made:
            made.night()
            yield made
        for database in (name, f"{name}_airflow", f"{name}_back", f"{name}_airflow_back"):
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))


@pytest.fixture(scope="module")
def file(nights: CompanyNights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, path = nights.warehouse.database, tmp_path_factory.mktemp("backups") / "one.tar"
    manifest = backup(nights.warehouse.server, name, [f"{name}_airflow", "not_there"], path, keys=SECRETS)
    assert manifest.databases == (name, f"{name}_airflow")
    assert path.stat().st_mode & 0o077 == 0
    return path


def bring_back(nights: CompanyNights, file: Path, **keys: str) -> Warehouse:
    name = nights.warehouse.database
    names = {name: f"{name}_back", f"{name}_airflow": f"{name}_airflow_back"}
    restore(nights.warehouse.server, file, keys={**SECRETS, **keys}, names=names)
    return Warehouse(nights.warehouse.server, f"{name}_back")


def rows_of(warehouse: Warehouse) -> dict[str, list[str]]:
    """Every row of every table, without views: they follow from them."""
    tables = warehouse.rows(
        """select format('%I.%I', nspname, relname) from pg_class join pg_namespace as space
               on space.oid = relnamespace
           where relkind = 'r' and nspname ~ '^(ops|raw_.*|(marts|previous)(_.*)?)$' order by 1"""
    )
    return {
        table: sorted(row[0] for row in warehouse.rows(f"select to_jsonb(one)::text from {table} as one"))
        for (table,) in tables
    }


def test_restored_warehouse_is_the_same_with_its_rights(nights: CompanyNights, file: Path) -> None:
    back = bring_back(nights, file)
    assert rows_of(back) == rows_of(nights.warehouse)
    bootstrap(back.dsn())
    assert back.server is nights.warehouse.server
    with psycopg.connect(back.dsn("cx_reader")) as reader:
        assert reader.execute("select count(*) from dim_customers").fetchone()[0] > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("select * from dim_customers_personal")
    with psycopg.connect(nights.warehouse.server.dsn(f"{nights.warehouse.database}_airflow_back")) as metadata:
        assert metadata.execute("select id from dag_run").fetchall() == [(7,)]


def test_peoples_own_roles_and_views_come_back(nights: CompanyNights, tmp_path: Path) -> None:
    role, server = f"anna_{nights.warehouse.database}", nights.warehouse.server
    nights.warehouse.rows(f"create role {role} login in role cx_reader")
    nights.warehouse.rows(f"create schema analysis authorization {role}")
    with psycopg.connect(nights.warehouse.dsn(role), autocommit=True) as anna:
        anna.execute("create view analysis.mine as select count(*) from marts.dim_customers")
    name = nights.warehouse.database
    backup(server, name, [], tmp_path / "three.tar", keys=SECRETS)
    nights.warehouse.rows("drop schema analysis cascade")
    nights.warehouse.rows(f"drop role {role}")
    restore(server, tmp_path / "three.tar", keys=SECRETS, names={name: f"{name}_back"})
    back = Warehouse(server, f"{name}_back")
    try:
        bootstrap(back.dsn())
        with psycopg.connect(back.dsn(role)) as anna:
            assert anna.execute("select * from analysis.mine").fetchone()[0] > 0
    finally:
        back.rows("drop schema analysis cascade")
        back.rows(f"drop role {role}")


def test_restore_over_nights_is_refused(nights: CompanyNights, file: Path) -> None:
    nights.warehouse.rows(
        """insert into ops.nights (as_of, sources, deadline_at) values (now(), '{}', now()) on conflict do nothing"""
    )
    with pytest.raises(StackError, match="would throw them away"):
        restore(nights.warehouse.server, file, keys=SECRETS)


def test_restore_with_other_secrets_is_refused(nights: CompanyNights, file: Path) -> None:
    with pytest.raises(StackError, match="made with another Fernet key"):
        bring_back(nights, file, **{"Fernet key": "another"})


def test_a_file_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"not a tar")
    with pytest.raises(StackError, match="is no backup"):
        Manifest.read(tmp_path / "x.tar")


def test_no_backup_is_taken_while_a_night_is_under_way(nights: CompanyNights, tmp_path: Path) -> None:
    nights.warehouse.rows("insert into ops.builds (as_of, kind) values (now(), 'full')")
    try:
        with pytest.raises(StackError, match="between nights, and build"):
            backup(
                nights.warehouse.server,
                nights.warehouse.database,
                [],
                tmp_path / "two.tar",
                keys=SECRETS,
                wait_seconds=0,
            )
        assert list(tmp_path.iterdir()) == []
    finally:
        nights.warehouse.rows("delete from ops.builds where status = 'running'")


def test_who_was_erased_since_is_erased_again(nights: CompanyNights, file: Path) -> None:
    email, contact = nights.warehouse.rows(
        """select personal.email, bridge.identity_key from marts.dim_customers_personal as personal
           join marts.bridge_customer_identities as bridge using (customer_key)
           where bridge.kind = 'crm_contact' and personal.email is not null
               and (select count(*) from marts_identity.claims as claim join marts_identity.membership as member
                        using (identity_key)
                    where claim.value = personal.email and member.customer_key <> personal.customer_key) = 0
           order by 2 limit 1"""
    )[0]
    person, dsn = Person((email,), (contact,)), nights.warehouse.dsn("cx_eraser")
    privacy.request(dsn, email, "privacy officer")
    done = privacy.erase_due(dsn, KEY, nights.home)
    write_certificates(dsn, nights.home, [one.erasure_id for one in done])
    assert in_database(nights.warehouse.dsn(), person) == {}
    kept = nights.home / "erasures"
    assert not any(email in path.read_text() for path in kept.iterdir())

    back = bring_back(nights, file)
    assert in_database(back.dsn(), person) != {}, "the backup is older than the erasure"
    said: list[str] = []
    erase_again(lambda role: back.dsn(role), KEY.secret.decode(), nights.home, said.append)
    assert said == ["1 erasures that came after the backup were done again"]
    assert in_database(back.dsn(), person) == {}
    original = {name: rows for name, rows in rows_of(nights.warehouse).items() if not name.startswith("ops.")}
    assert {name: rows for name, rows in rows_of(back).items() if not name.startswith("ops.")} == original
    assert erase_again(lambda role: back.dsn(role), KEY.secret.decode(), nights.home, said.append) == 0
