"""The Typeform connector against its look-alike: nothing lost, nothing doubled, faults said plainly.

Numbers after "bug" are those of the vendor facts' regression list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.typeform.connector import TypeformConnector
from sandbox.company.surveys import AFTER_TICKET, PRODUCT_FEEDBACK, RELATIONSHIP
from sandbox.model import Event, SurveyResponse, SurveyResponseDeleted
from sandbox.vendors.typeform import build_app
from sandbox.world import World
from tests.contract.harness import Fault, Faulty, Landed, company_of, served

NIGHT = datetime(2026, 3, 10, 2, tzinfo=UTC)
DAY = timedelta(days=1)
FORM = RELATIONSHIP.form_id
OTHER_FORM = AFTER_TICKET.form_id


@dataclass
class Account:
    """A served account, its faults and a way to connect to it."""

    world: World
    app: Faulty
    config: dict[str, Any]

    def connector(self, **settings: Any) -> TypeformConnector:
        connector = TypeformConnector.from_config({**self.config, **settings})
        connector._client._sleep = lambda seconds: None
        return connector

    def landed(self, stream: str = "responses") -> Landed:
        return Landed(TypeformConnector.streams[stream])

    def read(self, landed: Landed, pages: int | None = None, start: datetime | None = None, **settings: Any) -> Landed:
        """One night's run at the sandbox's clock."""
        return landed.read(self.connector(**settings), Window(self.world.now(), start), pages)

    def asked(self, form: str = "") -> list[dict[str, list[str]]]:
        """The parameters of every request for responses (of one form)."""
        paths = [path for path in self.app.seen if re.match(f"/forms/{form or '[^/?]+'}/responses", path)]
        return [parse_qs(path.partition("?")[2]) for path in paths]


@contextmanager
def account(events: list[Event] | None = None, world: World | None = None) -> Iterator[Account]:
    world = world or World(company=company_of(events or [], NIGHT))
    app = Faulty(build_app(world, requests_per_second=1_000_000))
    with served(app) as url:
        config = {**world.credentials.for_connections({"typeform": url})["typeform"], "requests_per_second": 1_000_000}
        yield Account(world, app, config)


def response(
    number: int,
    at: datetime,
    *,
    form: str = FORM,
    submitted_at: datetime | None = None,
    state: Any = "completed",
    **answers: int | str,
) -> SurveyResponse:
    """The response `number`, as it stands from `at` on."""
    return SurveyResponse(
        event_id=int(at.timestamp()) * 1_000 + number,
        at=at,
        response_id=f"r{number:04d}",
        form_id=form,
        person_id=number,
        state=state,
        landed_at=(submitted_at or at) - timedelta(minutes=3),
        submitted_at=submitted_at or at,
        answers=answers or {"nps" if form == FORM else "csat": number % 5 + 1},  # type: ignore[arg-type]
        hidden={"email": f"p{number}@example.com"},
    )


def daily(count: int, *, form: str = FORM, first: int = 0, last_day: datetime = NIGHT - DAY) -> list[Event]:
    """`count` responses, one a day, the newest on `last_day`."""
    return [response(first + number, last_day - number * DAY, form=form) for number in range(count)]


def keys(*numbers: int, form: str = FORM) -> set[str]:
    return {f"{form}:r{number:04d}" for number in numbers}


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
        assert set(landed.records) == {FORM, OTHER_FORM, PRODUCT_FEEDBACK.form_id}
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


# --- faults -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("headers", [(), (("Retry-After", "3"),)], ids=["without Retry-After", "with Retry-After"])
def test_a_busy_account_is_asked_again_when_it_answers_429(headers: tuple[tuple[str, str], ...]) -> None:
    with account(daily(5)) as acme:
        acme.app.faults = [Fault(status=429, headers=headers), Fault(lambda path: "before" in path, 429, headers)]
        connector = acme.connector(page_size=2)
        waits: list[float] = []
        connector._client._sleep = waits.append
        landed = acme.landed().read(connector, Window(NIGHT))
        assert set(landed.records) == keys(*range(5))
        assert len(waits) == 2 and (not headers or waits == [3.0, 3.0])
        assert connector.usage.wait_seconds >= sum(waits)


def test_the_accounts_own_limit_is_kept_when_pages_are_many() -> None:
    world = World(company=company_of(daily(6), NIGHT))
    app = Faulty(build_app(world, requests_per_second=2))
    with served(app) as url:
        connector = TypeformConnector.from_config(
            {**world.credentials.for_connections({"typeform": url})["typeform"], "page_size": 3}
        )
        landed = Landed(connector.streams["responses"]).read(connector, Window(NIGHT))
    assert len(landed.records) == 6
    assert connector.usage.requests == len(app.seen)  # none was refused


@pytest.mark.parametrize(("token", "status"), [("wrong", 403), ("", 401)])
def test_the_token_is_named_when_it_is_refused(token: str, status: int) -> None:
    with account(daily(1)) as acme:
        if token:
            connector = acme.connector(token=token)
        else:
            connector = acme.connector()
            connector._client._session.auth = None
        with pytest.raises(ConfigError, match=rf"{status} .*check token"):
            connector.check()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"token": ""}, "lacks: token"),
        ({"page_size": 5000}, "page_size must be a number from 1 to 1000"),
        ({"budget_share": "half"}, "budget_share must be a number"),
        ({"overlap_days": -1}, "overlap_days must be"),
    ],
)
def test_the_setting_is_named_when_it_is_wrong(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        TypeformConnector.from_config({"token": "tfp_x", **settings})


def test_a_page_is_asked_for_again_when_its_body_breaks_off() -> None:
    with account(daily(5)) as acme:
        acme.app.faults = [Fault(lambda path: "responses" in path, alter=lambda body: body[: len(body) // 2])]
        assert set(acme.read(acme.landed()).records) == keys(*range(5))


def test_a_broken_record_costs_only_itself_when_it_is_not_json() -> None:
    with account(daily(5)) as acme:
        acme.world.add_record("typeform", "responses", b'{"token":"x","landed_at":nope}')
        landed = acme.read(acme.landed(), page_size=3)
    assert set(landed.records) == keys(*range(5))
    assert [reason.split(":")[0] for _, reason in landed.quarantined[:1]] == ["not JSON"]


@pytest.mark.parametrize(
    "record",
    [
        {"landed_at": "2026-03-09T00:00:00Z"},
        {"token": "x", "landed_at": 5},
        {"token": "x", "landed_at": "2026-03-09T00:00:00Z", "answers": [{"type": "number", "number": "ten"}]},
    ],
    ids=["no token", "a number for a time", "a text for a number"],
)
def test_a_broken_record_costs_only_itself_when_it_breaks_the_contract(record: dict[str, Any]) -> None:
    with account(daily(5)) as acme:
        acme.world.add_record("typeform", "responses", json.dumps(record).encode())
        landed = acme.read(acme.landed())
    assert set(landed.records) == keys(*range(5))
    assert [reason.split(":")[0] for _, reason in landed.quarantined] == ["contract"]
    assert not landed.deleted


def test_unknown_fields_and_types_flow_through() -> None:
    odd = {
        "token": "odd", "landed_at": "2026-03-09T00:00:00Z", "submitted_at": "0001-01-01T00:00:00Z",
        "response_type": "screened_out", "extra": {"deep": [1]},
        "answers": [{"type": "hologram", "field": {"id": "x", "type": "hologram"}, "hologram": {"y": 1}}],
    }  # fmt: skip
    with account() as acme:
        acme.world.add_record("typeform", "responses", json.dumps({"form_id": FORM, "response": odd}).encode())
        landed = acme.read(acme.landed())
    assert landed.records == {f"{FORM}:odd": {"form_id": FORM, "response": odd}}
    assert not landed.quarantined


def test_a_walk_is_given_up_when_the_token_does_not_advance() -> None:
    with account(daily(9)) as acme:
        first = acme.app.app
        page = json.dumps(
            {"total_items": 9, "page_count": 3, "items": [{"token": "r0002", "landed_at": "2026-03-01T00:00:00Z"}]}
        ).encode()
        acme.app.faults = [Fault(lambda path: "before" in path, 200, body=page)] * 2
        with pytest.raises(ContractError, match="does not lead on from token 'r0002'"):
            acme.read(acme.landed(), page_size=3)
        assert first is acme.app.app


def test_the_form_begins_again_when_the_vendor_refuses_the_token() -> None:
    with account(daily(9)) as acme:
        refusal = b'{"code":"VALIDATION_ERROR","description":"Non existing token"}'
        acme.app.faults = [Fault(lambda path: "before" in path, 400, body=refusal)]
        landed = acme.read(acme.landed(), page_size=4)
        assert set(landed.records) == keys(*range(9)) and not landed.deleted
        acme.app.faults = [Fault(lambda path: "before" in path, 400, body=refusal)] * 2
        with pytest.raises(ContractError, match="Non existing token"):
            acme.read(acme.landed(), page_size=4)


def test_a_shape_that_was_broken_is_said_when_the_list_is_gone() -> None:
    with account(daily(1)) as acme:
        acme.app.faults = [Fault(lambda path: "responses" in path, 200, body=b'{"results":[]}')]
        with pytest.raises(ContractError, match="no 'items'"):
            acme.read(acme.landed())
