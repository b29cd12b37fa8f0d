"""A vendor that stays away: the stream stops with one clear line, its neighbours go on, the next night takes it up."""

from __future__ import annotations

import pytest

from chaos.accounts import PLANS
from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, RetryableError
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.registry import connect
from cx_warehouse.landing import ingest
from sandbox.faults import Fault
from sandbox.testing import Running, running
from tests.conftest import Warehouse

LIVE = """
    select count(*) from (select distinct on (key) is_deleted from raw_zendesk.{} order by key, sequence desc) as latest
    where not is_deleted"""


def night(sandbox: Running, warehouse: Warehouse, stream: str, **settings) -> None:
    config = {**sandbox.connections["zendesk"], "page_size": 20, **settings}
    connector = connect("zendesk", config, ProcessAccount("zendesk", sleep=lambda seconds: None))
    ingest(connector, stream, Window(sandbox.world.now()), warehouse.dsn("cx_loader"))


def runs(warehouse: Warehouse, stream: str) -> list[tuple]:
    return warehouse.rows(
        "select status, pages, requests, error from ops.ingest_runs where stream = %s order by started_at", stream
    )


@pytest.mark.parametrize("kind", ["server_error_503", "reset_before", "rate_limited", "truncated"])
def test_a_stream_stops_with_one_line_and_is_taken_up_the_next_night(warehouse: Warehouse, kind: str) -> None:
    with running(customers=60, days=30, plans=PLANS) as sandbox:
        sandbox.world.faults.add(Fault(kind, "zendesk", where="tickets/cursor", after=2, times=0))
        with pytest.raises(RetryableError):
            night(sandbox, warehouse, "tickets")
        [(status, pages, requests, error)] = runs(warehouse, "tickets")
        assert (status, pages, requests) == ("failed", 2, 6)  # two pages, and four attempts at the third
        assert error and "\n" not in error and "zendesk" in error and "Traceback" not in error
        landed = warehouse.value(LIVE.format("tickets"))
        assert warehouse.value("select complete_through from ops.cursors where stream = 'tickets'") is None

        night(sandbox, warehouse, "users")  # the neighbour goes on
        assert runs(warehouse, "users")[0][0] == "succeeded"

        sandbox.world.faults.clear()
        sandbox.world.advance(1)
        night(sandbox, warehouse, "tickets")
        assert runs(warehouse, "tickets")[1][0] == "succeeded"
        first_asked = next(
            entry["path"]
            for entry in sandbox.world.requests("zendesk")
            if "tickets/cursor" in entry["path"] and entry["clock"] == sandbox.world.now().isoformat()
        )
        assert "cursor=" in first_asked.partition("?")[2]  # from where it stopped, not from the beginning
        assert warehouse.value(LIVE.format("tickets")) > landed


def test_a_permanent_error_names_the_setting_and_is_not_tried_again(warehouse: Warehouse) -> None:
    with running(customers=20, days=5, plans=PLANS) as sandbox:
        with pytest.raises(ConfigError):
            night(sandbox, warehouse, "tickets", token="revoked")
        [(status, _, requests, error)] = runs(warehouse, "tickets")
        assert (status, requests) == ("failed", 1)
        assert "check token and email of connection 'zendesk'" in error
        assert "revoked" not in error
