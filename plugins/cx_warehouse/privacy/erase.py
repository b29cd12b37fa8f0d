"""An erasure from the request to its certificate. Killed at any instant it is taken up again, and repeats no harm.

First a plan is committed: whom it is about, and the tombstones that keep them out from then on. Then everything in the
database goes in one transaction, files after it. Then all is searched once more, and only if nothing is found is the
plan thrown away and the certificate written."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from cx_warehouse.connectors.errors import CxError, RetryableError
from cx_warehouse.connectors.persons import BROWSER, CONTACT, EMAIL, NAME, PERSONS, PHONE, TICKET, USER
from cx_warehouse.landing.erased import ErasureKey
from cx_warehouse.privacy.files import clean_files
from cx_warehouse.privacy.raw import LEFT_ALONE, clean_ops, clean_quarantine, clean_raw, find_mentions, hold_raw
from cx_warehouse.privacy.sets import clean_sets, left_over, scrub, tables_of
from cx_warehouse.privacy.subject import (
    EmployeeError,
    NobodyFoundError,
    SharedIdError,
    Subject,
    find_subject,
    parse_id,
)
from cx_warehouse.privacy.traces import Traces

log = logging.getLogger(__name__)
# Records that are kept out by their own key; what else is about a person is kept out by what it names.
KEPT_OUT = (CONTACT, USER, TICKET, "typeform.responses", BROWSER)
STALE_BUILD_HOURS = 12  # a build that has been running for so long was killed
# Without what the message says of records.
_REFUSALS: dict[type[CxError], str] = {
    NobodyFoundError: "nobody is known by the id",
    SharedIdError: "several customers share the id",
    EmployeeError: "the person is an agent of the helpdesk",
}
Hook = Callable[[int], None]


@dataclass(frozen=True)
class Erasure:
    """One that is done."""

    erasure_id: int
    certificate: dict[str, Any]


class LeftOverError(CxError):
    """Something of the person is still there after everything was done."""


def preview(dsn: str, text: str) -> tuple[Subject, Counter[str]]:
    """Whom an id leads to, and what an erasure would remove; nothing is changed. Raises as `find_subject` does."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        subject = find_subject(connection, parse_id(text))
        counts: Counter[str] = Counter()
        with connection.transaction(force_rollback=True):
            _remove(connection, subject, counts)
    return subject, +counts


def request(dsn: str, text: str, by: str, reason: str = "request") -> int:
    """Put an erasure on the list; `by` is who is responsible for it. The id is kept until the erasure is done, where
    only the eraser can read it. Raises as `find_subject` does."""
    with psycopg.connect(dsn) as connection:
        find_subject(connection, parse_id(text))
        row = connection.execute(
            "insert into ops.erasures (reason, requested_by) values (%s, %s) returning erasure_id", [reason, by]
        ).fetchone()
        assert row is not None
        connection.execute(
            "insert into ops.erasure_work (erasure_id, kind, value) values (%s, 'request', %s)", [row[0], text]
        )
        return int(row[0])


def erase_due(
    dsn: str,
    key: ErasureKey,
    home: Path,
    *,
    metadata_dsn: str | None = None,
    hooks: Sequence[Hook] = (),
) -> list[Erasure]:
    """Do every erasure that is due, the one that was killed first; return their certificates.

    `metadata_dsn`: Airflow's own database. `hooks` are called with the erasure's number once the database is clean:
    for caches of dashboards. Raises RetryableError while a build is running: it has read what has to go."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended('cx:erase', 0))")
        connection.execute("set timezone = 'UTC'")
        due = connection.execute(
            "select erasure_id from ops.erasures where status in ('requested', 'running') order by erasure_id"
        ).fetchall()
        done = []
        for (erasure_id,) in due:
            run = _Run(connection, erasure_id, key, home, metadata_dsn, hooks)
            try:
                done.append(run.run())
            except (NobodyFoundError, SharedIdError, EmployeeError) as error:
                run.refuse(error)
            except BaseException as error:
                run.note(type(error).__name__)
                raise
        return done


class _Run:
    def __init__(
        self,
        connection: psycopg.Connection,
        erasure_id: int,
        key: ErasureKey,
        home: Path,
        metadata_dsn: str | None,
        hooks: Sequence[Hook],
    ) -> None:
        self._connection, self._id, self._key, self._home = connection, erasure_id, key, home
        self._metadata_dsn, self._hooks = metadata_dsn, hooks

    def run(self) -> Erasure:
        """All steps; those that were done before find nothing more to do."""
        _refuse_while_building(self._connection)
        if not self._is_planned():
            self._plan()
        subject = load_work(self._connection, self._id)
        self._step("database")
        self._database(subject)
        self._step("files")
        self._outside(subject)
        for hook in self._hooks:
            hook(self._id)
        self._step("check")
        self._check(subject)
        return self._finish(subject)

    def refuse(self, error: CxError) -> None:
        """Put down that it cannot be done, and forget whom it was about."""
        why = _REFUSALS[type(error)]
        with self._connection.transaction():
            self._connection.execute("delete from ops.erasure_work where erasure_id = %s", [self._id])
            self._connection.execute(
                """update ops.erasures set status = 'refused', error = %s, finished_at = clock_timestamp()
                   where erasure_id = %s""",
                [why, self._id],
            )

    def note(self, error: str) -> None:
        """Put down why it stopped: the kind only, since a message may quote what is to go."""
        if not self._connection.closed:
            self._connection.execute("update ops.erasures set error = %s where erasure_id = %s", [error, self._id])

    def _is_planned(self) -> bool:
        row = self._connection.execute(
            "select planned_at is not null from ops.erasures where erasure_id = %s", [self._id]
        ).fetchone()
        return row == (True,)

    def _plan(self) -> None:
        with self._connection.transaction():
            row = self._connection.execute(
                "select value from ops.erasure_work where erasure_id = %s and kind = 'request'", [self._id]
            ).fetchone()
            if row is None:
                raise NobodyFoundError("the request is gone")
            save_plan(self._connection, self._id, find_subject(self._connection, parse_id(row[0])), self._key)

    def _step(self, name: str) -> None:
        self._connection.execute(
            "update ops.erasures set step = %s, error = null where erasure_id = %s", [name, self._id]
        )

    def _database(self, subject: Subject) -> None:
        counts: Counter[str] = Counter()
        with self._connection.transaction():
            # begins of builds and switches take the same lock: no set is renamed under our hands
            self._connection.execute("select pg_advisory_xact_lock(hashtextextended('cx:sets', 0))")
            _refuse_while_building(self._connection)
            _remove(self._connection, subject, counts)
            self._count(counts)
        for table in sorted({name.rpartition(" ")[0] for name, number in counts.items() if number}):
            # statistics of columns quote the values that they were made from
            self._connection.execute("select ops.forget_statistics(%s, %s)", table.split("."))

    def _outside(self, subject: Subject) -> None:
        counts: Counter[str] = Counter()
        traces = traces_of(subject)
        clean_files(self._home, traces.everything, counts)
        if self._metadata_dsn:
            with psycopg.connect(self._metadata_dsn) as metadata:
                for table in tables_of(metadata, "^public$"):
                    scrub(metadata, table, traces.everything, counts)
        self._count(counts)

    def _count(self, counts: Counter[str]) -> None:
        """Add to what earlier tries of this erasure removed."""
        row = self._connection.execute("select counts from ops.erasures where erasure_id = %s", [self._id]).fetchone()
        before: Counter[str] = Counter(row[0] if row else {})
        self._connection.execute(
            "update ops.erasures set counts = %s where erasure_id = %s", [Jsonb(+(before + counts)), self._id]
        )

    def _check(self, subject: Subject) -> None:
        again: Counter[str] = Counter()
        with self._connection.transaction(force_rollback=True):
            _remove(self._connection, subject, again)
        left = +again
        tables = [
            table
            for table in tables_of(self._connection, "^(ops|raw_.*|(marts|previous|candidate)(_.*)?)$")
            if str(table) not in LEFT_ALONE
        ]
        left.update(left_over(self._connection, tables, traces_of(subject).values))
        if left:
            raise LeftOverError(
                "something of the person is still there, in " + ", ".join(sorted(left)) + ": run it again, and if that "
                "does not help, the table is not known to erasure (docs/erasure.md#a-new-table)"
            )

    def _finish(self, subject: Subject) -> Erasure:
        with self._connection.transaction():
            marks = self._connection.execute(
                "select encode(mark, 'hex'), kind from ops.erasure_tombstones where erasure_id = %s order by 1",
                [self._id],
            ).fetchall()
            row = self._connection.execute(
                """update ops.erasures set status = 'done', step = null, finished_at = clock_timestamp()
                   where erasure_id = %s returning reason, requested_by, requested_at, finished_at, counts""",
                [self._id],
            ).fetchone()
            assert row is not None
            reason, by, requested_at, finished_at, counts = row
            certificate = {
                "erasure_id": self._id,
                "reason": reason,
                "requested_by": by,
                "requested_at": requested_at.isoformat(),
                "finished_at": finished_at.isoformat(),
                "removed": counts,
                "identities": len(subject.identities),
                "kept_because_shared": len(subject.shared),
                "tombstones": [mark[:16] for mark, _ in marks],
                "key_id": self._key.key_id,
                "checked": "nothing of the person was found again in raw, quarantine, the sets and ops",
            }
            self._connection.execute(
                "update ops.erasures set certificate = %s where erasure_id = %s", [Jsonb(certificate), self._id]
            )
            self._connection.execute("delete from ops.erasure_work where erasure_id = %s", [self._id])
        return Erasure(self._id, certificate)


def save_plan(connection: psycopg.Connection, erasure_id: int, subject: Subject, key: ErasureKey) -> None:
    """Write down whom the erasure is about, and the tombstones; from the commit on, landing keeps the person out."""
    work = [("identity", "", value) for value in subject.identities]
    work += [("customer", "", value) for value in subject.customers]
    work += [(kind, "", value) for kind in (EMAIL, PHONE, NAME) for value in subject.values(kind)]
    work += [("record", stream, record) for stream, records in subject.records.items() for record in records]
    work += [("shared", kind, value) for kind, value in subject.shared]
    named = [(kind, value) for kind in (EMAIL, PHONE, *KEPT_OUT) for value in subject.values(kind)]
    with connection.cursor() as cursor:
        cursor.executemany(
            """insert into ops.erasure_work (erasure_id, kind, place, value) values (%s, %s, %s, %s)
               on conflict do nothing""",
            [(erasure_id, *one) for one in work],
        )
        cursor.executemany(
            """insert into ops.erasure_tombstones (mark, kind, key_id, erasure_id) values (%s, %s, %s, %s)
               on conflict (mark) do nothing""",
            [(key.mark(kind, value), kind, key.key_id, erasure_id) for kind, value in named],
        )
    connection.execute(
        "update ops.erasures set status = 'running', planned_at = clock_timestamp() where erasure_id = %s",
        [erasure_id],
    )


def load_work(connection: psycopg.Connection, erasure_id: int) -> Subject:
    """Whom a planned erasure is about."""
    subject = Subject()
    for kind, place, value in connection.execute(
        "select kind, place, value from ops.erasure_work where erasure_id = %s", [erasure_id]
    ):
        if kind == "record":
            subject.records[place].add(value)
        elif kind == "shared":
            subject.shared.add((place, value))
        elif kind in ("identity", "customer"):
            (subject.identities if kind == "identity" else subject.customers).add(value)
        elif kind != "request":
            subject.values(kind).add(value)
    return subject


def traces_of(subject: Subject) -> Traces:
    """What the person looks like in text."""
    keys = set(subject.identities) | set(subject.customers)
    keys |= {f"{TICKET.partition('.')[0]}:{ticket}" for ticket in subject.records[TICKET]}
    return Traces.of(subject.emails, subject.phones, subject.names, keys)


def _remove(connection: psycopg.Connection, subject: Subject, counts: Counter[str]) -> None:
    """Remove the person from the database, within the caller's transaction."""
    traces = traces_of(subject)
    connection.execute("drop table if exists subject_keys")
    connection.execute(
        "create temp table subject_keys (kind text, value text, primary key (kind, value)) on commit drop"
    )
    hold_raw(connection)
    mentions = find_mentions(connection, subject, traces)
    helpdesk = TICKET.partition(".")[0]
    keys = [("identity", one) for one in subject.identities] + [("customer", one) for one in subject.customers]
    keys += [("ticket", f"{helpdesk}:{one}") for one in subject.records[TICKET]]
    keys += [(stream, one) for stream in PERSONS for one in [*subject.records[stream], *mentions.get(stream, ())]]
    with connection.cursor().copy("copy subject_keys from stdin") as copy:
        for row in dict.fromkeys(keys):
            copy.write_row(row)
    clean_sets(connection, traces, counts)
    clean_raw(connection, subject, mentions, traces, counts)
    clean_quarantine(connection, subject, traces, counts)
    clean_ops(connection, subject, traces, counts)


def _refuse_while_building(connection: psycopg.Connection) -> None:
    row = connection.execute(
        """select build_number from ops.builds
           where status = 'running' and started_at > now() - make_interval(hours => %s)""",
        [STALE_BUILD_HOURS],
    ).fetchone()
    if row:
        raise RetryableError(f"build {row[0]} is running: the erasure begins when it has ended")
