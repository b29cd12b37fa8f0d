"""The Typeform connector against its look-alike: nothing lost, nothing doubled, night after night.

Numbers after "bug" are those of the vendor facts' regression list."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cx_warehouse.connectors.errors import RetryableError
from sandbox.company.surveys import FORMS_BY_ID
from sandbox.model import Event, SurveyResponse, SurveyResponseDeleted
from sandbox.world import World
from tests.contract.harness import Fault, company_of
from tests.contract.typeform_account import (
    DAY,
    FORM,
    NIGHT,
    OTHER_FORM,
    account,
    daily,
    keys,
    response,
)


# --- everything arrives -----------------------------------------------------------------------------------------
def test_every_response_of_every_type_arrives_when_the_company_is_a_whole_one() -> None:
    world = World(customers=60, days=60)
    expected: dict[str, SurveyResponse] = {}
    for event in world.events():
        if isinstance(event, SurveyResponse):
            expected[f"{event.form_id}:{event.response_id}"] = event
        elif isinstance(event, SurveyResponseDeleted):
            del expected[f"{event.form_id}:{event.response_id}"]
    with account(world=world) as acme:
        landed = acme.read(acme.landed(), page_size=7)
    assert {key: record["response"]["response_type"] for key, record in landed.records.items()} == {
        key: event.state for key, event in expected.items()
    }
    assert {event.state for event in expected.values()} == {"completed", "partial", "started"}
    assert not landed.quarantined
    assert landed.complete_through == world.now() - timedelta(minutes=30)


def test_no_page_is_lost_when_a_form_has_many_pages_bug_18() -> None:
    with account(daily(23)) as acme:
        landed = acme.read(acme.landed(), page_size=5)
        assert set(landed.records) == keys(*range(23))
        asked = acme.asked(FORM)
    assert [request.get("before") for request in asked] == [None, ["r0004"], ["r0009"], ["r0014"], ["r0019"]]
    assert not any(request.keys() & {"sort", "since", "until", "after"} for request in asked)


def test_ties_at_a_page_edge_all_arrive_when_responses_share_one_second() -> None:
    moment = NIGHT - DAY
    with account([response(number, moment) for number in range(9)]) as acme:
        assert set(acme.read(acme.landed(), page_size=2).records) == keys(*range(9))


def test_the_token_starts_afresh_when_the_next_form_begins_bug_19() -> None:
    with account(daily(7) + daily(7, form=OTHER_FORM, first=100)) as acme:
        landed = acme.read(acme.landed(), page_size=3)
        assert len(landed.records) == 14
        for form in (FORM, OTHER_FORM):
            assert "before" not in acme.asked(form)[0]


def test_a_short_page_is_not_taken_for_the_end_when_the_server_serves_fewer_than_asked_bug_28() -> None:
    def fewer(body: bytes) -> bytes:
        page = json.loads(body)
        page["items"] = page["items"][:3]
        return json.dumps(page).encode()

    with account(daily(10)) as acme:
        acme.app.faults = [Fault(lambda path: f"{FORM}/responses" in path, alter=fewer)] * 4
        landed = acme.read(acme.landed(), page_size=5)
    assert set(landed.records) == keys(*range(10))
    assert not landed.deleted


def test_the_same_token_on_two_forms_is_two_responses_bug_20() -> None:
    with account([response(1, NIGHT - DAY), response(1, NIGHT - DAY, form=OTHER_FORM, csat=4)]) as acme:
        assert set(acme.read(acme.landed()).records) == keys(1) | keys(1, form=OTHER_FORM)


def test_nothing_arrives_and_nothing_fails_when_no_form_has_responses() -> None:
    with account([]) as acme:
        landed = acme.read(acme.landed())
        assert landed.records == {} and landed.complete_through is not None
        assert acme.read(landed).records == {}


# --- nights -----------------------------------------------------------------------------------------------------
def test_the_watermark_moves_only_after_a_forms_whole_walk_bug_20() -> None:
    with account(daily(9) + daily(3, form=OTHER_FORM, first=100)) as acme:
        landed = acme.landed()
        for pages, marked in ((1, set()), (2, {FORM}), (3, {FORM, OTHER_FORM})):
            landed = acme.read(acme.landed(), pages, page_size=5)
            assert set(landed.state["watermark"]) == marked
            assert landed.state["walk"]["as_of"]
        landed = acme.read(acme.landed(), page_size=5)
        assert "walk" not in landed.state


def test_a_night_reads_no_further_than_the_overlap_when_the_form_is_large_bug_20() -> None:
    with account(daily(60)) as acme:
        landed = acme.read(acme.landed(), page_size=5)
        acme.app.seen.clear()
        acme.world.advance(1)
        acme.read(landed, page_size=5, full_read_up_to=0, overlap_days=8)
        # 8 days of one response each are two pages; the third lies wholly before the bound and ends the walk
        assert len(acme.asked(FORM)) == 3
        assert not landed.deleted


def test_nothing_new_is_written_when_a_night_is_read_again_bug_21() -> None:
    with account(daily(12)) as acme:
        landed = acme.read(acme.landed(), page_size=5)
        landed.written.clear()
        acme.read(landed, page_size=5)
        assert landed.written == []
        acme.world.advance(1)
        acme.read(landed, page_size=5)
        assert landed.written == [] and not landed.deleted


def test_an_unfinished_response_is_seen_to_finish_when_it_keeps_its_place_bug_22() -> None:
    begun = NIGHT - 5 * DAY
    events = [
        *daily(20),
        response(900, begun, state="started"),
        response(900, NIGHT - 2 * DAY, state="partial", submitted_at=begun, nps=8),
        response(900, NIGHT + timedelta(hours=3), submitted_at=begun, nps=8, nps_reason="fine"),
    ]
    with account(events) as acme:
        landed = acme.read(acme.landed(), page_size=3)
        assert landed.records[f"{FORM}:r0900"]["response"]["response_type"] == "partial"
        acme.world.advance(1)
        acme.read(landed, page_size=3, full_read_up_to=0, overlap_days=7)
    finished = landed.records[f"{FORM}:r0900"]["response"]
    assert finished["response_type"] == "completed"
    assert [answer["field"]["ref"] for answer in finished["answers"]] == ["nps", "nps_reason"]


def test_a_late_answer_arrives_when_it_was_submitted_long_before_the_overlap() -> None:
    late = response(900, NIGHT + timedelta(hours=1), submitted_at=NIGHT - 40 * DAY)
    with account([*daily(20), late]) as acme:
        landed = acme.read(acme.landed(), page_size=3)
        acme.world.advance(1)
        acme.read(landed, page_size=3, full_read_up_to=0, overlap_days=2)
        assert f"{FORM}:r0900" in landed.records


def test_each_form_keeps_its_own_state_when_one_of_them_cannot_be_read_bug_29() -> None:
    with account(daily(4) + daily(4, form=OTHER_FORM, first=100)) as acme:
        acme.app.faults = [Fault(lambda path: f"{OTHER_FORM}/responses" in path, status=503)] * 4
        landed = acme.landed()
        with pytest.raises(RetryableError):
            acme.read(landed)
        assert set(landed.state["watermark"]) == {FORM}
        acme.app.seen.clear()
        acme.read(landed)
        assert acme.asked(FORM) == []  # already walked in this night
        assert set(landed.records) == keys(*range(4)) | keys(*range(100, 104), form=OTHER_FORM)


def test_a_later_night_begins_at_the_newest_response_when_the_former_broke_off() -> None:
    new = response(900, NIGHT + timedelta(hours=1))
    with account([*daily(12), new]) as acme:
        landed = acme.read(acme.landed(), pages=2, page_size=3)
        acme.world.advance(1)
        acme.read(landed, page_size=3)
        assert set(landed.records) == keys(*range(12), 900)


def test_the_same_set_arrives_when_a_run_goes_on_from_any_pages_state() -> None:
    events = daily(11) + daily(8, form=OTHER_FORM, first=100)
    with account(
        [*events, SurveyResponseDeleted(event_id=1, at=NIGHT + DAY / 2, response_id="r0003", form_id=FORM)]
    ) as acme:
        whole = acme.read(acme.landed(), page_size=3)
        for pages in range(1, whole.pages):
            landed = acme.read(acme.landed(), pages, page_size=3)
            acme.read(landed, page_size=3)
            assert landed.records == whole.records
            assert landed.state == whole.state
            assert not landed.deleted and sorted(landed.written) == sorted(set(landed.written))


# --- deletions --------------------------------------------------------------------------------------------------
def deleted_in_the_night(number: int) -> Event:
    return SurveyResponseDeleted(event_id=1, at=NIGHT + timedelta(hours=5), response_id=f"r{number:04d}", form_id=FORM)


def test_a_deleted_response_is_found_the_next_night_when_the_form_is_small() -> None:
    with account([*daily(20), *daily(3, form=OTHER_FORM, first=100), deleted_in_the_night(15)]) as acme:
        landed = acme.read(acme.landed(), page_size=6)
        acme.world.advance(1)
        acme.read(landed, page_size=6)
        assert landed.deleted == keys(15)


def test_a_deleted_response_is_found_within_a_week_when_the_form_is_large() -> None:
    with account([*daily(40), deleted_in_the_night(35)]) as acme:
        landed = acme.read(acme.landed(), page_size=6, full_read_up_to=10)
        found: list[int] = []
        for night in range(1, 9):
            acme.world.advance(1)
            acme.read(landed, page_size=6, full_read_up_to=10, overlap_days=2)
            if landed.deleted:
                found.append(night)
        assert found == [7, 8] and landed.deleted == keys(35)


def test_a_form_is_deleted_when_it_is_no_longer_listed() -> None:
    world = World(company=company_of([], NIGHT))
    with account(world=world) as acme:
        landed = acme.read(acme.landed("forms"))
        assert set(landed.records) == FORMS_BY_ID.keys()
        assert [field["ref"] for field in landed.records[FORM]["fields"]] == ["nps", "nps_reason"]
        gone = Fault(lambda path: path.startswith(f"/forms/{FORM}?"), 404, body=b'{"code":"FORM_NOT_FOUND"}')
        acme.app.faults = [gone]
        acme.read(landed)
        assert landed.deleted == {FORM}


def test_the_other_forms_are_read_when_one_is_deleted_after_it_was_listed() -> None:
    with account(daily(3) + daily(3, form=OTHER_FORM, first=100)) as acme:
        landed = acme.read(acme.landed())
        gone = Fault(lambda path: f"{FORM}/responses" in path, 404, body=b'{"code":"FORM_NOT_FOUND"}')
        acme.app.faults = [gone]
        acme.world.advance(1)
        acme.read(landed)
        assert len(landed.live) == 6  # what customers answered stays


# --- a re-pull by hand ------------------------------------------------------------------------------------------
def test_a_re_pull_reads_down_to_its_date_and_moves_no_watermark() -> None:
    with account(daily(40)) as acme:
        landed = acme.read(acme.landed(), page_size=5, full_read_up_to=0)
        before = landed.state["watermark"]
        landed.records.clear()
        acme.read(landed, start=NIGHT - 20 * DAY, page_size=5, full_read_up_to=0)
        assert set(landed.records) >= keys(*range(19)) and len(landed.records) <= 30
        assert landed.state == {"watermark": before}
