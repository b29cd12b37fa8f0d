"""The Matomo connector when pages are not what they should be: empty, twice the same, shifted, or not to be read.

The day's report is taken away here, so that it cannot make good what the walk overlooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cx_warehouse.connectors.errors import ContractError
from tests.contract.ga4_property import NIGHT
from tests.contract.harness import Fault
from tests.contract.matomo_site import TOTALS, VISITS, Site, day_of, days, during_the_walk, matomo, noon, visit

SILENT = Fault(TOTALS, 200, body=b'{"nb_visits":0}')


def ties(count: int) -> list[Any]:
    """Visits of one second."""
    return [visit(number, noon()) for number in range(count)]


@pytest.fixture
def tied() -> Iterator[Site]:
    with matomo(ties(30)) as site:
        yield site


def test_ties_that_move_away_under_the_offset_are_noticed(tied: Site) -> None:
    moved = [replace(event, engaged_sessions=1, engagement_seconds=60) for event in ties(30)[2:5]]
    during_the_walk(tied, [], moved)
    tied.app.faults += [SILENT] * 20
    landed = tied.read(page_size=5)
    assert len(landed.live) == 30 and not landed.deleted


def test_the_page_before_again_is_not_taken_for_the_end() -> None:
    with matomo(days(1, a_day=12)) as site:
        pages: list[bytes] = []

        def again(body: bytes) -> bytes:
            pages.append(body)
            return pages[0] if len(pages) == 2 else body

        site.app.faults = [Fault(of_the_day, alter=again)] * 10 + [SILENT] * 20
        assert len(site.read(page_size=5).live) == 12


def test_an_empty_page_after_others_is_not_taken_for_the_end() -> None:
    with matomo(days(1, a_day=12)) as site:
        pages: list[bytes] = []

        def empty(body: bytes) -> bytes:
            pages.append(body)
            return b"[]" if len(pages) == 2 else body

        site.app.faults = [Fault(of_the_day, alter=empty)] * 10 + [SILENT] * 20
        assert len(site.read(page_size=5).live) == 12


def of_the_day(path: str) -> bool:
    return VISITS(path) and "2026-03-09" in path


def begun(path: str) -> bool:
    return VISITS(path) and "2026-03-09" in path and "filter_offset=0" in path


def beyond(path: str) -> bool:
    return VISITS(path) and "filter_offset=0" not in path


@pytest.mark.parametrize("is_empty", [True, False], ids=["nothing", "the same page"])
def test_the_day_stays_open_when_a_server_takes_no_offset_and_a_second_fills_a_page(is_empty: bool) -> None:
    with matomo([visit(number, noon()) for number in range(30)]) as site:
        page = site.connector()._client.visits(day_of(1), 0, 0, 5).visits
        body = b"[" + b",".join(map(bytes, () if is_empty else page)) + b"]"
        site.app.faults = [Fault(beyond, 200, body=body)] * 100
        landed = site.read(page_size=5)
        assert len(landed.live) == 5 and landed.complete_through == datetime(2026, 3, 8, 23, tzinfo=UTC)
        site.app.faults = []
        site.read(landed, page_size=5)
    assert len(landed.live) == 30 and landed.complete_through == NIGHT


def test_an_empty_page_with_more_to_come_is_not_taken_for_the_end() -> None:
    with matomo([visit(number, noon()) for number in range(30)]) as site:
        site.app.faults = [Fault(beyond, 200, body=b"[]"), Fault(begun, 200, body=b"[]")]
        assert len(site.read(page_size=5).live) == 30


@pytest.mark.parametrize("broken", [b"not json", b'{"idVisit":"x"}', b'{"idVisit":1}', b"[]", b'"\xff"'])
@pytest.mark.parametrize("times", [1, 12])
def test_unreadable_visits_cost_themselves_only_wherever_they_stand(broken: bytes, times: int) -> None:
    """Added records stand at noon of the day before, among the visits of that second."""
    noons = datetime(2026, 3, 9, 11, tzinfo=UTC)  # in Warsaw
    with matomo([visit(number, noons + timedelta(seconds=number // 8 - 1)) for number in range(24)]) as site:
        for number in range(times):
            site.world.add_record("matomo", "visits", broken + b" " * number)
        landed = site.read(page_size=5)
        assert len(landed.live) == 24
        assert landed.quarantined and len(site.app.seen) < 80


def test_everything_is_quarantined_and_nothing_loops_when_the_vendor_renames_a_field() -> None:
    def renamed(body: bytes) -> bytes:
        return body.replace(b'"lastActionTimestamp"', b'"last_action"')

    with matomo(days(2, a_day=12)) as site:
        site.app.faults = [Fault(VISITS, alter=renamed)] * 500
        landed = site.read(page_size=5)
        assert not landed.records and len({raw for raw, _ in landed.quarantined}) == 24


def test_unreadable_pages_without_an_end_are_an_error_and_not_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cx_warehouse.connectors.matomo.visits.UNREADABLE_PAGES", 20)
    with matomo(days(1)) as site:
        site.app.faults = [Fault(VISITS, 200, body=b"[null, null, null]")] * 100
        with pytest.raises(ContractError, match="21 pages of 2026-03-10 hold no visit"):
            site.read()
