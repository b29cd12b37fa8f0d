"""The granted budget, by the vendor's own log: several processes of one account use all of it and never exceed it."""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import State, Window
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.landing import ingest
from cx_warehouse.landing.account import PostgresAccount
from sandbox.testing import Running, running
from tests.conftest import Warehouse
from tests.nights import Nights

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(customers=400, days=30) as here:
        yield here


def _read(dsn: str | None, source: str, config: dict[str, Any], streams: list[tuple[str, State]], until: float) -> None:
    """Read the streams over and over, as a task that has more than enough to do."""
    account = PostgresAccount(dsn, source, "one") if dsn else ProcessAccount(source)
    connector = registry.connect(source, config, account)
    end = datetime.fromisoformat("2026-06-01T00:00:00+00:00")
    while time.time() < until:
        for stream, state in streams:
            for _ in connector.read(stream, Window(end), state):
                if time.time() >= until:
                    return


def side_by_side(
    sandbox: Running,
    source: str,
    tasks: list[list[tuple[str, State]]],
    seconds: float,
    *,
    dsn: str | None,
    **settings: Any,
) -> tuple[list[dict[str, Any]], float]:
    """Run each task in a process of its own; what the sandbox logged meanwhile, and when the work ended."""
    before = len(sandbox.world.requests(source, limit=20_000))
    until = time.time() + 6 + seconds  # processes start and import for some of it
    config = {**sandbox.connections[source], **settings}
    processes = [SPAWN.Process(target=_read, args=[dsn, source, config, task, until]) for task in tasks]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(tasks)
    return sandbox.world.requests(source, limit=20_000)[before:], until


def moments(log: list[dict[str, Any]], searches: bool | None = None) -> list[float]:
    """When requests were answered, in seconds, in order; only searches, or all but them."""
    wanted = [entry for entry in log if searches is None or entry["path"].endswith("/search") == searches]
    return sorted(datetime.fromisoformat(entry["at"]).timestamp() for entry in wanted)


def most_in_any(times: list[float], seconds: float) -> int:
    """The most requests in any window of so many seconds. The log's times are cut to milliseconds."""
    return max(sum(start <= at < start + seconds - 0.001 for at in times) for start in times)


def used(times: list[float], until: float, granted: int, seconds: float) -> float:
    """The part that was used of what could have been, from the first request to the last whole window."""
    windows = int((until - times[0]) // seconds)
    assert windows >= 2
    return sum(at < times[0] + windows * seconds for at in times) / (windows * granted)


def test_processes_of_one_account_use_all_of_their_share_and_never_more(
    sandbox: Running, warehouse: Warehouse, nights: Nights
) -> None:
    tasks: list[list[tuple[str, State]]] = [
        [("contacts", {}), ("owners", {})],
        [("companies", {}), ("deals", {})],
        [("contact_companies", {})],
        [("deals", {}), ("contacts", {})],
    ]
    log, until = side_by_side(sandbox, "hubspot", tasks, 30, dsn=warehouse.dsn("cx_loader"), budget_share=0.5)
    times = moments(log, searches=False)
    assert {entry["status"] for entry in log} <= {200, 207}
    assert most_in_any(times, 10) == 50  # half of 100 in ten seconds
    assert used(times, until, 50, 10) >= 0.9


def test_a_limit_by_the_second_is_kept_and_used(sandbox: Running, warehouse: Warehouse, nights: Nights) -> None:
    long_ago = {"watermark": "2025-01-01T00:00:00+00:00"}  # what changed since is searched for
    tasks: list[list[tuple[str, State]]] = [[("contacts", long_ago)], [("deals", long_ago)], [("companies", long_ago)]]
    log, until = side_by_side(sandbox, "hubspot", tasks, 12, dsn=warehouse.dsn("cx_loader"), budget_share=0.5)
    times = moments(log, searches=True)
    assert most_in_any(times, 1) == 2  # half of 5 a second, rounded down
    assert used(times, until, 2, 1) >= 0.75  # a window of a second is longer by the answer's time


def test_the_whole_limit_is_used_without_a_single_refusal(
    sandbox: Running, warehouse: Warehouse, nights: Nights
) -> None:
    tasks: list[list[tuple[str, State]]] = [[("forms", {})], [("responses", {})], [("forms", {})]]
    log, until = side_by_side(sandbox, "typeform", tasks, 12, dsn=warehouse.dsn("cx_loader"), budget_share=1)
    times = moments(log)
    assert {entry["status"] for entry in log} == {200}  # the look-alike refuses the third request in a second
    assert most_in_any(times, 1) == 2
    assert used(times, until, 2, 1) >= 0.7


def test_processes_that_share_nothing_are_seen_to_exceed_it(sandbox: Running) -> None:
    """What the figures above would be without the shared budget: so the measure can fail."""
    tasks: list[list[tuple[str, State]]] = [[("contacts", {}), ("owners", {})], [("companies", {}), ("deals", {})]]
    time.sleep(10)  # the account's window is empty
    log, _ = side_by_side(sandbox, "hubspot", tasks, 4, dsn=None, budget_share=0.5)
    assert most_in_any(moments(log, searches=False), 10) > 50


def test_what_a_run_waited_is_in_its_log_and_in_ops(
    sandbox: Running, warehouse: Warehouse, nights: Nights, caplog: pytest.LogCaptureFixture
) -> None:
    time.sleep(1)
    dsn = warehouse.dsn("cx_loader")
    connector = registry.connect(
        "typeform", {**sandbox.connections["typeform"], "page_size": 200}, PostgresAccount(dsn, "typeform", "one")
    )
    with caplog.at_level(logging.INFO):
        result = ingest(connector, "forms", Window(sandbox.world.now()), dsn, account="one")
    assert result.requests >= 3 and result.wait_seconds > (result.requests - 1) * 0.9
    [(waited,)] = warehouse.rows("select wait_seconds from ops.ingest_runs where stream = 'forms'")
    assert float(waited) == pytest.approx(result.wait_seconds, abs=0.01)
    told = [record.getMessage() for record in caplog.records if "waited" in record.getMessage()]
    assert any("s on typeform requests: share of the limit used" in line for line in told)
