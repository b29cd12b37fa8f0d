"""The arithmetic of Zendesk's cursors and watermarks, over answers given in the test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cx_warehouse.connectors.base import Page, Window
from cx_warehouse.connectors.errors import ContractError, TokenExpiredError
from cx_warehouse.connectors.zendesk import walks
from cx_warehouse.connectors.zendesk.streams import ENDPOINTS, STREAMS
from cx_warehouse.connectors.zendesk.walks import Answer, cursor_export, time_export, whole_list

AS_OF = datetime(2026, 3, 2, 2, tzinfo=UTC)
STAMP = int(AS_OF.timestamp())
TICKETS, EVENTS = ENDPOINTS["tickets"], ENDPOINTS["metric_events"]


def iso(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Vendor:
    """Gives the answers in turn and keeps what was asked."""

    def __init__(self, stream: str, *answers: dict[str, Any] | Exception) -> None:
        self.asked: list[dict[str, str]] = []
        self._envelope, self._records = ENDPOINTS[stream].envelope(), ENDPOINTS[stream].records
        self._answers = iter(answers)

    def __call__(self, params: Mapping[str, str]) -> Answer:
        self.asked.append(dict(params))
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        page = msgspec.json.decode(json.dumps({self._records: [], **answer}), type=self._envelope)
        return Answer(page, 2, getattr(page, self._records))


def tickets(*stamps: int, after: str | None = "c", end: bool = True) -> dict[str, Any]:
    rows = [{"id": n, "generated_timestamp": stamp} for n, stamp in enumerate(stamps)]
    return {"tickets": rows, "after_cursor": after, "end_of_stream": end}


def last(pages: Iterator[Page]) -> Page:
    return list(pages)[-1]


def test_the_watermark_is_the_last_cursor_and_the_newest_time() -> None:
    vendor = Vendor("tickets", tickets(10, 20, after="a", end=False), tickets(30, after="b"))
    pages = list(cursor_export(TICKETS, vendor, Window(AS_OF), {}))
    assert pages[0].state == {
        "watermark": {},
        "walk": {"since": None, "time": iso(20), "cursor": "a", "beyond": False},
    }
    assert pages[1].state == {"watermark": {"time": iso(30), "cursor": "b"}}
    assert [page.complete_through for page in pages] == [None, AS_OF - timedelta(minutes=1)]
    assert vendor.asked == [{"start_time": "0"}, {"cursor": "a"}]


def test_a_row_after_as_of_leaves_a_time_instead_of_a_cursor() -> None:
    vendor = Vendor("tickets", tickets(STAMP - 90, STAMP + 5, after="z"))
    page = last(cursor_export(TICKETS, vendor, Window(AS_OF), {"watermark": {"cursor": "y", "time": iso(5)}}))
    assert page.state == {"watermark": {"time": iso(STAMP - 90)}}
    assert len(page.records) == 2  # the row itself is landed


def test_an_empty_night_keeps_cursor_and_time() -> None:
    state = {"watermark": {"cursor": "y", "time": iso(5)}}
    page = last(cursor_export(TICKETS, Vendor("tickets", tickets(after="y")), Window(AS_OF), state))
    assert page.state == state
    page = last(cursor_export(TICKETS, Vendor("tickets", tickets(after=None)), Window(AS_OF), state))
    assert page.state == state


def test_a_refused_cursor_begins_again_at_the_watermarks_time() -> None:
    vendor = Vendor("tickets", TokenExpiredError("old"), tickets(50, after="n"))
    page = last(cursor_export(TICKETS, vendor, Window(AS_OF), {"watermark": {"cursor": "y", "time": iso(40)}}))
    assert vendor.asked == [{"cursor": "y"}, {"start_time": "40"}]
    assert page.state == {"watermark": {"time": iso(50), "cursor": "n"}}


def test_a_fresh_cursor_that_is_refused_is_an_error() -> None:
    vendor = Vendor("tickets", tickets(1, after="a", end=False), TokenExpiredError("no"))
    with pytest.raises(ContractError, match="refused right after"):
        list(cursor_export(TICKETS, vendor, Window(AS_OF), {}))


def test_a_re_pull_never_begins_after_the_watermark() -> None:
    vendor = Vendor("tickets", tickets(100, after="n"))
    state = {"watermark": {"cursor": "y", "time": iso(40)}}
    list(cursor_export(TICKETS, vendor, Window(AS_OF, start=datetime.fromtimestamp(70, UTC)), state))
    assert vendor.asked == [{"start_time": "40"}]


def test_an_interrupted_re_pull_is_taken_up_by_the_next_run_and_by_its_own_retry_only() -> None:
    start = datetime.fromtimestamp(10, UTC)
    state = {
        "watermark": {"cursor": "y", "time": iso(40)},
        "walk": {"since": iso(10), "cursor": "w", "time": iso(40), "beyond": False},
    }
    for window, asked in (
        (Window(AS_OF), {"cursor": "w"}),
        (Window(AS_OF, start), {"cursor": "w"}),
        (Window(AS_OF, datetime.fromtimestamp(20, UTC)), {"start_time": "20"}),
    ):
        vendor = Vendor("tickets", tickets(100, after="n"))
        list(cursor_export(TICKETS, vendor, window, state))
        assert vendor.asked == [asked]


def events(*, end_time: int | None, rows: int = 1, **more: Any) -> dict[str, Any]:
    return {"ticket_metric_events": [{"id": n} for n in range(rows)], "end_time": end_time, **more}


def test_each_end_time_is_the_next_start_time() -> None:
    vendor = Vendor("metric_events", events(end_time=50, end_of_stream=False), events(end_time=70, end_of_stream=True))
    pages = list(time_export(EVENTS, vendor, Window(AS_OF), {}))
    assert vendor.asked == [{"start_time": "0"}, {"start_time": "50"}]
    assert pages[0].state == {"watermark": {}, "walk": {"since": None, "start_time": iso(50)}}
    assert pages[1].state == {"watermark": {"time": iso(70)}}


def test_an_end_time_beyond_as_of_ends_the_walk_at_what_is_surely_whole() -> None:
    vendor = Vendor("metric_events", events(end_time=STAMP + 900, end_of_stream=False))
    page = last(time_export(EVENTS, vendor, Window(AS_OF), {}))
    assert page.state == {"watermark": {"time": iso(STAMP - 60)}}


def test_without_the_flag_only_a_page_that_brings_nothing_further_is_the_end() -> None:
    """A page shorter than asked for is not the end (bug 28)."""
    vendor = Vendor("metric_events", events(end_time=50), events(end_time=60), events(end_time=60, rows=0))
    assert len(list(time_export(EVENTS, vendor, Window(AS_OF), {}))) == 3
    with pytest.raises(ContractError, match="does not move"):
        list(time_export(EVENTS, Vendor("metric_events", events(end_time=0, rows=2)), Window(AS_OF), {}))


def test_a_reply_without_end_time_keeps_the_watermark() -> None:
    state = {"watermark": {"time": iso(40)}}
    vendor = Vendor("metric_events", events(end_time=None, rows=0, end_of_stream=True))
    assert last(time_export(EVENTS, vendor, Window(AS_OF), state)).state == state


@given(st.lists(st.integers(1, STAMP + 10**9), max_size=6), st.integers(0, STAMP - 600))
def test_the_time_watermark_never_moves_back_nor_beyond_what_the_vendor_has_shown(ends: list[int], known: int) -> None:
    """Whatever end_times come: a walk that moves forward ends, or says that it is stuck."""
    answers = [events(end_time=end, end_of_stream=False) for end in ends] + [events(end_time=None, end_of_stream=True)]
    state = {"watermark": {"time": iso(known)}} if known else {}
    try:
        pages = list(time_export(EVENTS, Vendor("metric_events", *answers), Window(AS_OF), state))
    except ContractError:
        return
    reached = pages[-1].state["watermark"].get("time", "")
    assert (iso(known) if known else "") <= reached <= iso(STAMP - 60)
    assert all(page.state["watermark"] == state.get("watermark", {}) for page in pages[:-1])


def test_a_list_in_pages_is_one_scope_that_is_complete_on_the_last() -> None:
    policies = {"sla_policies": [{"id": 1}]}
    vendor = Vendor("sla_policies", {**policies, "next_page": "https://x/?page=2"}, {**policies, "next_page": None})
    pages = list(whole_list(ENDPOINTS["sla_policies"], vendor, Window(AS_OF)))
    assert vendor.asked == [{}, {"page": "2"}]
    assert [(page.scope, page.scope_complete) for page in pages] == [("*", False), ("*", True)]
    assert all(page.state == {} for page in pages)


def test_a_list_that_says_more_but_gives_nothing_is_an_error() -> None:
    vendor = Vendor("sla_policies", {"next_page": "https://x/?page=2"})
    with pytest.raises(ContractError, match="does not move"):
        list(whole_list(ENDPOINTS["sla_policies"], vendor, Window(AS_OF)))


def test_surveys_are_read_again_for_as_long_as_customers_may_change_them() -> None:
    vendor = Vendor("survey_responses", {"meta": {"has_more": False}})
    state = {"watermark": {"time": iso(STAMP)}}
    endpoint = ENDPOINTS["survey_responses"]
    list(walks.changed_list(endpoint, vendor, Window(AS_OF), state, STREAMS["survey_responses"].lookback))
    assert vendor.asked == [{"filter[created_at_start]": str((STAMP - 29 * 86_400) * 1000)}]


def test_a_lists_watermark_is_when_its_walk_began_and_never_moves_back() -> None:
    endpoint = ENDPOINTS["satisfaction_ratings"]
    for known, reached in ((STAMP - 900, STAMP - 60), (STAMP + 900, STAMP + 900)):
        vendor = Vendor("satisfaction_ratings", {"meta": {"has_more": False}})
        state = {"watermark": {"time": iso(known)}}
        page = last(walks.changed_list(endpoint, vendor, Window(AS_OF), state, timedelta(0)))
        assert page.state == {"watermark": {"time": iso(reached)}}


def test_a_short_page_of_a_list_does_not_end_it_bug_28() -> None:
    more = {"meta": {"has_more": True, "after_cursor": "t"}, "satisfaction_ratings": [{"id": 1}]}
    vendor = Vendor("satisfaction_ratings", more, {"meta": {"has_more": False}})
    pages = list(walks.changed_list(ENDPOINTS["satisfaction_ratings"], vendor, Window(AS_OF), {}, timedelta(0)))
    assert vendor.asked == [{}, {"page[after]": "t"}]
    assert pages[0].state["walk"]["after"] == "t" and pages[0].complete_through is None


def test_a_list_walk_of_another_night_is_not_taken_up() -> None:
    """Since then rows came in before the place where it stopped."""
    endpoint = ENDPOINTS["satisfaction_ratings"]
    walk = {"since": None, "through": iso(STAMP - 60), "after": "t"}
    for as_of, asked in ((AS_OF, {"page[after]": "t"}), (AS_OF + timedelta(days=1), {})):
        vendor = Vendor("satisfaction_ratings", {"meta": {"has_more": False}})
        list(walks.changed_list(endpoint, vendor, Window(as_of), {"walk": walk}, timedelta(0)))
        assert vendor.asked == [asked]


def test_every_stream_has_an_endpoint_and_the_other_way_round() -> None:
    assert ENDPOINTS.keys() == STREAMS.keys()
