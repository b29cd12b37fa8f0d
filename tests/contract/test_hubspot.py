"""The HubSpot connector against the look-alike: each bug that other connectors had, and what a vendor can do wrong.

Numbers are those of the regression list: the threads are named where the code meets them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.hubspot import streams
from cx_warehouse.connectors.hubspot.connector import HubSpotConnector
from cx_warehouse.connectors.hubspot.streams import STREAMS
from cx_warehouse.connectors.registry import connect
from sandbox.model import (
    Agent,
    ContactArchived,
    ContactsMerged,
    DealArchived,
    DealChanged,
    OwnerArchived,
)
from tests.contract.harness import Fault
from tests.contract.hubspot_world import (
    ACME,
    BEFORE,
    NIGHT,
    LandedHere,
    account,
    changed,
    contact,
    contacts,
    crm,
    deal,
    event,
    linked,
)

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
AGENT = Agent(9, 70_101, "Marta Zajac", "marta@x.example", "Tier 1", BEFORE, BEFORE)
LEFT = Agent(10, 70_102, "Ben Fischer", "ben@x.example", "Tier 2", BEFORE, BEFORE)


def email(landed: LandedHere, number: int) -> Any:
    return landed.records[str(number)]["properties"]["email"]


# --- the regression list ------------------------------------------------------------------------------------------
def test_everything_is_read_when_more_than_10000_records_share_one_time_of_change() -> None:
    """Bugs 1 and 2."""
    together = NIGHT + timedelta(hours=5)
    with crm(*contacts(1, 10_450, at=together)) as here:
        landed = here.land("contacts")
        assert landed.live == {}
        here.world.advance(1)
        here.land("contacts", landed)
        assert len(landed.live) == 10_450
        assert here.searches() == 1 + 53  # one counts the first list, then 200 records each


def test_a_record_that_the_search_index_did_not_have_yet_is_read_the_next_night() -> None:
    """Bug 3."""
    with crm(contact(1), changed(1, NIGHT + DAY - 10 * SECOND, "new@x.example")) as here:
        landed = here.land("contacts")
        here.world.advance(1)
        assert email(here.land("contacts", landed), 1) == "c1@x.example"
        here.world.advance(1)
        assert email(here.land("contacts", landed), 1) == "new@x.example"


def test_a_record_newer_than_the_window_is_left_to_the_next_night() -> None:
    """Bug 4, in the list and in the search."""
    late = NIGHT + timedelta(hours=3)
    with crm(contact(1), contact(2, late), contact(3, NIGHT + DAY + SECOND)) as here:
        here.world.advance(1)
        landed = here.land("contacts", end=NIGHT)
        assert set(landed.live) == {"1"}
        assert landed.complete_through == NIGHT
        here.world.advance(1)
        assert set(here.land("contacts", landed, end=NIGHT + DAY).live) == {"1", "2"}
        assert landed.complete_through == NIGHT + DAY
        assert set(here.land("contacts", landed, end=NIGHT + 2 * DAY).live) == {"1", "2", "3"}


def test_a_record_that_changes_in_every_walk_waits_only_once() -> None:
    minute = timedelta(minutes=1)  # from each window's end to the walk; the change is in between
    changes = [changed(1, NIGHT + n * DAY - 40 * SECOND, f"v{n}@x.example") for n in range(1, 5)]
    with crm(contact(1), *changes) as here:
        landed = here.land("contacts")
        for night, expected in ((1, "c1@x.example"), (2, "v2@x.example")):
            here.world.advance(1)
            assert email(here.land("contacts", landed, end=NIGHT + night * DAY - minute), 1) == expected


@pytest.mark.parametrize("stream", ["contacts", "deals"])
def test_an_archived_record_is_a_deleted_version(stream: str) -> None:
    """Bug 5: it is in no search, and its time of change does not move."""
    gone = NIGHT + timedelta(hours=1)
    events = [contact(1), contact(2), deal(1), deal(2)]
    archived = [
        event(ContactArchived, gone, contact_id=1),
        event(DealArchived, gone, deal_id=1),
    ]
    with crm(*events, *archived) as here:
        landed = here.land(stream)
        assert set(landed.live) == {"1", "2"}
        here.world.advance(1)
        here.land(stream, landed)
        assert landed.deleted == {"1"}
        assert landed.records["1"]["archivedAt"] == "2026-03-02T03:00:00Z"


def test_a_link_is_seen_and_its_removal_too_when_the_contact_does_not_change() -> None:
    """Bug 6."""
    moved = NIGHT + timedelta(hours=1)
    other = ACME.account_id + 1
    accounts = (ACME, ACME.__class__(other, "B", "b.example", "RETAIL", "Poland", BEFORE, None))
    events = [contact(1), account(), account(other), linked(1, ACME.account_id)]
    with crm(*events, linked(1, other, moved), linked(1, 7_001, moved, on=False), accounts=accounts) as here:
        landed = here.land("contact_companies")
        assert set(landed.live) == {"1:7001"}
        before = dict(here.land("contacts").records)
        here.world.advance(1)
        assert set(here.land("contact_companies", landed).live) == {"1:7002"}
        assert landed.deleted == {"1:7001"}
        assert here.land("contacts").records == before  # nothing of it shows in the contact


def test_a_merged_contact_is_deleted_and_its_links_are_the_winners() -> None:
    """Bug 7."""
    merge = event(ContactsMerged, NIGHT + timedelta(hours=1), winner_id=1, loser_id=2)
    events = [contact(1), contact(2), account(), linked(2, ACME.account_id), deal(1, contact_id=2)]
    with crm(*events, merge) as here:
        landed, links = here.land("contacts"), here.land("deal_contacts")
        assert set(landed.live) == {"1", "2"}
        here.world.advance(1)
        assert set(here.land("contacts", landed).live) == {"1"}
        winner = landed.records["1"]["properties"]
        assert winner["hs_merged_object_ids"] == "2"
        assert winner["hs_additional_emails"] == "c2@x.example"
        assert set(here.land("deal_contacts", links).live) == {"1:1"}
        assert set(here.land("contact_companies").live) == {"1:7001"}


def test_a_list_or_search_that_ends_far_too_early_is_not_taken_for_the_end() -> None:
    """Bug 8."""

    def cut(body: bytes) -> bytes:
        page = json.loads(body)
        page.pop("paging")
        return json.dumps(page).encode()

    with crm(*contacts(1, 1_000)) as here:
        here.app.faults.append(Fault(lambda path: "/contacts?" in path, alter=cut))
        with pytest.raises(ContractError, match="contacts: the walk ended after 100 of 1000 records"):
            list(here.pages("contacts"))
        here.app.faults.append(Fault(lambda path: "/search" in path, alter=cut))
        state = {"watermark": (BEFORE - DAY).isoformat()}
        with pytest.raises(ContractError, match="contacts: the walk ended after 200 of 1000 records"):
            list(here.pages("contacts", state))


def test_what_changes_while_the_first_list_is_read_is_read_by_the_next_walk() -> None:
    """Bug 9: the watermark is when the walk began."""
    with crm(*contacts(1, 150), changed(5, NIGHT + timedelta(hours=2), "new@x.example")) as here:
        landed = LandedHere(STREAMS["contacts"])
        pages = here.pages("contacts", end=NIGHT)
        landed.land(next(pages))
        here.world.advance(1)  # the change happens on a page that was read already
        for page in pages:
            landed.land(page)
        assert email(landed, 5) == "c5@x.example"
        assert landed.state == {"watermark": NIGHT.isoformat()}
        assert email(here.land("contacts", landed), 5) == "new@x.example"


def test_records_of_the_very_moment_at_which_the_search_begins_are_read() -> None:
    """Bug 11: at or after, never after."""
    begins = NIGHT - streams.INDEX_LAG
    with crm(contact(1, begins - SECOND), contact(2, begins), contact(3, begins)) as here:
        landed = LandedHere(STREAMS["contacts"], state={"watermark": NIGHT.isoformat()})
        assert set(here.land("contacts", landed).live) == {"2", "3"}


# --- walks and their state ----------------------------------------------------------------------------------------
def busy_crm() -> Any:
    """Several pages in every stream, with archived and merged records."""
    people, deals = contacts(1, 1_250), [deal(n, contact_id=n % 1_000 + 1) for n in range(1, 1_230)]
    gone = [event(ContactArchived, BEFORE, contact_id=n) for n in range(1_101, 1_221)]
    merge = event(ContactsMerged, BEFORE, winner_id=1_230, loser_id=1_231)
    links = [linked(n, ACME.account_id) for n in range(1, 1_100)]
    tomorrow = [changed(n, NIGHT + timedelta(hours=1), f"new{n}@x.example") for n in range(1, 500)]
    agents = tuple(Agent(n, n, f"A {n}", f"a{n}@x.example", "T", BEFORE, BEFORE) for n in range(1, 250))
    left = [event(OwnerArchived, BEFORE, owner_id=n) for n in range(1, 120)]
    happened = [*people, *deals, account(), *gone, merge, *links, *tomorrow, *left]
    return crm(*happened, agents=agents)


@pytest.mark.parametrize("stream", list(STREAMS))
def test_a_walk_resumed_after_any_page_lands_the_same(stream: str) -> None:
    with busy_crm() as here:
        whole = here.land(stream)
        many = stream != "companies"
        assert whole.pages > 1 or not many
        for killed_after in range(1, whole.pages):
            landed = LandedHere(STREAMS[stream])
            landed.read(here.connector(), Window(NIGHT), pages=killed_after)
            assert landed.state["walk"] and landed.complete_through is None
            here.land(stream, landed)
            assert (landed.records, landed.deleted) == (whole.records, whole.deleted)
            assert (landed.state, landed.complete_through) == (whole.state, NIGHT)


def test_an_increment_resumed_after_any_page_lands_the_same() -> None:
    with busy_crm() as here:
        first = here.land("contacts")
        here.world.advance(1)
        whole = here.land("contacts", LandedHere(STREAMS["contacts"], state=first.state))
        assert len(whole.live) == 499 and whole.pages > 3
        for killed_after in range(1, whole.pages):
            landed = LandedHere(STREAMS["contacts"], state=first.state)
            landed.read(here.connector(), Window(NIGHT + DAY), pages=killed_after)
            here.land("contacts", landed)
            assert (landed.records, landed.deleted, landed.state) == (whole.records, whole.deleted, whole.state)


@pytest.mark.parametrize("stream", list(STREAMS))
def test_a_second_reading_writes_nothing(stream: str) -> None:
    with busy_crm() as here:
        landed = here.land(stream)
        written = list(landed.written)
        assert here.land(stream, landed).written == written
        assert landed.complete_through == NIGHT


@pytest.mark.parametrize("stream", list(STREAMS))
def test_an_empty_account_is_whole(stream: str) -> None:
    with crm() as here:
        landed = here.land(stream)
        assert (landed.records, landed.quarantined) == ({}, [])
        assert landed.complete_through == NIGHT


@pytest.mark.parametrize("stream", ["contacts", "contact_companies", "owners"])
def test_a_walk_interrupted_in_an_earlier_night_is_finished_before_tonights(stream: str) -> None:
    """What the earlier half had read may have changed since."""
    with busy_crm() as here:
        landed = LandedHere(STREAMS[stream])
        landed.read(here.connector(), Window(NIGHT), pages=1)
        here.world.advance(1)
        here.land(stream, landed)
        assert landed.complete_through == NIGHT + DAY
        fresh = here.land(stream)
        assert (landed.live, set(landed.state)) == (fresh.live, {"watermark"})


def test_a_re_pull_reads_again_from_its_date_and_moves_the_watermark_only_forward() -> None:
    with crm(contact(1, BEFORE), contact(2, NIGHT - 3 * DAY), contact(3, NIGHT + SECOND)) as here:
        landed = here.land("contacts")
        again = LandedHere(STREAMS["contacts"], state=landed.state)
        here.land("contacts", again, start=NIGHT - 5 * DAY)
        assert set(again.records) == {"2"}
        assert again.state == landed.state
        here.world.advance(1)
        future = LandedHere(STREAMS["contacts"], state=landed.state)
        here.land("contacts", future, start=NIGHT + timedelta(hours=9))  # never leaves a hole before it
        assert set(future.records) == {"3"}


def test_a_night_read_again_later_neither_moves_the_watermark_back_nor_loses_a_record() -> None:
    with crm(*contacts(1, 250), contact(900, NIGHT + DAY - SECOND)) as here:
        here.world.advance(2)
        landed = LandedHere(STREAMS["contacts"])
        landed.read(here.connector(), Window(NIGHT + DAY), pages=1)
        here.land("contacts", landed, end=NIGHT)  # takes up the newer night's walk
        assert landed.state == {"watermark": (NIGHT + DAY).isoformat()}
        assert "900" in landed.live
        here.land("contacts", landed, end=NIGHT)
        assert landed.state["watermark"] == (NIGHT + DAY).isoformat()


def test_a_refused_paging_token_starts_the_walk_again() -> None:
    refusal = Fault(lambda path: "after=" in path, status=400, body=b'{"message":"Invalid paging token"}')
    for stream in ("contacts", "owners", "contact_companies"):
        with busy_crm() as here:
            here.app.faults.append(refusal)
            assert here.land(stream).records == here.land(stream).records
            here.app.faults += [refusal, refusal]
            with pytest.raises(ContractError, match="the paging token was refused"):
                list(here.pages(stream))


def test_a_paging_token_that_does_not_advance_is_an_error() -> None:
    def stuck(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "paging": {"next": {"after": "101"}}}).encode()

    with crm(*contacts(1, 250)) as here:
        here.app.faults.append(Fault(lambda path: "after=101" in path, alter=stuck))
        with pytest.raises(ContractError, match="does not advance"):
            list(here.pages("contacts"))


def test_a_search_that_is_not_in_order_of_id_is_an_error() -> None:
    def backwards(body: bytes) -> bytes:
        page = json.loads(body)
        return json.dumps({**page, "results": page["results"][::-1]}).encode()

    with crm(*contacts(1, 250)) as here:
        here.app.faults.append(Fault(lambda path: "/search" in path, alter=backwards))
        with pytest.raises(ContractError, match="ascending order of hs_object_id"):
            list(here.pages("contacts", {"watermark": BEFORE.isoformat()}))


def test_all_links_of_an_object_are_read_when_they_fill_more_than_one_reply() -> None:
    many = tuple(ACME.__class__(n, f"B{n}", f"b{n}.example", "RETAIL", "Poland", BEFORE, None)
                 for n in range(1, 1_201))  # fmt: skip
    events = [account(n.account_id) for n in many] + [linked(1, n.account_id) for n in many]
    with crm(contact(1), contact(2), *events, linked(2, 7), accounts=many) as here:
        landed = here.land("contact_companies")
        assert len(landed.live) == 1_201
        primary = [key for key, link in landed.live.items() if len(link["association"]["associationTypes"]) == 2]
        assert primary == ["1:1", "2:7"]


def test_owners_who_have_left_are_read_and_are_no_deletions() -> None:
    gone = event(OwnerArchived, BEFORE, owner_id=LEFT.owner_id)
    with crm(gone, agents=(AGENT, LEFT)) as here:
        landed = here.land("owners")
        assert {key: owner["archived"] for key, owner in landed.live.items()} == {"70101": False, "70102": True}


# --- what a vendor can do wrong -----------------------------------------------------------------------------------
def test_a_429_is_waited_out_as_long_as_the_vendor_says() -> None:
    with crm(contact(1)) as here:
        here.app.faults.append(Fault(status=429, headers=(("Retry-After", "7"),)))
        assert set(here.land("contacts").live) == {"1"}
        assert here.slept == [7.0]


def test_a_429_without_retry_after_is_waited_out_too() -> None:
    with crm(contact(1)) as here:
        here.app.faults += [Fault(status=429), Fault(status=502)]
        assert set(here.land("contacts").live) == {"1"}
        assert len(here.slept) == 2 and all(0 < pause <= 32 for pause in here.slept)


def test_the_limits_are_kept_to_the_granted_share() -> None:
    """Half of the general limit as the headers tell it; half of the searches between the streams that run at once."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        here.slept.append(seconds)
        now[0] += seconds

    with crm(*contacts(1, 1_000)) as here:
        options: dict[str, Any] = {"clock": lambda: now[0], "sleep": sleep}
        connector = here.connector(share=0.5, requests_per_10_seconds=4, **options)
        list(connector.read("contacts", Window(NIGHT), {}))
        assert now[0] == 50.0  # 11 lists, two in ten seconds
        assert connector.usage.wait_seconds == 50.0
        now[0] = 100.0
        list(connector.read("contacts", Window(NIGHT), {"watermark": BEFORE.isoformat()}))
        assert now[0] - 100.0 == 4.0  # 5 searches, one a second


def test_the_budget_that_others_have_used_holds_the_connector_back() -> None:
    headers = (
        ("X-HubSpot-RateLimit-Max", "100"),
        ("X-HubSpot-RateLimit-Remaining", "50"),
        ("X-HubSpot-RateLimit-Interval-Milliseconds", "10000"),
    )
    with crm(contact(1)) as here:
        here.app.faults.append(Fault(lambda path: "/contacts?" in path, headers=headers, alter=lambda body: body))
        here.land("contacts")
        assert here.slept == [10.0]


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
        assert here.connector().check() == "HubSpot account 62515000, Europe/Warsaw"
    with pytest.raises(RetryableError, match=r"cannot reach http://127\.0\.0\.1:9 .*check base_url"):
        HubSpotConnector("t", base_url="http://127.0.0.1:9", sleep=lambda seconds: None).check()


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
        here.world.advance(1)
        assert here.land("contacts", landed).complete_through == NIGHT + DAY


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
        landed = here.land("contacts", LandedHere(STREAMS["contacts"], state={"watermark": NIGHT.isoformat()}))
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


def test_a_deal_changes_as_it_is_won() -> None:
    won = NIGHT + timedelta(hours=1)
    changes = {"stage": "closedwon", "close_date": "2026-03-02", "amount": "99.50"}
    with crm(deal(1, stage="contractsent"), event(DealChanged, won, deal_id=1, changes=changes)) as here:
        landed = here.land("deals")
        assert landed.records["1"]["properties"]["hs_is_closed_won"] == "false"
        here.world.advance(1)
        properties = here.land("deals", landed).records["1"]["properties"]
        assert (properties["hs_is_closed_won"], properties["amount"]) == ("true", "99.50")
        assert properties["closedate"] == "2026-03-02T00:00:00Z"


def test_a_clean_increment_asks_little() -> None:
    with crm(*contacts(1, 250)) as here:
        landed = here.land("contacts")
        before = len(here.app.seen)
        here.world.advance(1)
        here.land("contacts", landed)
        assert len(here.app.seen) - before == 2  # one search, one archived list
