"""The raw tables: one per stream, every distinct version of every record, append only."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql


def raw_table(source: str, stream: str) -> sql.Identifier:
    """The quoted name of a stream's raw table."""
    return sql.Identifier(f"raw_{source}", stream)


def writers_lock(source: str, stream: str) -> str:
    """The name of the advisory lock under which the table's sequence numbers are handed out."""
    return f"cx:table:{source}.{stream}"


def create_raw_tables(connection: psycopg.Connection, source: str, streams: Iterable[str]) -> None:
    """Create the source's schema, its quarantine and the raw table of each stream, where they are missing.

    The sequence column has a BRIN index: rows arrive in its order, and builds read it only by range, so a B-tree
    would cost every insert for nothing."""
    schema = sql.Identifier(f"raw_{source}")
    connection.execute(sql.SQL("create schema if not exists {}").format(schema))
    connection.execute(
        sql.SQL("""
        create table if not exists {} (
            id bigint generated always as identity primary key,
            stream text not null,
            key text,
            body bytea not null,
            body_hash bytea not null,
            reason text not null,
            run_id uuid not null,
            as_of timestamptz not null,
            quarantined_at timestamptz not null default now(),
            times_seen integer not null default 1,
            last_seen_at timestamptz not null default now(),
            unique (stream, body_hash)
        )""").format(raw_table(source, "quarantine"))
    )
    for stream in streams:
        table = raw_table(source, stream)
        connection.execute(
            sql.SQL("""
            create table if not exists {} (
                sequence bigint generated always as identity,
                key text not null,
                record jsonb not null,
                changed_at timestamptz,
                extracted_at timestamptz not null default now(),
                run_id uuid not null,
                content_hash bytea not null,
                is_deleted boolean not null,
                scope text
            )""").format(table)
        )
        for suffix, definition in (
            ("key", "(key, sequence desc)"),
            ("sequence", "using brin (sequence) with (pages_per_range = 16, autosummarize = on)"),
            ("scope", "(scope, key, sequence desc) where scope is not null"),
        ):
            connection.execute(
                sql.SQL("create index if not exists {} on {} " + definition).format(
                    sql.Identifier(f"{stream}_{suffix}"), table
                )
            )
