"""What each database role can do, and what it cannot."""

from __future__ import annotations

import psycopg
import pytest

from cx_warehouse.database import bootstrap
from tests.conftest import Warehouse

BUILD = "insert into ops.builds (as_of, kind) values (now(), 'full')"
RUN = (
    "insert into ops.ingest_runs (run_id, source, stream, as_of) "
    "values (gen_random_uuid(), 'zendesk', 'tickets', now())"
)
VERSION = (
    "insert into raw_zendesk.tickets (key, record, run_id, content_hash, is_deleted) "
    "values ('1', '{}', gen_random_uuid(), '', false)"
)
REFUSED_RECORD = (
    "insert into raw_zendesk.quarantine (stream, body, body_hash, reason, run_id, as_of) "
    "values ('tickets', '', '', '', gen_random_uuid(), now()) "
    "on conflict (stream, body_hash) do update set times_seen = quarantine.times_seen + 1"
)

CAN = [
    ("cx_loader", VERSION),
    ("cx_loader", "select * from raw_zendesk.tickets"),
    ("cx_loader", REFUSED_RECORD),
    ("cx_loader", RUN),
    ("cx_loader", "update ops.ingest_runs set pages = 1"),
    (
        "cx_loader",
        "insert into ops.cursors (source, stream, account) values ('zendesk', 'tickets', 'a') "
        "on conflict (source, stream) do update set fence = 2",
    ),
    ("cx_loader", "delete from ops.walk_keys"),
    (
        "cx_loader",
        "insert into ops.request_budgets (source, account, name, granted, window_seconds) "
        "values ('zendesk', 'a', 'exports', 5, 60) on conflict (source, account, name) do update set granted = 5",
    ),
    (
        "cx_loader",
        "insert into ops.tokens (source, account, name, sealed) values ('zendesk', 'a', 'oauth', 'x') "
        "on conflict (source, account, name) do update set version = 2",
    ),
    ("cx_loader", "delete from ops.tokens"),
    ("cx_loader", "insert into ops.nights (as_of, sources, deadline_at) values (now(), '{}', now())"),
    ("cx_loader", "delete from ops.night_sources"),
    ("cx_loader", "create temporary table page (record jsonb)"),
    ("cx_loader", "select * from ops.night_status"),
    ("cx_builder", "select * from raw_zendesk.tickets"),
    ("cx_builder", "select * from raw_ga4.quarantine"),
    ("cx_builder", "select * from ops.ingest_runs"),
    ("cx_builder", BUILD),
    ("cx_builder", "update ops.builds set status = 'failed'"),
    ("cx_builder", "delete from ops.build_high_water"),
    ("cx_builder", "delete from ops.dbt_nodes"),
    ("cx_builder", "delete from ops.validations"),
    ("cx_builder", "create table candidate_staging.t (x int)"),
    ("cx_builder", "create temporary table t (x int)"),
    ("cx_publisher", BUILD),
    ("cx_publisher", "select * from ops.publications"),
    ("cx_publisher", "create schema candidate_extra"),
    ("cx_publisher", "select ops.record_reader_views(), ops.carry_reader_views()"),
    ("cx_reader", "select * from ops.night_status"),
    ("cx_reader_pii", "select * from ops.night_status"),
    ("cx_reader", "select * from ops.stream_runs, ops.check_results, ops.build_steps"),
    ("cx_loader", "select * from ops.erasure_tombstones"),
    ("cx_publisher", "select * from ops.erasures"),
    ("cx_eraser", "delete from raw_zendesk.tickets"),
    ("cx_eraser", "update raw_zendesk.tickets set record = '{}'"),
    ("cx_eraser", "delete from raw_ga4.quarantine"),
    ("cx_eraser", "insert into ops.erasures (reason, requested_by) values ('request', 'x')"),
    ("cx_eraser", "select * from ops.erasure_work"),
    ("cx_eraser", "select ops.forget_statistics('raw_zendesk', 'tickets')"),
]

CANNOT = [
    ("cx_loader", "update raw_zendesk.tickets set record = '{}'"),
    ("cx_loader", "delete from raw_zendesk.tickets"),
    ("cx_loader", "truncate raw_zendesk.tickets"),
    ("cx_loader", "drop table raw_zendesk.tickets"),
    ("cx_loader", "create table raw_zendesk.more (x int)"),
    ("cx_loader", "delete from raw_zendesk.quarantine"),
    ("cx_loader", BUILD),
    ("cx_loader", "insert into ops.publications (build_number, action) values (1, 'publish')"),
    ("cx_loader", "delete from ops.ingest_runs"),
    ("cx_loader", "select * from ops.validations"),
    ("cx_loader", "create table candidate.t (x int)"),
    ("cx_loader", "select ops.carry_reader_views()"),
    *[
        (role, "select sealed from ops.tokens")
        for role in ("cx_builder", "cx_publisher", "cx_reader", "cx_reader_pii", "cx_eraser")
    ],
    *[
        (role, "select * from ops.erasure_work")
        for role in ("cx_loader", "cx_builder", "cx_publisher", "cx_reader", "cx_reader_pii")
    ],
    ("cx_loader", "delete from ops.erasure_tombstones"),
    ("cx_publisher", "delete from ops.erasure_tombstones"),
    ("cx_publisher", "select ops.forget_statistics('raw_zendesk', 'tickets')"),
    ("cx_eraser", VERSION),
    ("cx_eraser", "truncate raw_zendesk.tickets"),
    ("cx_eraser", "drop table raw_zendesk.tickets"),
    ("cx_eraser", "create table raw_zendesk.more (x int)"),
    ("cx_builder", VERSION),
    ("cx_builder", "delete from raw_zendesk.tickets"),
    ("cx_builder", RUN),
    ("cx_builder", "update ops.cursors set state = '{}'"),
    ("cx_builder", "insert into ops.publications (build_number, action) values (1, 'publish')"),
    ("cx_builder", "create schema mine"),
    ("cx_builder", "create table ops.mine (x int)"),
    ("cx_builder", "create table public.mine (x int)"),
    ("cx_builder", "alter schema candidate rename to marts"),
    ("cx_builder", "select ops.carry_reader_views()"),
    ("cx_publisher", VERSION),
    ("cx_publisher", "delete from ops.publications"),
    ("cx_publisher", "update ops.reader_views set definition = 'select 1'"),
    ("cx_publisher", "select ops.restore_reader_view(v) from ops.reader_views as v"),
    *[
        (reader, statement)
        for reader in ("cx_reader", "cx_reader_pii")
        for statement in (
            "select * from ops.builds",
            "select * from ops.reader_views",
            "select * from raw_zendesk.tickets",
            "create table candidate.t (x int)",
            "create temporary table t (x int)",
            "create table public.t (x int)",
            "create schema mine",
            "select ops.record_reader_views()",
        )
    ],
]


@pytest.fixture
def prepared(warehouse: Warehouse) -> Warehouse:
    """A warehouse with a candidate set and a row in the tables that others refer to."""
    from cx_warehouse.publishing import prepare_candidate

    bootstrap(warehouse.dsn())  # a copied database has not the template's own grants
    with psycopg.connect(warehouse.dsn("cx_publisher"), autocommit=True) as publisher:
        prepare_candidate(publisher, False)
    return warehouse


def test_each_role_can_do_its_work(prepared: Warehouse) -> None:
    failed = []
    for role, statement in CAN:
        with psycopg.connect(prepared.dsn(role)) as connection:
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                failed.append((role, statement, str(error)))
            connection.rollback()
    assert failed == []


def test_no_role_can_do_more(prepared: Warehouse) -> None:
    done = []
    for role, statement in CANNOT:
        with psycopg.connect(prepared.dsn(role)) as connection:
            try:
                connection.execute(statement)
                done.append((role, statement))
            except psycopg.errors.InsufficientPrivilege:
                pass
            connection.rollback()
    assert done == []


def test_stranger_cannot_even_connect(prepared: Warehouse) -> None:
    stranger = f"stranger_{prepared.database}"
    prepared.rows(f"create role {stranger} login")
    try:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(prepared.dsn(stranger))
    finally:
        prepared.rows(f"drop role {stranger}")


def test_bootstrap_again_takes_stray_grants_on_ops_back_and_keeps_data(prepared: Warehouse) -> None:
    prepared.rows("grant all on ops.cursors to cx_reader, public")
    prepared.rows("insert into ops.cursors (source, stream, account) values ('zendesk', 'tickets', 'a')")
    bootstrap(prepared.dsn())
    assert prepared.value("select count(*) from ops.cursors") == 1
    with psycopg.connect(prepared.dsn("cx_reader")) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("select * from ops.cursors")
