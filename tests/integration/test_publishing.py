"""Readers get whole nights: the sets, the switch, what stops it, and the way back."""

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
from cx_warehouse.publishing import PublishError
from tests.nights import Nights

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
        from tests.nights import TABLES
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
