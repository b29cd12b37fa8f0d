"""What a vendor can do wrong, and how the HubSpot connector takes it: limits, refusals, broken bodies and records."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.hubspot.connector import HubSpotConnector
from cx_warehouse.connectors.hubspot.streams import STREAMS
from cx_warehouse.connectors.registry import connect
from tests.contract.harness import Fault, hurried
from tests.contract.hubspot_world import (
    ACME,
    BEFORE,
    NIGHT,
    Landed,
    account,
    busy_crm,
    contact,
    contacts,
    crm,
    deal,
    linked,
)

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def test_a_429_is_waited_out_as_long_as_the_vendor_says() -> None:
    with crm(contact(1)) as here:
        here.app.faults.append(Fault(status=429, headers=(("Retry-After", "7"),)))
        connector = here.connector(account=hurried("hubspot", here.slept))
        landed = Landed(STREAMS["contacts"]).read(connector, Window(NIGHT))
        assert set(landed.live) == {"1"}
        assert here.slept == [pytest.approx(7, abs=0.5)]


def test_a_429_without_retry_after_is_waited_out_too() -> None:
    with crm(contact(1)) as here:
        here.app.faults += [Fault(status=429), Fault(status=502)]
        assert set(here.land("contacts").live) == {"1"}
        assert len(here.slept) == 2 and all(0 < pause <= 32 for pause in here.slept)


def test_the_limits_are_kept_to_the_granted_share() -> None:
    """Half of the general limit and half of the searches, whichever stream asks."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with crm(*contacts(1, 1_000)) as here:
        tells = Fault(lambda path: "/search" not in path, headers=_told(8, 4), alter=lambda body: body)
        here.app.faults += [tells] * 13
        alone = ProcessAccount("hubspot", lambda: now[0], sleep)
        connector = here.connector(share=0.5, requests_per_10_seconds=8, account=alone)
        list(connector.read("contacts", Window(NIGHT), {}))
        assert now[0] == 20.0  # 11 lists, four in ten seconds
        assert connector.usage.wait_seconds == 20.0
        beside = here.connector(share=0.5, requests_per_10_seconds=8, account=alone)
        list(beside.read("companies", Window(NIGHT), {}))  # its 2 lists: one more fits into these ten seconds
        assert now[0] == 30.0
        now[0] = 100.0
        list(connector.read("contacts", Window(NIGHT), {"watermark": BEFORE.isoformat()}))
        assert now[0] - 100.0 == 2.0  # 5 searches, two a second


def _told(limit: int, remaining: int) -> tuple[tuple[str, str], ...]:
    return (
        ("X-HubSpot-RateLimit-Max", str(limit)),
        ("X-HubSpot-RateLimit-Remaining", str(remaining)),
        ("X-HubSpot-RateLimit-Interval-Milliseconds", "10000"),
    )


@pytest.mark.parametrize(("remaining", "slept"), [(1, []), (0, [10.0])])
def test_what_others_use_of_their_own_part_holds_nothing_back(remaining: int, slept: list[float]) -> None:
    with crm(contact(1)) as here:
        alone = ProcessAccount("hubspot", lambda: 0.0, here.slept.append)
        fault = Fault(lambda path: "/contacts?" in path, headers=_told(100, remaining), alter=lambda body: body)
        here.app.faults.append(fault)
        list(here.connector(account=alone).read("contacts", Window(NIGHT), {}))
        assert here.slept == slept


def test_the_limit_that_the_headers_tell_replaces_the_setting() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with crm(*contacts(1, 1_000)) as here:  # 11 lists; the look-alike tells of a limit of 10**9
        here.app.faults += [Fault(headers=_told(4, 3), alter=lambda body: body)] * 2
        connector = here.connector(share=0.5, account=ProcessAccount("hubspot", lambda: now[0], sleep))
        pages = connector.read("contacts", Window(NIGHT), {})
        for _ in range(2):
            next(pages)
        assert now[0] == 0.0
        list(pages)
        assert now[0] == 10.0  # two in ten seconds, until the third reply told of more


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "check token of connection 'hubspot'"), (403, "scopes"), (404, "check base_url")],
)
def test_a_refusal_names_the_setting_to_mend_and_no_secret(status: int, said: str) -> None:
    with crm(contact(1)) as here:
        if status != 401:
            here.app.faults.append(Fault(status=status))
        with pytest.raises(ConfigError, match=said) as raised:
            list(here.connector(token="wrong-token-123").read("contacts", Window(NIGHT), {}))
        assert "wrong-token-123" not in str(raised.value) + repr(here.connector(token="wrong-token-123"))


def test_settings_that_are_missing_or_wrong_are_named() -> None:
    with pytest.raises(ConfigError, match="lacks: token"):
        connect("hubspot", {"base_url": "http://127.0.0.1:1"})
    with pytest.raises(ConfigError, match=r"budget_share must be a number from 0\.01 to 1, not '3'"):
        HubSpotConnector.from_config({"token": "t", "budget_share": "3"})
    with pytest.raises(ConfigError, match="hubspot has no stream 'tickets'"):
        HubSpotConnector.from_config({"token": "t"}).read("tickets", Window(NIGHT), {})


def test_check_names_the_account_and_an_unreachable_host_is_named() -> None:
    with crm() as here:
        assert here.connector(portal_id="62515000").check() == "HubSpot account 62515000, Europe/Warsaw"
        with pytest.raises(ConfigError, match="belongs to account 62515000, not to 1: check token and portal_id"):
            here.connector(portal_id="1").check()
    with pytest.raises(RetryableError, match=r"cannot reach http://127\.0\.0\.1:9 .*check base_url"):
        alone = ProcessAccount("hubspot", sleep=lambda seconds: None)
        HubSpotConnector("t", base_url="http://127.0.0.1:9", account=alone).check()


@pytest.mark.parametrize("stream", list(STREAMS))
def test_a_truncated_body_is_asked_for_again(stream: str) -> None:
    with busy_crm() as here:
        whole = here.land(stream)
        here.app.faults.append(Fault(alter=lambda body: body[: len(body) // 2]))
        assert here.land(stream).records == whole.records


def test_a_body_that_stays_broken_is_a_retryable_error() -> None:
    with crm(contact(1)) as here:
        here.app.faults += [Fault(alter=lambda body: body[:-20])] * 4
        with pytest.raises(RetryableError, match="broken body"):
            list(here.pages("contacts"))


def test_a_reply_of_another_shape_is_a_contract_error() -> None:
    with crm(contact(1)) as here:
        here.app.faults.append(Fault(status=200, body=b'{"records": []}'))
        with pytest.raises((ContractError, RetryableError), match="crm/v3/objects/contacts"):
            list(here.pages("contacts"))


TIMES = b'"createdAt":"2026-03-01T00:00:00Z","updatedAt":"2026-03-01T00:00:00Z"}'
BROKEN = {
    "no id": b'{"properties":{"email":"x@x.example"},"createdAt":"2026-03-01T00:00:00Z"}',
    "a number for an id": b'{"id":7,"properties":{},' + TIMES,
    "text of a time": b'{"id":"7","properties":{"createdate":"soon"},' + TIMES,
    "a number in a text": b'{"id":"7","properties":{"email":7},' + TIMES,
    "a time without a zone": b'{"id":"7","properties":{},' + TIMES.replace(b"Z", b""),
    "an impossible offset": b'{"id":"7","properties":{},' + TIMES.replace(b"Z", b"+20:00"),
    "invalid UTF-8": b'{"id":"7","properties":{"email":"\xff"}}',
    "not JSON": b'{"id":"7",,}',
    "a list": b"[1]",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_record_costs_itself_only(broken: bytes) -> None:
    with crm(contact(1), contact(9)) as here:
        here.world.add_record("hubspot", "contacts", broken)
        landed = here.land("contacts")
        assert set(landed.live) == {"1", "9"}
        assert [body for body, _ in landed.quarantined] == [broken]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_record_in_an_increment_costs_itself_only(broken: bytes) -> None:
    recent = broken.replace(b"2026-03-01T00:00:00", b"2026-03-02T23:30:00")
    with crm(contact(1), contact(9, NIGHT + SECOND)) as here:
        landed = here.land("contacts")
        here.world.add_record("hubspot", "contacts", recent)
        here.world.advance(1)
        here.land("contacts", landed)
        assert set(landed.live) == {"1", "9"}
        assert [body for body, _ in landed.quarantined] == [recent]
        assert landed.complete_through == NIGHT + DAY


def test_the_reason_names_the_property_that_is_wrong() -> None:
    record = b'{"id":"5","properties":{"amount":"12,50"},' + TIMES
    with crm(deal(1)) as here:
        here.world.add_record("hubspot", "deals", record)
        (_, reason), *more = here.land("deals").quarantined
        assert "$.properties.amount" in reason and not more


def test_a_far_future_time_neither_hides_the_record_nor_moves_the_watermark() -> None:
    record = b'{"id":"5","properties":{},"createdAt":"2026-03-01T00:00:00Z","updatedAt":"2999-01-01T00:00:00Z"}'
    with crm(contact(1)) as here:
        here.world.add_record("hubspot", "contacts", record)
        landed = here.land("contacts")
        assert "5" in landed.records  # landing's to judge, since nothing else will ever read it
        assert landed.state == {"watermark": NIGHT.isoformat()}


def test_a_search_page_of_records_without_an_id_does_not_stop_the_walk() -> None:
    with crm(*contacts(1, 10, at=NIGHT + SECOND)) as here:
        for number in range(450):
            here.world.add_record("hubspot", "contacts", b'{"no": %d}' % number)
        here.world.advance(1)
        landed = here.land("contacts", Landed(STREAMS["contacts"], state={"watermark": NIGHT.isoformat()}))
        assert len(landed.live) == 10
        assert len({body for body, _ in landed.quarantined}) == 450


def test_records_reach_landing_as_the_vendors_bytes() -> None:
    odd = b'{ "id":"7", "properties":{"custom":1e3}, ' + TIMES
    link = b'{"from":{"id":"1"},"to":[{ "toObjectId":8, "associationTypes":[] }]}'
    with crm(contact(1)) as here:
        here.world.add_record("hubspot", "contacts", odd)
        here.world.add_record("hubspot", "contact_companies", link)
        pages = list(here.pages("contacts"))
        assert odd in [bytes(record) for page in pages for record in page.records]
        (page,) = here.pages("contact_companies")
        assert [bytes(record) for record in page.records] == [
            b'{"from_id":"1","association":{ "toObjectId":8, "associationTypes":[] }}'
        ]


def test_a_batch_that_failed_in_part_does_not_delete_links() -> None:
    failed = {"results": [], "numErrors": 1, "errors": [{"status": "error", "category": "INTERNAL_ERROR"}]}
    with crm(contact(1), account(), linked(1, ACME.account_id)) as here:
        landed = here.land("contact_companies")
        spoilt = Fault(lambda path: "/batch/read" in path, alter=lambda body: json.dumps(failed).encode())
        here.app.faults.append(spoilt)
        with pytest.raises(RetryableError, match="part of the batch failed: INTERNAL_ERROR"):
            here.land("contact_companies", landed)
        assert set(landed.live) == {"1:7001"}


def test_links_of_a_shape_of_their_own_are_quarantined_and_nothing_is_deleted() -> None:
    with crm(contact(1), contact(2), account(), linked(1, ACME.account_id)) as here:
        landed = here.land("contact_companies")
        here.world.add_record("hubspot", "contact_companies", b'{"from":"nobody"}')
        here.land("contact_companies", landed)
        assert set(landed.live) == {"1:7001"}
        assert landed.quarantined and "not the links of an object" in landed.quarantined[0][1]
