"""What the Zendesk connector makes of faults: broken bodies, refused tokens, poisoned records."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from tests.contract.harness import Fault
from tests.contract.zendesk_account import STREAMS, Account, account, is_first, served_keys, ticket
from tests.contract.zendesk_company import OPENS_AT

CURSOR_EXPORTS = ("tickets", "users")
TIME_EXPORTS = ("organizations", "ticket_events", "metric_events")


def altered(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    """A fault that changes the JSON of the application's own answer."""

    def alter(body: bytes) -> bytes:
        reply = json.loads(body)
        change(reply)
        return json.dumps(reply).encode()

    return alter


def spoil(acme: Account, *faults: Fault) -> None:
    acme.app.faults += faults


# --- credentials and settings ---
@pytest.mark.parametrize(
    "settings", [{"token": "wrong"}, {"email": "other@example.com"}, {"email": "", "token": "bad-1"}]
)
def test_a_refused_token_names_the_setting_and_not_the_token(settings: dict[str, str]) -> None:
    with account() as acme:
        with pytest.raises(ConfigError, match="check token and email of connection 'zendesk'") as caught:
            acme.read(acme.landed("tickets"), **settings)
        assert settings.get("token", acme.config["token"]) not in str(caught.value).replace("token and", "")
        assert "\n" not in str(caught.value)


def test_a_check_by_an_anonymous_caller_fails_although_zendesk_answers_200() -> None:
    anonymous = json.dumps({"user": {"id": None, "name": "Anonymous user"}}).encode()
    with account() as acme:
        spoil(acme, Fault(status=200, body=anonymous))
        with pytest.raises(ConfigError, match="token and email"):
            acme.connector().check()


def test_a_check_by_someone_who_is_no_admin_says_what_it_takes() -> None:
    agent = json.dumps({"user": {"id": 5, "name": "Anna", "role": "agent"}}).encode()
    with account() as acme:
        spoil(acme, Fault(status=200, body=agent))
        with pytest.raises(ConfigError, match="take an admin's token"):
            acme.connector().check()


def test_a_plan_without_a_stream_says_where_to_switch_it_off() -> None:
    with account() as acme:
        spoil(acme, Fault(status=403))
        with pytest.raises(ConfigError, match="streams_off"):
            acme.read(acme.landed("survey_responses"))
        acme.app.seen.clear()
        landed = acme.landed("survey_responses")
        landed.state = {"watermark": {"time": "2026-03-01T00:00:00Z"}}
        acme.read(landed, streams_off="schedules, survey_responses")
        # whole without a record or a request, and once it is switched on it goes on from where it stopped
        assert (landed.complete_through, landed.records, acme.app.seen) == (OPENS_AT, {}, [])
        assert landed.state == {"watermark": {"time": "2026-03-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"base_url": ""}, "base_url"),
        ({"token": " "}, "lacks: token, the API token of email"),
        ({"token": "", "email": ""}, "lacks: client_id and client_secret"),
        ({"token": "", "email": "", "client_id": "c"}, "lacks: client_secret"),
        ({"token": "", "email": "", "client_secret": "s"}, "lacks: client_id,"),
        ({"budget_share": "2"}, "budget_share"),
        ({"exports_per_minute": "many"}, "exports_per_minute"),
        ({"page_size": 5000}, "page_size"),
        ({"streams_off": "tickits"}, "tickits"),
    ],
)
def test_a_bad_setting_is_named(settings: dict[str, Any], named: str) -> None:
    config = {"base_url": "acme", "email": "a@b.example", "token": "t"}
    with pytest.raises(ConfigError, match=named):
        registry.connect("zendesk", {**config, **settings})


def test_an_unreachable_account_names_base_url() -> None:
    with account() as acme:
        connector = acme.connector(base_url="http://127.0.0.1:9")
        with pytest.raises(RetryableError, match="check base_url"):
            next(iter(connector.read("tickets", Window(OPENS_AT), {})))


# --- broken answers ---
@pytest.mark.parametrize("stream", STREAMS)
def test_a_truncated_body_is_asked_for_again(stream: str) -> None:
    with account() as acme:
        spoil(acme, Fault(alter=lambda body: body[: len(body) // 2]))
        landed = acme.read(acme.landed(stream))
        assert set(landed.records) == served_keys(acme, stream)
        asked = 4 if stream == "holidays" else 1  # the schedules, and each one's holidays
        assert sum("/count" not in path for path in acme.app.seen) == asked + 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_tried_again(status: int) -> None:
    with account() as acme:
        spoil(acme, Fault(status=status, body=b"<html>"))
        assert set(acme.read(acme.landed("users")).records) == served_keys(acme, "users")


@pytest.mark.parametrize("stream", CURSOR_EXPORTS)
@pytest.mark.parametrize("after", ["same", "missing", "in a circle"])
def test_a_cursor_that_does_not_move_is_an_error_and_not_an_end_bug_12(stream: str, after: str) -> None:
    with account() as acme:
        landed = acme.read(acme.landed(stream), pages=1, page_size=3)
        stuck = {"same": landed.state["walk"]["cursor"], "missing": None, "in a circle": "Y2lyY2xl"}[after]

        def change(reply: dict[str, Any]) -> None:
            reply["after_cursor"] = stuck

        spoil(acme, Fault(alter=altered(change)), Fault(alter=altered(change)))
        if after == "in a circle":  # the look-alike refuses that cursor: serve what an honest one would get
            first = dict(landed.state["walk"])
            spoil(
                acme,
                Fault(
                    status=200,
                    body=json.dumps({stream: [], "after_cursor": first["cursor"], "end_of_stream": False}).encode(),
                ),
            )
            acme.app.faults[1], acme.app.faults[2] = acme.app.faults[2], acme.app.faults[1]
        before = landed.state["watermark"]
        with pytest.raises(ContractError, match="does not move"):
            acme.read(landed, page_size=3)
        assert landed.state["watermark"] == before


@pytest.mark.parametrize("stream", TIME_EXPORTS)
def test_an_end_time_that_does_not_move_is_an_error_bug_12(stream: str) -> None:
    def change(reply: dict[str, Any]) -> None:
        reply |= {"end_time": 0, "end_of_stream": False}

    with account() as acme:
        spoil(acme, Fault(alter=altered(change)))
        with pytest.raises(ContractError, match="end_time does not move"):
            acme.read(acme.landed(stream), page_size=3)


@pytest.mark.parametrize("stream", ["satisfaction_ratings", "survey_responses"])
def test_a_page_token_that_does_not_move_is_an_error(stream: str) -> None:
    with account() as acme:
        landed = acme.read(acme.landed(stream), pages=1, page_size=3)
        token = landed.state["walk"]["after"]

        def change(reply: dict[str, Any]) -> None:
            reply["meta"] = {"has_more": True, "after_cursor": token}

        spoil(acme, Fault(alter=altered(change)))
        with pytest.raises(ContractError, match="does not move"):
            acme.read(landed, page_size=3)


@pytest.mark.parametrize(
    ("stream", "field"),
    [
        ("tickets", "end_of_stream"),
        ("tickets", "tickets"),
        ("ticket_events", "ticket_events"),
        ("satisfaction_ratings", "meta"),
        ("schedules", "schedules"),
    ],
)
def test_an_answer_without_what_the_walk_needs_is_an_error_and_never_an_end(stream: str, field: str) -> None:
    def change(reply: dict[str, Any]) -> None:
        del reply[field]

    with account() as acme:
        spoil(acme, Fault(alter=altered(change)))
        with pytest.raises(ContractError, match=field.split("_")[0]):
            acme.read(acme.landed(stream))


@pytest.mark.parametrize("stream", CURSOR_EXPORTS)
def test_an_expired_cursor_begins_again_from_the_watermarks_time(stream: str) -> None:
    with account() as acme:
        landed = acme.read(acme.landed(stream))
        reached = datetime.fromisoformat(landed.state["watermark"]["time"])
        landed.state["watermark"]["cursor"] = "ZXhwaXJlZA=="
        acme.world.advance(1)
        acme.read(landed)
        assert set(landed.records) == served_keys(acme, stream)
        assert acme.asked(f"incremental/{stream}")[-1]["start_time"] == str(int(reached.timestamp()))


def test_an_expired_token_of_an_interrupted_walk_begins_the_walk_again() -> None:
    for stream in ("tickets", "survey_responses"):
        with account() as acme:
            landed = acme.read(acme.landed(stream), pages=1, page_size=3)
            landed.state["walk"] |= {"cursor": "ZXhwaXJlZA==", "after": "ZXhwaXJlZA=="}
            acme.read(landed, page_size=3)
            assert set(landed.records) == served_keys(acme, stream)


def test_a_start_time_that_the_vendor_finds_too_recent_means_nothing_new_yet() -> None:
    body = b'{"error":"InvalidValue","description":"Too recent start_time. Use a start_time older than 5 minutes"}'
    for stream in ("tickets", "ticket_events"):
        with account() as acme:
            landed = acme.landed(stream)
            landed.state = {"watermark": {"time": "2026-03-01T00:00:00Z"}}
            spoil(acme, Fault(when=is_first, status=422, body=body))
            acme.read(landed)
            assert landed.records == {}
            assert landed.state["watermark"]["time"] == "2026-03-01T00:00:00Z"


def test_a_refused_request_says_what_the_vendor_said() -> None:
    with account() as acme:
        spoil(acme, Fault(status=422, body=b'{"error":"InvalidValue","description":"per_page is odd"}'))
        with pytest.raises(ContractError, match="per_page is odd"):
            acme.read(acme.landed("tickets"))


# --- poisoned records ---
def test_one_malformed_record_costs_itself_only() -> None:
    with account() as acme:
        before = served_keys(acme, "tickets")
        acme.world.add_record("zendesk", "tickets", b'{"id": 901, "status": nul}')
        acme.world.add_record("zendesk", "tickets", b'{"id": 902, "subject": "\xff\xfe"}')
        acme.world.add_record("zendesk", "tickets", ticket(903, "2026-01-01T00:00:00Z"))
        landed = acme.read(acme.landed("tickets"))
        assert set(landed.records) == before | {"903"}
        assert len(landed.quarantined) == 2


@pytest.mark.parametrize(
    "poison",
    [
        ticket(904, "yesterday"),
        b'{"status": "open", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}',
        ticket(905, "2026-01-01T00:00:00Z").replace(b'"open"', b"7"),
        ticket(906, "2026-01-01T00:00:00Z", tags="not a list"),
        ticket(907, "2026-01-01T00:00:00Z", generated_timestamp=10**18),
    ],
    ids=["no time", "no id", "wrong type", "no list", "absurd time"],
)
def test_a_record_that_breaks_the_contract_is_quarantined_and_the_run_goes_on(poison: bytes) -> None:
    with account() as acme:
        before = served_keys(acme, "tickets")
        acme.world.add_record("zendesk", "tickets", poison)
        landed = acme.read(acme.landed("tickets"), page_size=10)
        assert set(landed.records) == before
        assert [body for body, _ in landed.quarantined] == [poison]


def test_unknown_words_and_fields_flow_through() -> None:
    with account() as acme:
        new = ticket(908, "2026-01-01T00:00:00Z", priority="cosmic", brand_new={"a": [1]}, via={"channel": "telepathy"})
        acme.world.add_record("zendesk", "tickets", new.replace(b'"open"', b'"snoozed"'))
        landed = acme.read(acme.landed("tickets"))
        assert landed.records["908"]["status"] == "snoozed"
        assert landed.records["908"]["brand_new"] == {"a": [1]}
        assert not landed.quarantined


def test_a_far_future_date_does_not_bend_the_watermark_bug_9() -> None:
    """The row is landed, and what comes after it on the next night is still found."""
    future = int(datetime(2099, 1, 1).timestamp())
    with account() as acme:
        acme.world.add_record("zendesk", "tickets", ticket(909, "2099-01-01T00:00:00Z", generated_timestamp=future))
        landed = acme.read(acme.landed("tickets"))
        assert "909" in landed.records
        assert landed.state["watermark"]["time"] < OPENS_AT.isoformat()
        assert "cursor" not in landed.state["watermark"]
        acme.world.advance(1)
        acme.read(landed)
        assert set(landed.records) == served_keys(acme, "tickets")


def test_a_far_future_end_time_does_not_bend_the_watermark_bug_9() -> None:
    def change(reply: dict[str, Any]) -> None:
        reply |= {"end_time": int(datetime(2099, 1, 1).timestamp()), "end_of_stream": False}

    with account() as acme:
        landed = acme.landed("ticket_events")
        spoil(acme, Fault(alter=altered(change)))
        acme.read(landed)
        assert landed.state["watermark"]["time"] == (OPENS_AT - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        acme.world.advance(1)
        acme.read(landed)
        assert set(landed.records) == served_keys(acme, "ticket_events")


def test_an_account_without_anything_is_read_to_its_end() -> None:
    from tests.contract.harness import company_of

    with account(company_of([], OPENS_AT)) as acme:
        for stream in STREAMS:
            landed = acme.read(acme.landed(stream))
            assert landed.complete_through is not None
            acme.read(landed)
            assert not landed.quarantined
        assert acme.read(acme.landed("tickets")).records == {}
