"""The switch: marts* becomes previous* and candidate* becomes marts* in one transaction, and back again on
rollback.

Renaming a schema waits for nobody, so alone it could fall between two statements of one reader's
transaction, which would then join tables of two nights. So the switch first takes the marts' tables for
itself: it waits for readers that are at them, a moment at a time, so that those who come meanwhile hardly
notice. A reader that outlasts the publisher's patience is disconnected: an error is better than half a
night, and one forgotten transaction must not hold up everybody's morning. Sessions that are not readers (a
backup) and cannot be ended are switched beside."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psycopg
import tenacity
from psycopg import sql

from cx_warehouse.publishing.grants import assert_published_whole, close_set, open_set, relations
from cx_warehouse.publishing.history import record_identities
from cx_warehouse.publishing.published import PUBLISHED, READERS, PublishedTable
from cx_warehouse.publishing.sets import (
    BLOCKED,
    CANDIDATE,
    MARTS,
    PREVIOUS,
    NightSet,
    PublishError,
    State,
    blockers,
    describe_set,
    drop_set,
    find_set,
    name_blockers,
    own_transaction,
    rename_set,
)

log = logging.getLogger(__name__)

# Shorter than Postgres' deadlock_timeout (1 s): of two that wait for each other, the reader never loses.
LOCK_SECONDS = 0.4
GATE_SECONDS = 2.0  # the longest that one attempt keeps new readers waiting
_BETWEEN = "marts_leaving"  # the name a set has within a rollback's transaction


@dataclass
class Publication:
    """What readers see now, and what it took."""

    build_number: int | None
    seconds: float = 0.0
    ended_sessions: list[str] = field(default_factory=list)
    broken_views: list[str] = field(default_factory=list)  # readers' own that no longer fit, with the reason


def publish(
    connection: psycopg.Connection,
    build_number: int,
    *,
    tables: Sequence[PublishedTable] = PUBLISHED,
    patience_seconds: float = 60.0,
) -> Publication:
    """Give readers the candidate of `build_number`. Publishing a build that readers see already changes
    nothing.

    Raises PublishError, and leaves everything as it was, when there is no such candidate, when a table of
    `tables` or a comment is missing, and when readers cannot be waited out."""

    def switch(gated: bool) -> Publication:
        return _publish(connection, build_number, tables, gated)

    return _wait_for_readers(connection, switch, patience_seconds)


def rollback(
    connection: psycopg.Connection,
    *,
    tables: Sequence[PublishedTable] = PUBLISHED,
    patience_seconds: float = 60.0,
) -> Publication:
    """Give readers the former night again; the rolled-back build is not built upon. Promised until the
    next build begins, which takes the former night up. Raises PublishError when there is none."""

    def switch(gated: bool) -> Publication:
        return _rollback(connection, tables, gated)

    return _wait_for_readers(connection, switch, patience_seconds)


def _publish(
    connection: psycopg.Connection,
    build_number: int,
    tables: Sequence[PublishedTable],
    gated: bool,
) -> Publication:
    with own_transaction(connection, LOCK_SECONDS):
        marts, candidate = find_set(connection, MARTS), find_set(connection, CANDIDATE)
        if marts and marts.build_number == build_number and marts.state == "published":
            return Publication(build_number)
        if candidate is None:
            raise PublishError(f"build {build_number} has no candidate to publish")
        if candidate.build_number not in (None, build_number):
            raise PublishError(f"the candidate is build {candidate.build_number}'s, not build {build_number}'s")
        assert_published_whole(connection, CANDIDATE, tables)
        record_identities(connection, CANDIDATE, build_number, full=candidate.full)

        _take_marts(connection, gated)
        connection.execute("select ops.record_reader_views()")
        if marts:
            drop_set(connection, PREVIOUS)
            _retire(connection, marts, MARTS, "former")
        rename_set(connection, CANDIDATE, MARTS)
        open_set(connection, MARTS, tables)
        describe_set(connection, NightSet(MARTS, build_number, candidate.full, "published"))
        connection.execute("select ops.carry_reader_views()")
        updated = connection.execute(
            """update ops.builds set status = 'published', published_at = clock_timestamp(),
                   finished_at = coalesce(finished_at, clock_timestamp()), error = null
               where build_number = %s and status = 'running'""",
            [build_number],
        )
        if updated.rowcount != 1:
            raise PublishError(f"build {build_number} is not running, so it cannot be published")
        connection.execute("insert into ops.publications (build_number, action) values (%s, 'publish')", [build_number])
        return Publication(build_number, broken_views=_broken_views(connection))


def _rollback(connection: psycopg.Connection, tables: Sequence[PublishedTable], gated: bool) -> Publication:
    with own_transaction(connection, LOCK_SECONDS):
        marts, former = find_set(connection, MARTS), find_set(connection, PREVIOUS)
        if marts is None:
            raise PublishError("nothing is published yet, so there is nothing to roll back")
        if former is None:
            raise PublishError(
                "there is no former night to go back to: only one was published, or a later build has "
                "begun and taken it up"
            )
        if former.state == "rolled back":
            raise PublishError(f"build {former.build_number} was rolled back already; the next build replaces it")
        if former.build_number is not None:
            record_identities(connection, PREVIOUS, former.build_number, full=True)
        _take_marts(connection, gated)
        connection.execute("select ops.record_reader_views()")
        rename_set(connection, MARTS, _BETWEEN)
        rename_set(connection, PREVIOUS, MARTS)
        open_set(connection, MARTS, tables)
        describe_set(connection, NightSet(MARTS, former.build_number, former.full, "published"))
        _retire(connection, marts, _BETWEEN, "rolled back")
        connection.execute("select ops.carry_reader_views()")
        connection.execute("update ops.builds set status = 'rolled_back' where build_number = %s", [marts.build_number])
        connection.execute(
            "insert into ops.publications (build_number, action) values (%s, 'rollback')",
            [former.build_number],
        )
        return Publication(former.build_number, broken_views=_broken_views(connection))


def _retire(connection: psycopg.Connection, night: NightSet, stands_as: str, state: State) -> None:
    rename_set(connection, stands_as, PREVIOUS)
    close_set(connection, PREVIOUS)
    describe_set(connection, NightSet(PREVIOUS, night.build_number, night.full, state))


def _take_marts(connection: psycopg.Connection, gated: bool) -> None:
    """Wait until no transaction is at the marts, and keep new ones waiting until this one ends."""
    tables = relations(connection, MARTS)
    if not gated or not tables:
        return
    # A reader that has the one table and goes on to the other would meet us halfway each time in any fixed order.
    random.shuffle(tables)
    connection.execute("select set_config('statement_timeout', %s, true)", [f"{int(GATE_SECONDS * 1000)}ms"])
    connection.execute(
        sql.SQL("lock table {} in access exclusive mode").format(
            sql.SQL(", ").join(sql.Identifier(MARTS, table) for table in tables)
        )
    )
    connection.execute("set local statement_timeout = 0")


def _broken_views(connection: psycopg.Connection) -> list[str]:
    broken = [
        f"{name}: {error}"
        for name, error in connection.execute(
            """select format('%I.%I', view_schema, view_name), error from ops.reader_views
           where error is not null order by 1"""
        )
    ]
    for view in broken:
        log.warning("a reader's view does not fit the marts: %s", view)
    return broken


def _wait_for_readers(
    connection: psycopg.Connection,
    switch: Callable[[bool], Publication],
    patience_seconds: float,
) -> Publication:
    began, ended = time.monotonic(), list[str]()

    def attempt(seconds: float, *, gated: bool) -> Publication:
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(BLOCKED),
            stop=tenacity.stop_after_delay(seconds),
            wait=tenacity.wait_random(0.1, 0.6),
            before_sleep=lambda _: log.info("the switch waits for %s", name_blockers(connection, MARTS, PREVIOUS)),
            reraise=True,
        )
        done: Publication = attempts(switch, gated)
        done.seconds, done.ended_sessions = time.monotonic() - began, ended
        return done

    try:
        return attempt(patience_seconds, gated=True)
    except BLOCKED:
        ended += _end_readers(connection)
    try:
        if ended:
            return attempt(5.0, gated=True)
    except BLOCKED:
        pass
    try:
        log.warning("the switch goes on beside %s", name_blockers(connection, MARTS))
        return attempt(5.0, gated=False)
    except BLOCKED as error:
        raise PublishError(
            f"the switch is held up by {name_blockers(connection, MARTS, PREVIOUS)}; end what they run and try again"
        ) from error


def _end_readers(connection: psycopg.Connection) -> list[str]:
    """Disconnect the readers who hold the marts. Others are left alone: a backup reads each table once, by
    its number."""
    ended = []
    for pid, role in blockers(connection, MARTS):
        try:
            with connection.transaction():
                done = connection.execute(
                    """select pg_terminate_backend(%(pid)s, 2000) from pg_roles
                       where rolname = %(role)s and not rolsuper
                           and exists (select from unnest(%(readers)s::text[]) as reader
                                       where pg_has_role(rolname, reader, 'member'))""",
                    {"pid": pid, "role": role, "readers": list(READERS)},
                ).fetchone()
        except psycopg.errors.InsufficientPrivilege:
            log.warning("no right to end the session of %s (process %s)", role, pid)
            continue
        if done:
            log.warning("ended the session of %s (process %s): its transaction held up the switch", role, pid)
            ended.append(f"{role} (process {pid})")
    return ended
