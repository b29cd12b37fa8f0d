"""One measured run in a process of its own: this landing, or the bare limit. Prints one JSON line.

The clock runs from the first connection to the last commit; starting Python and importing are not counted."""

from __future__ import annotations

import argparse
import json
import struct
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg
import requests
from requests.auth import HTTPBasicAuth

from benchmarks.loading.memory import peak_memory_mb
from benchmarks.loading.page_server import PATH
from cx_warehouse.connectors.base import Pacer, Window
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.zendesk.connector import ZendeskConnector
from cx_warehouse.landing import ingest

AS_OF = datetime(2026, 2, 1, 2, tzinfo=UTC)


class _Page(msgspec.Struct):
    tickets: list[msgspec.Raw]
    end_of_stream: bool
    after_cursor: str


class _Id(msgspec.Struct):
    id: int


def run_limit(dsn: str, base_url: str, per_page: int) -> dict[str, Any]:
    """Fetch a page, COPY key and jsonb into an unindexed logged table, commit; one after the other, nothing else.

    COPY is binary, which was the fastest of its formats here."""
    began = time.perf_counter()
    decode, key_of = msgspec.json.Decoder(_Page).decode, msgspec.json.Decoder(_Id).decode
    header, trailer = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
    count, cursor, fetching = 0, "0", 0.0
    with psycopg.connect(dsn) as connection, requests.Session() as session:
        connection.execute("create table bare (key text, record jsonb)")
        connection.commit()
        while True:
            asked = time.perf_counter()
            reply = session.get(f"{base_url}{PATH}", params={"per_page": per_page, "cursor": cursor}, timeout=60)
            page = decode(reply.content)
            fetching += time.perf_counter() - asked
            lines = [header]
            for raw in page.tickets:
                record, key = bytes(raw), b"%d" % key_of(raw).id
                lines.append(struct.pack(f">hi{len(key)}siB", 2, len(key), key, len(record) + 1, 1) + record)
            lines.append(trailer)
            with connection.cursor().copy("copy bare (key, record) from stdin (format binary)") as copy:
                copy.write(b"".join(lines))
            connection.commit()
            count += len(page.tickets)
            if page.end_of_stream:
                break
            cursor = page.after_cursor
    return {"seconds": time.perf_counter() - began, "records": count, "fetch_seconds": fetching}


class _Unlimited(ProcessAccount):
    """The vendor's limits are not what is measured."""

    def pacer(self, name: str, limit: int, seconds: float, share: float) -> Pacer:
        return super().pacer(name, 1_000_000_000, seconds, 1.0)


def run_landing(dsn: str, base_url: str, per_page: int) -> dict[str, Any]:
    """The product's own path: the Zendesk connector and its HTTP client, through `ingest`, as the loader's role."""
    connector = ZendeskConnector(
        base_url,
        HTTPBasicAuth("admin@example.com/token", "none"),
        page_size=per_page,
        account=_Unlimited(ZendeskConnector.source),
    )
    began = time.perf_counter()
    result = ingest(connector, "tickets", Window(end=AS_OF), dsn)
    seconds = time.perf_counter() - began
    counts = result.counts
    return {
        "seconds": seconds,
        "records": counts.records,
        "inserted": counts.inserted,
        "unchanged": counts.unchanged,
        "quarantined": counts.quarantined,
    }


def main() -> None:
    """Run one contender and print its figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("contender", choices=("limit", "landing"))
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--per-page", type=int, default=1_000)
    asked = parser.parse_args()
    run = {"limit": run_limit, "landing": run_landing}[asked.contender]
    busy = time.process_time()
    figures = run(asked.dsn, asked.url, asked.per_page)
    print(json.dumps({**figures, "cpu_seconds": time.process_time() - busy, "peak_mb": peak_memory_mb()}))


if __name__ == "__main__":
    main()
