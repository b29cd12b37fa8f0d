"""Drift made at each look-alike vendor: no night's increment sees it, a reconcile finds, reports and mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chaos.accounts import PLANS
from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.registry import connect
from cx_warehouse.landing import ingest
from cx_warehouse.landing.reconcile import Reconciliation, reconcile
from sandbox.model import ContactArchived, ContactsMerged, SurveyResponse, SurveyResponseDeleted, VisitsCounted
from sandbox.testing import Running, running
from tests.conftest import Warehouse

# so that a form and a day are left to the reconcile in a company this small
SETTINGS: dict[str, dict[str, Any]] = {
    "typeform": {"full_read_up_to": 0, "full_read_days": 365, "page_size": 2},
    "ga4": {"history_days": 20},
}


@dataclass
class Night:
    """One source of a running sandbox, landed night by night."""

    sandbox: Running
    warehouse: Warehouse
    source: str

    def connector(self) -> Any:
        config = {**self.sandbox.connections[self.source], **SETTINGS.get(self.source, {})}
        return connect(self.source, config, ProcessAccount(self.source, sleep=lambda seconds: None))

    def land(self, stream: str) -> None:
        ingest(self.connector(), stream, Window(self.sandbox.world.now()), self.warehouse.dsn("cx_loader"))

    def reconcile(self, stream: str) -> Reconciliation:
        return reconcile(self.connector(), stream, self.sandbox.world.now(), self.warehouse.dsn("cx_loader"))

    def live(self, stream: str) -> set[str]:
        rows = self.warehouse.rows(
            f"""select key from (select distinct on (key) key, is_deleted from raw_{self.source}.{stream}
                order by key, sequence desc) as latest where not is_deleted order by key"""
        )
        return {key for (key,) in rows}


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(customers=40, days=60, plans=PLANS) as running_sandbox:
        yield running_sandbox


@pytest.mark.parametrize(
    ("source", "stream"),
    [
        ("zendesk", "users"),
        ("zendesk", "organizations"),
        ("zendesk", "satisfaction_ratings"),
        ("hubspot", "contacts"),
        ("hubspot", "deals"),
        ("typeform", "responses"),
        ("matomo", "visits"),
    ],
)
def test_a_record_that_was_removed_for_good_is_found_by_a_reconcile_only(
    warehouse: Warehouse, sandbox: Running, source: str, stream: str
) -> None:
    night = Night(sandbox, warehouse, source)
    night.land(stream)
    before = night.live(stream)
    assert len(before) >= 2
    # the oldest one of the largest form, which no night reads to its end
    [(victim,)] = warehouse.rows(
        f"""select key from raw_{source}.{stream} as landed where not is_deleted
            order by (select count(*) from raw_{source}.{stream} as form where form.scope = landed.scope) desc,
                changed_at, key limit 1"""
    )
    sandbox.control.purge(source, stream, victim)
    sandbox.world.advance(1)
    night.land(stream)
    known = night.live(stream)
    assert victim in known
    found = night.reconcile(stream)
    # the company itself deletes an old answer now and then, or merges a contact into the very one that is gone
    events = sandbox.world.events()
    deleted = {f"{e.form_id}:{e.response_id}" for e in events if isinstance(e, SurveyResponseDeleted)}
    deleted |= {str(e.loser_id) for e in events if isinstance(e, ContactsMerged) and str(e.winner_id) == victim}
    gone = {victim} | known & deleted
    assert (found.missing, found.stale, found.gone, found.unmended) == (0, 0, len(gone), 0)
    assert night.live(stream) == known - gone
    assert not night.reconcile(stream).is_off


@pytest.mark.parametrize(("source", "stream"), [("zendesk", "tickets"), ("zendesk", "users"), ("hubspot", "contacts")])
def test_a_record_that_raw_lost_is_read_again(warehouse: Warehouse, sandbox: Running, source: str, stream: str) -> None:
    night = Night(sandbox, warehouse, source)
    night.land(stream)
    before = night.live(stream)
    lost = sorted(before)[0]
    warehouse.rows(f"delete from raw_{source}.{stream} where key = %s", lost)
    found = night.reconcile(stream)
    assert (found.missing, found.stale, found.gone, found.unmended) == (1, 0, 0, 0)
    assert night.live(stream) == before


def test_a_day_that_was_restated_late_is_found_by_a_reconcile_only(warehouse: Warehouse, sandbox: Running) -> None:
    night = Night(sandbox, warehouse, "ga4")
    night.land("daily_traffic")
    world = sandbox.world
    old = next(
        event
        for event in reversed(world.events())
        if isinstance(event, VisitsCounted) and event.day < (world.now() - timedelta(days=9)).date()
    )
    fields = {name: getattr(old, name) for name in old.__dataclass_fields__}
    world.happen(VisitsCounted(**{**fields, "sessions": old.sessions + 7}))
    world.advance(1)
    night.land("daily_traffic")
    found = night.reconcile("daily_traffic")
    assert (found.missing, found.stale, found.gone) == (0, 1, 0)
    assert not night.reconcile("daily_traffic").is_off


def test_a_vendor_that_did_not_change_has_no_difference(warehouse: Warehouse, sandbox: Running) -> None:
    """Neither after a night nor after another day of the company's life, which the next night would bring."""
    streams = (("zendesk", "tickets"), ("hubspot", "contacts"), ("ga4", "daily_traffic"), ("typeform", "responses"))
    for source, stream in streams:
        night = Night(sandbox, warehouse, source)
        night.land(stream)
        assert not night.reconcile(stream).is_off, (source, stream)
    sandbox.world.advance(1)
    for source, stream in streams[:3]:
        assert not Night(sandbox, warehouse, source).reconcile(stream).is_off, (source, stream)


def test_a_record_that_changed_after_the_runs_clock_is_not_taken_for_gone(
    warehouse: Warehouse, sandbox: Running
) -> None:
    """A night leaves such a record to the next one; a reconcile has to see that it exists."""
    night = Night(sandbox, warehouse, "hubspot")
    night.land("contacts")
    before, as_of = night.live("contacts"), sandbox.world.now()
    sandbox.world.advance(5)
    found = reconcile(night.connector(), "contacts", as_of, warehouse.dsn("cx_loader"))
    merged = {str(event.loser_id) for event in sandbox.world.events() if isinstance(event, ContactsMerged)}
    archived = {str(event.contact_id) for event in sandbox.world.events() if isinstance(event, ContactArchived)}
    assert found.unmended == 0 and before - merged - archived <= night.live("contacts")
    assert found.gone <= len(merged & before)


def test_totals_agree_with_what_a_first_night_landed(warehouse: Warehouse, sandbox: Running) -> None:
    compared = (
        ("zendesk", "users"),
        ("zendesk", "organizations"),
        ("hubspot", "contacts"),
        ("hubspot", "companies"),
        ("typeform", "responses"),
        ("ga4", "daily_traffic"),
    )
    for source, stream in compared:
        Night(sandbox, warehouse, source).land(stream)
    rows = warehouse.rows(
        """select source, stream, count(*), sum(abs(difference)), bool_or(is_off) from ops.reconciliations
           where kind = 'total' group by 1, 2"""
    )
    assert {row[:2] for row in rows} == set(compared)
    assert all((off, is_off) == (0, False) for *_, off, is_off in rows), rows
    forms = {event.form_id for event in sandbox.world.events() if isinstance(event, SurveyResponse)}
    assert {row[:3] for row in rows} >= {("typeform", "responses", len(forms)), ("ga4", "daily_traffic", 21)}
