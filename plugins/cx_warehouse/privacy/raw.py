"""Removes a person from raw, quarantine and the operational tables."""

from __future__ import annotations

import re
from collections import Counter

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.persons import EMAIL, NAME, PERSONS, PHONE
from cx_warehouse.landing.erased import blank
from cx_warehouse.landing.raw_tables import raw_table, writers_lock
from cx_warehouse.privacy.sets import scrub, tables_of
from cx_warehouse.privacy.subject import Subject, named_in, registered
from cx_warehouse.privacy.traces import Traces

# Of ops: what the erasure itself keeps, what it may not see, and analysts' own views, which are theirs to mend.
LEFT_ALONE = {"ops.erasures", "ops.erasure_tombstones", "ops.erasure_work", "ops.tokens", "ops.reader_views"}


def hold_raw(connection: psycopg.Connection) -> None:
    """Let no page land until the transaction ends, in the order in which builds take the same locks."""
    for stream in registered():
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [writers_lock(*stream.split("."))])


def find_mentions(connection: psycopg.Connection, subject: Subject, traces: Traces) -> dict[str, list[str]]:
    """Keys of records, by stream, that are somebody else's and tell of the person."""
    found = {}
    # beside parameters a per cent sign stands for one
    told = sql.SQL(traces.values.found_in(sql.SQL("record::text")).as_string(connection).replace("%", "%%"))
    for stream in registered():
        matches, parameters = named_in(subject, stream, "mention")
        rows = connection.execute(
            sql.SQL("select distinct key from {} where key <> all(%s) and ({})").format(
                raw_table(*stream.split(".")),
                sql.SQL(" or ").join([told, *matches]),
            ),
            [list(subject.records[stream]), *parameters],
        ).fetchall()
        if rows:
            found[stream] = [row[0] for row in rows]
    return found


def clean_raw(
    connection: psycopg.Connection,
    subject: Subject,
    mentions: dict[str, list[str]],
    traces: Traces,
    counts: Counter[str],
) -> None:
    """Delete every version of the person's records; blank what others' records tell of the person."""
    for stream in registered():
        table = raw_table(*stream.split("."))
        if subject.records[stream]:
            gone = connection.execute(
                sql.SQL("delete from {} where key = any(%s)").format(table), [list(subject.records[stream])]
            )
            counts[f"raw_{stream} deleted"] += gone.rowcount
        if stream in mentions:
            counts[f"raw_{stream} blanked"] += _blank(connection, table, stream, mentions[stream], subject, traces)


def _blank(
    connection: psycopg.Connection,
    table: sql.Identifier,
    stream: str,
    keys: list[str],
    subject: Subject,
    traces: Traces,
) -> int:
    rows = connection.execute(
        sql.SQL("select sequence, record from {} where key = any(%s)").format(table), [keys]
    ).fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("update {} set record = %s where sequence = %s and record <> %s").format(table),
            [
                (record, sequence, record)
                for sequence, record in (
                    (
                        sequence,
                        Jsonb(
                            blank(
                                record,
                                PERSONS[stream],
                                lambda kind, value: value in subject.values(kind),
                                traces.clean,
                            )
                        ),
                    )
                    for sequence, record in rows
                )
            ],
        )
        return max(cursor.rowcount, 0)


def clean_quarantine(connection: psycopg.Connection, subject: Subject, traces: Traces, counts: Counter[str]) -> None:
    """Delete what was refused and is about the person, or names them: nothing can be cut out of what is broken."""
    for source, streams in registry.streams().items():
        matches = [sql.SQL("encode(body, 'escape') ~* {}").format(sql.Literal(_in_bytes(traces.values.regex)))]
        for stream in streams:
            name = f"{source}.{stream}"
            if subject.records[name]:
                matches.append(
                    sql.SQL("stream = {} and key = any({})").format(
                        sql.Literal(stream), sql.Literal(list(subject.records[name]))
                    )
                )
            for one in PERSONS[name]:
                values = subject.values(one.names) if one.names not in (EMAIL, PHONE, NAME) else set()
                if values and one.role != "alias":
                    field = one.path.removesuffix(".*").rpartition(".")[2]
                    named = "|".join(re.escape(value) for value in sorted(values))
                    matches.append(
                        sql.SQL("stream = {} and encode(body, 'escape') ~ {}").format(
                            sql.Literal(stream), sql.Literal(rf'"{field}"\s*:\s*\[?\s*"?({named})"?\s*[],}}]')
                        )
                    )
        gone = connection.execute(
            sql.SQL("delete from {} where {}").format(
                raw_table(source, "quarantine"), sql.SQL(" or ").join(sql.SQL("({})").format(one) for one in matches)
            )
        )
        counts[f"raw_{source}.quarantine deleted"] += gone.rowcount


def _in_bytes(pattern: str) -> str:
    """The pattern as it stands in bytes that Postgres escaped, where a letter beyond ASCII is some octal numbers."""
    return "".join(
        letter if letter.isascii() else "".join(rf"\\{byte:03o}" for byte in letter.encode()) for letter in pattern
    )


def clean_ops(connection: psycopg.Connection, subject: Subject, traces: Traces, counts: Counter[str]) -> None:
    """Remove the person from what is kept of identities, walks, scores and schemas, and from every message."""
    identities, customers = list(subject.identities), list(subject.customers)
    gone = connection.execute(
        """delete from ops.customer_identities
           where identity_key = any(%s) or linked_to = any(%s) or customer_key = any(%s)""",
        [identities, identities, customers],
    )
    counts["ops.customer_identities deleted"] += gone.rowcount
    gone = connection.execute(
        "delete from ops.comment_scores where text_hash in (select value from subject_keys where kind = 'text')"
    )
    counts["ops.comment_scores deleted"] += gone.rowcount
    for table in ("walk_keys", "recheck_keys"):
        gone = connection.execute(
            sql.SQL(
                """delete from {} as seen using subject_keys as subject
                   where subject.kind = seen.source || '.' || seen.stream and subject.value = seen.key"""
            ).format(sql.Identifier("ops", table))
        )
        counts[f"ops.{table} deleted"] += gone.rowcount
    blanked = connection.execute(
        """update ops.schema_changes as change set key = null from subject_keys as subject
           where subject.kind = change.source || '.' || change.stream and subject.value = change.key"""
    )
    counts["ops.schema_changes blanked"] += blanked.rowcount
    for one in tables_of(connection, "^ops$"):
        if str(one) not in LEFT_ALONE:
            scrub(connection, one, traces.everything, counts)
