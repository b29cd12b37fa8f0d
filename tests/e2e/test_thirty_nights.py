"""Thirty nights in a row, each compared with the truth per ticket and per answer: `make nights` (half an hour).

The company's month has reopenings, merges, deletions, transfers, changes of priority, holidays, tickets of agents,
bots, late answers and changed ratings in it (docs/sandbox.md). Its history begins before the clocks were changed in
spring, and the nights come after they were changed in autumn. The first and the last night go through Airflow, the
others through landing and dbt directly."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stack import local
from stack.airflow import Airflow
from stack.local import Local
from stack.night import run_night
from stack.sandbox import Wishes
from tests.e2e import direct
from tests.e2e.compare import differences

NIGHTS = int(os.environ.get("CX_NIGHTS") or 30)
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(5_400),
    pytest.mark.skipif("CX_MANY_NIGHTS" not in os.environ, reason="many nights take long: make nights runs them"),
]


@pytest.fixture(scope="module")
def stack() -> Iterator[Local]:
    home = Path(tempfile.mkdtemp(prefix="cx-thirty-"))
    try:
        yield start(home)
    finally:
        local.clean(home)
        shutil.rmtree(home, ignore_errors=True)


def start(home: Path) -> Local:
    """The stack, told to read web analytics from the company's beginning: by default it reads some months only."""
    stack = local.start_with_sandbox(home, Wishes(customers=80, days=240), print)
    stack.airflow.api().set_connections(local.vendor_connections(configs(stack)))
    return stack


def configs(stack: Local) -> dict[str, dict[str, Any]]:
    assert stack.sandbox is not None
    return {
        source: {**config, "history_days": 400} if source in ("ga4", "matomo") else dict(config)
        for source, config in stack.sandbox.connections.items()
    }


def test_each_of_thirty_nights_tells_the_truth(stack, capsys):
    sandbox = stack.sandbox
    assert sandbox is not None
    said: dict[int, list[str]] = {}
    for number in range(1, NIGHTS + 1):
        as_of = datetime.fromisoformat(sandbox.control.clock() if number == 1 else sandbox.control.advance(1))
        began = time.monotonic()
        if number in (1, NIGHTS):
            if number == NIGHTS:
                stack = start(stack.home)
            outcome = run_night(stack, as_of, lambda _: None)
            assert outcome.status == "published", outcome
            Airflow.stop(stack.home)
        else:
            direct.run_night(stack, configs(stack), as_of)
        found = differences(stack.warehouse_dsn(), sandbox.control.truth)
        with capsys.disabled():
            print(f"night {number} of {as_of:%Y-%m-%d}: {time.monotonic() - began:.0f} s, {len(found)} differences")
        if found:
            said[number] = found
    assert not said, "\n".join(f"night {number}: {line}" for number, lines in said.items() for line in lines[:10])
    with psycopg.connect(stack.warehouse_dsn(), autocommit=True) as connection:
        kinds = connection.execute(
            "select kind, count(*) from ops.builds where status = 'published' group by kind order by kind"
        ).fetchall()
    assert kinds == [("full", 2), ("incremental", NIGHTS - 2)]  # each of the two sets begins with a full build
