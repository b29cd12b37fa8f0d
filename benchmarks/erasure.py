"""What does keeping erased people out cost a page, and how long does erasing one of many take?

    make bench NAME=erasure                                       (two minutes)
    BENCH_RECORDS=20000 make bench NAME=erasure

Tickets of 1.4 kB are landed, in pages of 1,000, into an empty raw table: while nobody was erased, and with a thousand
tombstones, none of which they are about. Then a person with ten of these tickets is erased. HTTP is left out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from uuid import uuid4

import click
import psycopg
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.loading.records import PLACEHOLDER, template
from benchmarks.server import own_server
from cx_warehouse import privacy
from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Page
from cx_warehouse.connectors.persons import EMAIL, USER
from cx_warehouse.database import bootstrap
from cx_warehouse.landing.ahead import ahead
from cx_warehouse.landing.erased import ErasureKey
from cx_warehouse.landing.pages import PageLander
from cx_warehouse.landing.schema_drift import load_shape

KEY = ErasureKey.of("a key that is only for this benchmark")
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
PAGE, TOMBSTONES, PERSON, OWN_TICKETS = 1_000, 1_000, 77, 10


def pages(records: int) -> Iterator[Page]:
    """Distinct tickets, the first of them the person's."""
    whole = template()
    requester = json.loads(whole)["requester_id"]
    of_person = whole.replace(f'"requester_id":{requester}'.encode(), f'"requester_id":{PERSON}'.encode())
    for first in range(0, records, PAGE):
        numbers = range(first, min(first + PAGE, records))
        made = [
            (of_person if number < OWN_TICKETS else whole).replace(PLACEHOLDER, b"%d" % (1_000_000_001 + number))
            for number in numbers
        ]
        yield Page(made, {})


def land(dsn: str, records: int) -> float:
    """Seconds of landing the tickets into the emptied table."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("truncate raw_zendesk.tickets, ops.cursors")
        connection.execute(
            "insert into ops.cursors (source, stream, account, fence) values ('zendesk','tickets','a',1)"
        )
        lander = PageLander(
            connection,
            "zendesk",
            registry.connector_class("zendesk").streams["tickets"],
            run_id=str(uuid4()),
            as_of=AS_OF,
            fence=1,
            latest_plausible=datetime.max.replace(tzinfo=UTC),
            shape=load_shape(connection, "zendesk", "tickets", was_whole=True),
            erasure_key=KEY,
        )
        made = list(pages(records))
        began = time.perf_counter()
        for prepared in ahead(map(lander.prepare, made)):
            assert lander.land(prepared).erased == 0
        return time.perf_counter() - began


@click.command(context_settings={"auto_envvar_prefix": "BENCH"})
@click.option("--records", type=click.IntRange(PAGE), default=100_000, show_default=True, help="Tickets.")
@click.option("--repeats", type=click.IntRange(1, 99), default=3, show_default=True, help="Runs of each.")
def main(records: int, repeats: int) -> None:
    """Measure, print a table, and as the last line one JSON object."""
    console = Console(soft_wrap=True, highlight=False)
    with own_server() as (server, home):
        server.create_databases("erasure")
        dsn = server.dsn("erasure")
        bootstrap(dsn)
        without, among = [], []
        for _ in range(repeats):
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("truncate ops.erasure_tombstones")
            without.append(land(dsn, records))
            with psycopg.connect(dsn, autocommit=True) as connection, connection.cursor() as cursor:
                cursor.executemany(
                    "insert into ops.erasure_tombstones (mark, kind, key_id, erasure_id) values (%s, %s, %s, 1)",
                    [(KEY.mark(EMAIL, f"{n}@x.example"), EMAIL, KEY.key_id) for n in range(TOMBSTONES)],
                )
            among.append(land(dsn, records))
        seconds = _erase_one(dsn, home)
    figures = {
        "benchmark": "erasure",
        "records": records,
        "seconds_nobody_erased": round(median(without), 2),
        "seconds_with_tombstones": round(median(among), 2),
        "ratio": round(median(among) / median(without), 2),
        "seconds_to_erase_one": round(seconds, 2),
    }
    table = Table(box=box.SIMPLE_HEAD)
    for title in (f"{records:,} tickets", "seconds (median)", "runs"):
        table.add_column(title)
    table.add_row("nobody erased", f"{median(without):.2f}", ", ".join(f"{one:.2f}" for one in without))
    table.add_row(f"{TOMBSTONES:,} tombstones", f"{median(among):.2f}", ", ".join(f"{one:.2f}" for one in among))
    table.add_row("one person erased", f"{seconds:.2f}", "")
    console.print(table)
    print(json.dumps(figures))


def _erase_one(dsn: str, home: Path) -> float:
    """Seconds of erasing the person who has ten of the tickets."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            """insert into raw_zendesk.users (key, record, run_id, content_hash, is_deleted)
               values (%s, %s, gen_random_uuid(), '', false)""",
            [str(PERSON), json.dumps({"id": PERSON, "name": "Anna Nowak", "email": "anna.nowak@x.example"})],
        )
    began = time.perf_counter()
    privacy.request(dsn, f"{USER.partition('.')[0]}:{PERSON}", "benchmark")
    (done,) = privacy.erase_due(dsn, KEY, home / "files")
    seconds = time.perf_counter() - began
    assert done.certificate["removed"]["raw_zendesk.tickets deleted"] == OWN_TICKETS
    return seconds


if __name__ == "__main__":
    main()
