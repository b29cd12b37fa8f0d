"""Readers get whole nights: the switch, what it grants, what stops it, and the way back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from cx_warehouse import publishing
from cx_warehouse.database import bootstrap
from cx_warehouse.publishing import PublishedTable, PublishError
from tests.conftest import Warehouse

# Every published night in these tests says its build number in both tables, so a mixture would show.
TABLES = (
    PublishedTable("dim_customers"),
    PublishedTable("dim_customers_personal", readers=("cx_reader_pii",)),
    PublishedTable("fct_tickets"),
)


class Nights:
    """A warehouse in which nights are built by hand, as the orchestration would."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    @contextmanager
    def session(self, role: str) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.warehouse.dsn(role), autocommit=True) as connection:
            yield connection

    def claim(self) -> int:
        with self.session("cx_builder") as builder:
            builder.execute("update ops.builds set status = 'failed' where status = 'running'")
            row = builder.execute(
                "insert into ops.builds (as_of, kind) values (now(), 'full') returning build_number"
            ).fetchone()
            assert row
            return int(row[0])

    def prepare(self, number: int | None = None, *, full: bool = False) -> bool:
        with self.session("cx_publisher") as publisher:
            return publishing.prepare_candidate(publisher, full, build_number=number)

    def build(self, number: int, *, commented: bool = True, extra_column: str = "") -> None:
        """What dbt does: marts that hold the build's number, one of them kept from night to night."""
        with self.session("cx_builder") as builder:
            builder.execute("create table if not exists candidate_staging.stg_tickets (build_number int)")
            builder.execute("insert into candidate_staging.stg_tickets values (%s)", [number])
            builder.execute("create table if not exists candidate.fct_tickets (build_number int)")
            builder.execute("delete from candidate.fct_tickets")
            builder.execute("insert into candidate.fct_tickets values (%s)", [number])
            for table, column in (("dim_customers", "region"), ("dim_customers_personal", "email")):
                builder.execute(f"drop table if exists candidate.{table} cascade")
                builder.execute(
                    f"create table candidate.{table} as select %s::int as build_number, 'x' as {column}" + extra_column,
                    [number],
                )
            if commented:
                for (relation,) in builder.execute(
                    "select oid::regclass::text from pg_class where relnamespace = 'candidate'::regnamespace "
                    "and relkind = 'r'"
                ).fetchall():
                    builder.execute(f"comment on table {relation} is 'one row per build'")
                    for (column,) in builder.execute(
                        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
                        "and not attisdropped",
                        [relation],
                    ).fetchall():
                        builder.execute(f"comment on column {relation}.{column} is 'a column'")

    def publish(self, number: int, **options: object) -> publishing.Publication:
        with self.session("cx_publisher") as publisher:
            return publishing.publish(publisher, number, tables=TABLES, **options)  # type: ignore[arg-type]

    def rollback(self) -> publishing.Publication:
        with self.session("cx_publisher") as publisher:
            return publishing.rollback(publisher, tables=TABLES)

    def night(self, *, full: bool = False) -> int:
        """A whole good night; returns its build number."""
        number = self.claim()
        self.prepare(number, full=full)
        self.build(number)
        self.publish(number)
        return number

    def seen(self, role: str = "cx_reader", table: str = "marts.fct_tickets") -> int:
        with self.session(role) as reader:
            row = reader.execute(f"select build_number from {table}").fetchone()
            assert row
            return int(row[0])

    def status(self, number: int) -> str:
        return str(self.warehouse.value("select status from ops.builds where build_number = %s", number))

    def admin(self, *statements: str) -> None:
        for statement in statements:
            self.warehouse.rows(statement)


@pytest.fixture
def nights(warehouse: Warehouse) -> Nights:
    bootstrap(warehouse.dsn())  # a copied database has not the template's own grants
    return Nights(warehouse)


@pytest.fixture
def analyst(nights: Nights) -> Iterator[str]:
    """A person's own role, with a schema of her own, as an administrator would make it."""
    role = f"anna_{nights.warehouse.database}"
    nights.admin(
        f"create role {role} login in role cx_reader",
        f"create schema analysis authorization {role}",
    )
    yield role
    nights.admin("drop schema analysis cascade", f"drop owned by {role}", f"drop role {role}")


# --- the sets --------------------------------------------------------------------------------------------------


def test_first_two_nights_are_whole_and_the_third_goes_on_from_the_first(nights: Nights) -> None:
    wholes = []
    for _ in range(3):
        number = nights.claim()
        wholes.append(nights.prepare(number))
        nights.build(number)
        nights.publish(number)
        assert nights.seen() == number
        assert nights.status(number) == "published"
    assert wholes == [True, True, False]
    built_in = nights.warehouse.rows("select build_number from marts_staging.stg_tickets order by 1")
    assert built_in == [(1,), (3,)]  # the set of the first night was kept and built upon
    assert nights.warehouse.rows("select build_number, action from ops.publications order by id") == [
        (1, "publish"),
        (2, "publish"),
        (3, "publish"),
    ]


def test_failed_build_leaves_marts_readable_and_is_rebuilt_whole(nights: Nights) -> None:
    nights.night()
    good = nights.night()
    failed = nights.claim()
    assert nights.prepare(failed) is False
    nights.build(failed)  # built, and then the audit says no

    assert nights.seen() == good
    after = nights.claim()
    assert nights.prepare(after) is True
    assert nights.warehouse.rows("select to_regclass('candidate_staging.stg_tickets')") == [(None,)]
    assert nights.seen() == good
    nights.build(after)
    nights.publish(after)
    assert nights.seen() == after


def test_preparing_again_for_the_same_build_keeps_what_it_built(nights: Nights) -> None:
    nights.night()
    nights.night()
    number = nights.claim()
    assert nights.prepare(number) is False
    nights.build(number)
    assert nights.prepare(number) is False
    assert nights.warehouse.value("select count(*) from candidate_staging.stg_tickets") == 2


def test_full_build_starts_empty_and_keeps_the_way_back(nights: Nights) -> None:
    first, second = nights.night(), nights.night()
    number = nights.claim()
    assert nights.prepare(number, full=True) is True
    assert nights.warehouse.rows("select to_regclass('candidate.fct_tickets')") == [(None,)]
    nights.rollback()
    assert nights.seen() == first
    nights.build(number)
    nights.publish(number)
    assert nights.seen() == number
    assert nights.warehouse.value("select build_number from previous.fct_tickets") == first
    assert nights.status(second) == "rolled_back"


def test_preparing_names_the_session_when_the_set_is_held(nights: Nights) -> None:
    nights.night()
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    with nights.session("cx_builder") as zombie, zombie.transaction():
        zombie.execute("insert into candidate.fct_tickets values (0)")
        with nights.session("cx_publisher") as publisher, pytest.raises(PublishError, match="cx_builder"):
            publishing.prepare_candidate(publisher, False, build_number=number + 1, patience_seconds=0)


# --- the switch ------------------------------------------------------------------------------------------------


def test_readers_never_see_half_a_night(nights: Nights) -> None:
    """Readers with transactions of several statements, at both isolation levels, while nights are published."""
    nights.night()
    over = threading.Event()
    torn: list[object] = []
    read = [0]
    query = "select (select build_number from marts.fct_tickets), (select build_number from marts.dim_customers)"

    def keep_reading(isolation: psycopg.IsolationLevel) -> None:
        try:
            with nights.session("cx_reader") as reader:
                reader.isolation_level = isolation
                while not over.is_set():
                    with reader.transaction():
                        seen = set(reader.execute(query).fetchone() or ())
                        time.sleep(0.02)
                        for table in ("dim_customers", "fct_tickets"):
                            seen |= set(reader.execute(f"select build_number from marts.{table}").fetchall()[0])
                        if len(seen) != 1:
                            torn.append(seen)
                        read[0] += 1
                    time.sleep(0.01)
        except Exception as error:
            torn.append(error)

    levels = (psycopg.IsolationLevel.READ_COMMITTED, psycopg.IsolationLevel.REPEATABLE_READ)
    threads = [threading.Thread(target=keep_reading, args=(level,)) for level in levels]
    for thread in threads:
        thread.start()
    try:
        for _ in range(6):
            nights.night()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert torn == []
    assert read[0] > 20


def test_switch_waits_for_a_reader_in_the_middle_of_a_transaction(nights: Nights) -> None:
    first = nights.night()
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    with nights.session("cx_reader") as reader, nights.session("cx_reader") as newcomer:
        with in_background(lambda: nights.publish(number)) as published:
            with reader.transaction():
                assert reader.execute("select build_number from marts.fct_tickets").fetchone() == (first,)
                published.start()
                time.sleep(1.5)
                # the other table of the same night; and whoever comes meanwhile is not kept waiting for long
                assert reader.execute("select build_number from marts.dim_customers").fetchone() == (first,)
                newcomer.execute("set statement_timeout = '4s'")
                assert newcomer.execute("select build_number from marts.fct_tickets").fetchone() == (first,)
                assert published.is_alive()
            published.join(20)
        assert reader.execute("select build_number from marts.dim_customers").fetchone() == (number,)


def test_reader_who_outlasts_the_patience_is_disconnected_and_told(nights: Nights) -> None:
    nights.night()
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    with psycopg.connect(nights.warehouse.dsn("cx_reader")) as forgotten:
        forgotten.execute("select * from marts.fct_tickets")
        publication = nights.publish(number, patience_seconds=0.5)
        assert publication.ended_sessions == [f"cx_reader (process {forgotten.info.backend_pid})"]
        with pytest.raises(psycopg.OperationalError):
            forgotten.execute("select * from marts.dim_customers")
    assert nights.seen() == number


def test_backup_by_the_administrator_holds_up_nothing_and_is_not_ended(nights: Nights) -> None:
    first = nights.night()
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    with psycopg.connect(nights.warehouse.dsn()) as backup:
        backup.execute("lock table marts.fct_tickets in access share mode")
        held = backup.execute("select 'marts.fct_tickets'::regclass::oid").fetchone()
        assert held
        publication = nights.publish(number, patience_seconds=0.5)
        assert publication.ended_sessions == []
        assert nights.seen() == number
        # a dump reads what it locked, by its number
        assert backup.execute("select %s::oid::regclass::text", held).fetchone() == ("previous.fct_tickets",)
        assert backup.execute("select build_number from previous.fct_tickets").fetchone() == (first,)


def test_killed_publish_leaves_the_former_night(nights: Nights) -> None:
    first = nights.night()
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    script = f"""
        import os, signal, psycopg
        from cx_warehouse import publishing
        from cx_warehouse.publishing import switch
        from tests.integration.test_publishing import TABLES
        # the last step before the commit: everything is renamed and granted by then
        switch._broken_views = lambda connection: os.kill(os.getpid(), signal.SIGKILL)
        with psycopg.connect({nights.warehouse.dsn("cx_publisher")!r}, autocommit=True) as connection:
            publishing.publish(connection, {number}, tables=TABLES)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=os.getcwd(), capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert nights.seen() == first
    assert nights.status(number) == "running"
    nights.publish(number)
    assert nights.seen() == number


def test_publishing_twice_changes_nothing(nights: Nights) -> None:
    nights.night()
    number = nights.night()
    nights.publish(number)
    assert nights.seen() == number
    assert nights.warehouse.value("select count(*) from ops.publications") == 2


def test_late_publish_of_an_older_build_is_refused(nights: Nights) -> None:
    nights.night()
    older = nights.claim()
    nights.prepare(older)
    nights.build(older)
    newer = nights.claim()
    nights.prepare(newer)
    nights.build(newer)
    with pytest.raises(PublishError, match=f"build {newer}'s, not build {older}'s"):
        nights.publish(older)
    with pytest.raises(PublishError, match="no candidate"):
        nights.publish(newer)
        nights.publish(older)


def test_failed_build_is_not_published(nights: Nights) -> None:
    first = nights.night()
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    nights.admin("update ops.builds set status = 'failed' where status = 'running'")
    with pytest.raises(PublishError, match="not running"):
        nights.publish(number)
    assert nights.seen() == first


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("drop table candidate.dim_customers", "not built: dim_customers"),
        ("comment on table candidate.fct_tickets is null", r"without a comment.*: fct_tickets$"),
        ("comment on column candidate.dim_customers.region is ' '", r"without a comment.*: dim_customers\.region"),
    ],
)
def test_publishing_is_refused_when_something_is_missing(nights: Nights, spoil: str, message: str) -> None:
    first = nights.night()
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    nights.admin(spoil)
    with pytest.raises(PublishError, match=message):
        nights.publish(number)
    assert nights.seen() == first
    assert nights.status(number) == "running"


def test_connection_with_an_open_transaction_is_refused(nights: Nights) -> None:
    with psycopg.connect(nights.warehouse.dsn("cx_publisher")) as connection:
        connection.execute("select 1")
        with pytest.raises(PublishError, match="open transaction"):
            publishing.prepare_candidate(connection, False)


# --- the way back ----------------------------------------------------------------------------------------------


def test_rollback_shows_the_former_night_and_the_next_build_is_whole(nights: Nights) -> None:
    first, second = nights.night(), nights.night()
    assert nights.rollback().build_number == first
    assert nights.seen() == first
    assert (nights.status(first), nights.status(second)) == ("published", "rolled_back")
    assert nights.warehouse.rows("select build_number, action from ops.publications order by id desc limit 1") == [
        (first, "rollback")
    ]
    with pytest.raises(PublishError, match="rolled back already"):
        nights.rollback()
    number = nights.claim()
    assert nights.prepare(number) is True  # what was rolled back is not built upon
    nights.build(number)
    nights.publish(number)
    assert nights.seen() == number
    nights.rollback()
    assert nights.seen() == first


def test_rollback_is_refused_when_there_is_no_former_night(nights: Nights) -> None:
    with pytest.raises(PublishError, match="nothing is published"):
        nights.rollback()
    nights.night()
    with pytest.raises(PublishError, match="no former night"):
        nights.rollback()
    nights.night()
    nights.prepare(nights.claim())
    with pytest.raises(PublishError, match="no former night"):
        nights.rollback()


# --- who may read ----------------------------------------------------------------------------------------------


def test_readers_reach_what_is_published_and_nothing_else(nights: Nights) -> None:
    for _ in range(2):
        number = nights.claim()
        nights.prepare(number)
        nights.build(number)
        with nights.session("cx_builder") as builder:
            builder.execute("create table if not exists candidate.bridge_internal as select 1 as one")
        nights.publish(number)
    with nights.session("cx_reader") as reader, nights.session("cx_reader_pii") as pii_reader:
        assert reader.execute("select * from fct_tickets").fetchone()  # by its bare name
        assert pii_reader.execute("select email from dim_customers_personal").fetchone() == ("x",)
        for refused in (
            "select * from marts.dim_customers_personal",
            "select * from marts.bridge_internal",
            "select * from marts_staging.stg_tickets",
            "select * from previous.fct_tickets",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(refused)
        for refused in ("delete from marts.fct_tickets", "create table marts.mine (x int)", "drop table fct_tickets"):
            for session in (reader, pii_reader):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(refused)


def test_stray_grants_do_not_outlive_the_switch(nights: Nights) -> None:
    for _ in range(3):
        number = nights.claim()
        nights.prepare(number)
        nights.build(number)
        nights.admin(
            "grant select on candidate.dim_customers_personal to public",
            "grant select (email) on candidate.dim_customers_personal to cx_reader",
            "grant insert on candidate.fct_tickets to cx_reader with grant option",
            "grant select on candidate_staging.stg_tickets to cx_reader",
        )
        nights.publish(number)
    granted = nights.warehouse.rows(
        """select relname, a.privilege_type from pg_class, aclexplode(relacl) as a
           where relnamespace::regnamespace::text ~ '^(marts|previous)' and a.grantee <> relowner
           and (a.privilege_type <> 'SELECT' or a.grantee = 0 or relname = 'stg_tickets')
           union all select attname, 'column' from pg_attribute where attacl is not null
           and attrelid::regclass::text ~ '^(marts|previous)'"""
    )
    assert granted == []
    with nights.session("cx_reader") as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("select email from marts.dim_customers_personal")


def test_publishing_is_refused_when_readers_may_do_more_by_a_membership(nights: Nights) -> None:
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    nights.admin("grant pg_read_all_data to cx_reader")
    try:
        with pytest.raises(PublishError, match=r"cx_reader on marts\.dim_customers_personal"):
            nights.publish(number)
    finally:
        nights.admin("revoke pg_read_all_data from cx_reader")


def test_builder_cannot_touch_what_is_published(nights: Nights) -> None:
    nights.night()
    number = nights.night()
    with nights.session("cx_builder") as builder:
        for refused in (
            "drop table marts.fct_tickets",
            "delete from marts.fct_tickets",
            "drop table previous.fct_tickets",
            "drop schema marts cascade",
            "alter schema marts rename to mine",
            "create schema candidate",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                builder.execute(refused)
    assert nights.seen() == number


# --- readers' own views ----------------------------------------------------------------------------------------


def as_analyst(nights: Nights, role: str, *statements: str) -> list[tuple]:
    rows: list[tuple] = []
    with nights.session(role) as session:
        for statement in statements:
            cursor = session.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
    return rows


def test_readers_own_views_show_the_new_night_after_each_switch(nights: Nights, analyst: str) -> None:
    nights.night()
    as_analyst(
        nights,
        analyst,
        """create view analysis."My tickets" with (security_barrier) as
           select build_number as "Build" from marts.fct_tickets""",
        """create view analysis.both as select t."Build", c.build_number from analysis."My tickets" as t
           join marts.dim_customers as c on c.build_number = t."Build" """,
        """comment on view analysis.both is 'for the board'""",
        "grant select on analysis.both to cx_reader_pii",
    )
    nights.admin("grant usage on schema analysis to cx_reader_pii")
    for _ in range(4):
        number = nights.night()
        assert as_analyst(nights, analyst, "select * from analysis.both") == [(number, number)]
        assert as_analyst(nights, "cx_reader_pii", "select * from analysis.both") == [(number, number)]
    nights.rollback()
    assert as_analyst(nights, analyst, "select * from analysis.both") == [(number - 1, number - 1)]
    assert nights.warehouse.rows(
        """select relname, pg_get_userbyid(relowner) = %s, reloptions, obj_description(oid) from pg_class
           where relnamespace = 'analysis'::regnamespace order by 1""",
        analyst,
    ) == [("My tickets", True, ["security_barrier=true"], None), ("both", True, None, "for the board")]


def test_view_over_a_column_that_changed_its_type_is_made_anew(nights: Nights, analyst: str) -> None:
    nights.night()
    as_analyst(
        nights,
        analyst,
        "create view analysis.regions as select region from marts.dim_customers",
        "create view analysis.further as select region from analysis.regions",
        "comment on column analysis.regions.region is 'where'",
        "grant select on analysis.further to cx_reader_pii",
    )
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    nights.admin(
        "alter table candidate.dim_customers alter column region type varchar(3)",
        "update candidate.dim_customers set region = 'pl'",
    )
    assert nights.publish(number).broken_views == []
    assert as_analyst(nights, analyst, "select region from analysis.further") == [("pl",)]
    assert nights.warehouse.rows(
        """select pg_get_userbyid(relowner) = %s, col_description(oid, 1),
               has_table_privilege('cx_reader_pii', oid, 'select')
           from pg_class where relnamespace = 'analysis'::regnamespace order by relname""",
        analyst,
    ) == [(True, None, True), (True, "where", False)]


def test_view_over_a_column_that_is_gone_waits_until_it_fits_again(nights: Nights, analyst: str) -> None:
    nights.night()
    as_analyst(
        nights,
        analyst,
        "create view analysis.regions as select region from marts.dim_customers",
        "create view analysis.further as select r.region from analysis.regions as r, marts.fct_tickets",
        "create view analysis.fine as select build_number from marts.dim_customers",
    )
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    nights.admin("alter table candidate.dim_customers drop column region")
    broken = nights.publish(number).broken_views
    assert [view.split(":")[0] for view in broken] == ["analysis.further", "analysis.regions"]
    assert "region" in broken[1]
    assert nights.seen() == number
    assert as_analyst(nights, analyst, "select * from analysis.fine") == [(number,)]
    assert nights.warehouse.rows("select to_regclass('analysis.regions')") == [(None,)]

    nights.night()
    assert as_analyst(nights, analyst, "select region from analysis.further") == [("x",)]


def test_dropped_view_stays_dropped(nights: Nights, analyst: str) -> None:
    nights.night()
    as_analyst(nights, analyst, "create view analysis.gone as select region from marts.dim_customers")
    nights.night()
    as_analyst(nights, analyst, "drop view analysis.gone")
    nights.night()
    assert nights.warehouse.rows("select to_regclass('analysis.gone')") == [(None,)]


def test_materialized_view_is_named_as_one_that_cannot_be_carried(nights: Nights, analyst: str) -> None:
    nights.night()
    as_analyst(nights, analyst, "create materialized view analysis.frozen as select region from marts.dim_customers")
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    (broken,) = nights.publish(number).broken_views
    assert broken.startswith("analysis.frozen: a materialized view cannot be carried")


@contextmanager
def in_background(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """A thread, not started yet, whose error fails the test."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    yield thread
    assert not thread.is_alive()
    assert errors == []
