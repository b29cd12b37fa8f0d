"""Begin a build: give it a set of schemas to build in, the former night's where that can be trusted."""

from __future__ import annotations

import logging

import psycopg
import tenacity
from psycopg import sql

from cx_warehouse.publishing.grants import close_set
from cx_warehouse.publishing.sets import (
    BLOCKED,
    CANDIDATE,
    LAYERS,
    PREVIOUS,
    NightSet,
    PublishError,
    create_set,
    describe_set,
    drop_set,
    find_set,
    name_blockers,
    own_transaction,
    rename_set,
)

log = logging.getLogger(__name__)


def prepare_candidate(
    connection: psycopg.Connection,
    full: bool,
    *,
    build_number: int | None = None,
    patience_seconds: float = 60.0,
) -> bool:
    """Make the candidate* schemas ready for cx_builder and return whether the build must be a full refresh.

    Normally the former night, previous*, is renamed to candidate*, so that the set keeps its own
    high-water marks and only what changed since is built; from here on it can no longer be rolled back to.
    The build is whole (True) when `full` asks for it, when there is no former night, when it was rolled
    back, and when a candidate was left behind by a build that failed, which is dropped. A former night
    that is not built upon stays, and can be rolled back to.

    With `build_number`, calling again for the same build changes nothing, and only that build can publish
    the set. Raises PublishError, naming the sessions, when others hold the set for longer than
    `patience_seconds`."""
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(BLOCKED),
        stop=tenacity.stop_after_delay(patience_seconds),
        wait=tenacity.wait_random(0.2, 1.0),
        reraise=True,
    )
    try:
        return bool(attempts(_prepare, connection, full, build_number))
    except BLOCKED as error:
        raise PublishError(
            "the schemas to build in are held by "
            + name_blockers(connection, CANDIDATE, PREVIOUS)
            + "; end what they run and try again"
        ) from error


def _prepare(connection: psycopg.Connection, full: bool, build_number: int | None) -> bool:
    with own_transaction(connection, lock_timeout_seconds=5.0):
        left = find_set(connection, CANDIDATE)
        if left and build_number is not None and left.build_number == build_number and left.full >= full:
            return left.full
        former = find_set(connection, PREVIOUS)
        if left is not None:
            log.warning("dropping the candidate left behind (%s); this build is whole", left.description)
            drop_set(connection, CANDIDATE)
        whole = full or left is not None or former is None or former.state == "rolled back"
        if not whole:
            rename_set(connection, PREVIOUS, CANDIDATE)
        create_set(connection, CANDIDATE)
        close_set(connection, CANDIDATE)
        for layer in LAYERS:
            connection.execute(
                sql.SQL("grant usage, create on schema {} to cx_builder").format(sql.Identifier(CANDIDATE + layer))
            )
        describe_set(connection, NightSet(CANDIDATE, build_number, whole, "building"))
    return whole
