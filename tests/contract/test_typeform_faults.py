"""The Typeform connector when the vendor, the network, the records or our settings are at fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, ContractError
from cx_warehouse.connectors.typeform.connector import TypeformConnector
from sandbox.vendors.typeform import build_app
from sandbox.world import World
from tests.contract.harness import Fault, Faulty, Landed, company_of, hurried, served
from tests.contract.typeform_account import (
    FORM,
    NIGHT,
    account,
    daily,
    keys,
)


@pytest.mark.parametrize("headers", [(), (("Retry-After", "3"),)], ids=["without Retry-After", "with Retry-After"])
def test_a_busy_account_is_asked_again_when_it_answers_429(headers: tuple[tuple[str, str], ...]) -> None:
    with account(daily(5)) as acme:
        acme.app.faults = [Fault(status=429, headers=headers), Fault(lambda path: "before" in path, 429, headers)]
        waits: list[float] = []
        connector = acme.connector(hurried("typeform", waits), page_size=2)
        landed = acme.landed().read(connector, Window(NIGHT))
        assert set(landed.records) == keys(*range(5))
        assert len(waits) == 2 and (not headers or waits == [pytest.approx(3, abs=0.5)] * 2)
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
