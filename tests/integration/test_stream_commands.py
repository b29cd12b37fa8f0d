"""What `make schema`, `make replay` and `make reconcile` print, with Airflow played by the test."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from cx_warehouse.connectors.base import Stream, Window
from cx_warehouse.connectors.errors import RetryableError
from cx_warehouse.landing import ingest
from cx_warehouse.landing.reconcile import reconcile
from stack.errors import StackError
from stack.rerun import Rerun, parse_date
from stack.streams import StreamName, parse_stream, show_schema
from stack.summary import show_night
from tests.conftest import Warehouse
from tests.fake_connector import AS_OF, FakeConnector, Thing, thing

TICKETS = StreamName("zendesk", "tickets")
STREAM = Stream("tickets", Thing, "things", recheck="whole")
NEXT = AS_OF + timedelta(days=1)


def land(warehouse: Warehouse, *records: bytes, as_of: datetime = AS_OF, **options: Any) -> None:
    connector = FakeConnector([list(records)], stream=STREAM)
    ingest(connector, "tickets", Window(as_of), warehouse.dsn("cx_loader"), **options)


class PlayedAirflow:
    """Runs what the DAG would run, when it is triggered."""

    def __init__(self, work: Any) -> None:
        self._work, self.triggered, self._state = work, [], "success"

    def api(self) -> PlayedAirflow:
        return self

    def wait_for_dags(self, dag_ids: Any) -> None:
        pass

    def trigger(self, dag_id: str, conf: Any) -> str:
        self.triggered.append((dag_id, conf))
        try:
            self._work(conf)
        except RetryableError:
            self._state = "failed"
        return "by hand"

    def wait(self, dag_id: str, run_id: str, *, timeout_seconds: float, on_progress: Any) -> dict[str, Any]:
        on_progress({"state": "running"}, [])
        return {"state": self._state}

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return [{"task_id": "land", "state": self._state}]

    def task_log(self, dag_id: str, run_id: str, task: Any) -> str:
        return "the/task.log"


def rerun(warehouse: Warehouse, work: Any) -> tuple[Rerun, PlayedAirflow]:
    airflow = PlayedAirflow(work)
    stack = SimpleNamespace(airflow=airflow, warehouse_dsn=warehouse.dsn)
    return Rerun(stack, NEXT), airflow  # type: ignore[arg-type]


def printed(act: Any) -> str:
    console = Console(file=io.StringIO(), width=160)
    act(console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_the_schema_shows_fields_types_shares_and_changes(warehouse: Warehouse) -> None:
    land(warehouse, thing(1, nickname="a", via={"channel": "web"}), thing(2, nickname=None, via={}))
    land(warehouse, thing(1, pet_name="a", via={"channel": 3}), as_of=NEXT)
    text = printed(lambda console: show_schema(console, warehouse.dsn(), TICKETS))
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "number" in lines["id"] and "100 %" in lines["id"] and "models rely on it" in lines["id"]
    assert "string" in lines["nickname"] and "33 %" in lines["nickname"] and "rely" not in lines["nickname"]
    assert "number or string" in lines["channel"] and "2026-03-02" in lines["channel"]
    assert "new since the first night" in lines["pet_name"] and "2026-03-03" in lines["pet_name"]
    assert "new field pet_name (string); no longer served with it: nickname" in text
    assert "via.channel was string and is now number" in text


def test_a_stream_that_was_never_landed_has_no_schema(warehouse: Warehouse) -> None:
    with pytest.raises(StackError, match=r"no record of zendesk\.tickets has been landed yet"):
        show_schema(Console(file=io.StringIO()), warehouse.dsn(), TICKETS)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_replay_ends_with_what_landed_or_would_have(warehouse: Warehouse, dry_run: bool) -> None:
    land(warehouse, thing(1, subject="a"), thing(2), thing(3))
    again = (thing(1, subject="b"), thing(2), thing(3, deleted=True), thing(4), b'{"id": null}')
    replay, airflow = rerun(warehouse, lambda conf: land(warehouse, *again, as_of=NEXT, dry_run=conf["dry_run"]))
    start = datetime(2026, 3, 1, tzinfo=UTC)
    text = printed(lambda console: replay.replay(console, TICKETS, start, dry_run=dry_run))
    assert airflow.triggered == [
        (
            "ingest_zendesk",
            {"streams": ["tickets"], "start": start.isoformat(), "dry_run": dry_run, "as_of": NEXT.isoformat()},
        )
    ]
    assert ("would land" if dry_run else "landed") in text
    assert text.split()[-6:] == ["5", "1", "1", "1", "1", "1"]
    assert warehouse.value("select count(*) from raw_zendesk.tickets") == (3 if dry_run else 6)


def test_a_replay_that_fails_says_why_in_a_line(warehouse: Warehouse) -> None:
    def fails(conf: Any) -> None:
        def away(number: int) -> None:
            raise RetryableError("zendesk: 503 from the vendor")

        connector = FakeConnector([[thing(1)]], stream=STREAM, before_page=away)
        ingest(connector, "tickets", Window(NEXT), warehouse.dsn("cx_loader"))

    replay, _ = rerun(warehouse, fails)
    with pytest.raises(StackError, match=r"zendesk: 503 from the vendor; logs: land \(the/task\.log\)"):
        replay.replay(Console(file=io.StringIO()), TICKETS, AS_OF, dry_run=False)


def test_a_date_that_is_not_in_the_past_is_refused(warehouse: Warehouse) -> None:
    replay, airflow = rerun(warehouse, lambda conf: None)
    with pytest.raises(StackError, match="is not in the past"):
        replay.replay(Console(file=io.StringIO()), TICKETS, NEXT, dry_run=True)
    assert airflow.triggered == []


def test_a_reconcile_prints_what_was_off_and_the_summary_tells_it_too(warehouse: Warehouse) -> None:
    old = {"updated_at": "2026-03-01T00:00:00Z"}
    warehouse.rows("insert into ops.nights (as_of, sources, deadline_at) values (%s, '{zendesk}', now())", AS_OF)
    land(warehouse, thing(1, **old), thing(2, **old))

    def compares(conf: Any) -> None:
        connector = FakeConnector([[thing(1, **old), thing(3, **old)]], stream=STREAM)
        reconcile(connector, "tickets", NEXT, warehouse.dsn("cx_loader"))

    by_hand, airflow = rerun(warehouse, compares)
    text = printed(lambda console: by_hand.reconcile(console, "zendesk"))
    assert airflow.triggered == [("reconcile", {"source": "zendesk", "as_of": NEXT.isoformat()})]
    [line] = [line for line in text.splitlines() if line.startswith("zendesk.tickets")]
    assert line.split()[1:6] == ["2", "1", "0", "1", "0"]
    assert "mended in raw" in text
    summary = printed(lambda console: show_night(console, warehouse.dsn()))
    assert "zendesk.tickets, 2026-03-03: 1 missing, 0 stale, 1 gone; mended" in summary


def test_the_summary_tells_of_schemas_that_changed_this_night(warehouse: Warehouse) -> None:
    warehouse.rows("insert into ops.nights (as_of, sources, deadline_at) values (%s, '{zendesk}', now())", AS_OF)
    land(warehouse, thing(1, order="7"))
    before = printed(lambda console: show_night(console, warehouse.dsn()))
    warehouse.rows("insert into ops.nights (as_of, sources, deadline_at) values (%s, '{zendesk}', now())", NEXT)
    land(warehouse, thing(1, order=7), as_of=NEXT)
    assert "schema changed" not in before
    after = printed(lambda console: show_night(console, warehouse.dsn()))
    assert "schema changed zendesk.tickets: order was string and is now number" in after


@pytest.mark.parametrize(
    "text", ["", "tickets", "zendesk.", "zendesk.letters", "post.tickets", ".", "zendesk.tickets.x"]
)
def test_an_unknown_stream_is_named_with_those_that_there_are(text: str) -> None:
    with pytest.raises(StackError, match=r"zendesk\.tickets"):
        parse_stream(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "01.03.2026"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(StackError):
        parse_date(text)
