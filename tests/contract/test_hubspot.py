"""The HubSpot connector against the look-alike: each bug that other connectors had, and walks that are interrupted.

Numbers are those of the regression list: the threads are named where the code meets them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ContractError
from cx_warehouse.connectors.hubspot import streams
from cx_warehouse.connectors.hubspot.streams import STREAMS
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
    Landed,
    account,
    busy_crm,
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


def email(landed: Landed, number: int) -> Any:
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
        landed = Landed(STREAMS["contacts"])
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
        landed = Landed(STREAMS["contacts"], state={"watermark": NIGHT.isoformat()})
        assert set(here.land("contacts", landed).live) == {"2", "3"}


# --- walks and their state ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("stream", list(STREAMS))
def test_a_walk_resumed_after_any_page_lands_the_same(stream: str) -> None:
    with busy_crm() as here:
        whole = here.land(stream)
        many = stream != "companies"
        assert whole.pages > 1 or not many
        for killed_after in range(1, whole.pages):
            landed = Landed(STREAMS[stream])
            landed.read(here.connector(), Window(NIGHT), pages=killed_after)
            assert landed.state["walk"] and landed.complete_through is None
            here.land(stream, landed)
            assert (landed.records, landed.deleted) == (whole.records, whole.deleted)
            assert (landed.state, landed.complete_through) == (whole.state, NIGHT)


def test_an_increment_resumed_after_any_page_lands_the_same() -> None:
    with busy_crm() as here:
        first = here.land("contacts")
        here.world.advance(1)
        whole = here.land("contacts", Landed(STREAMS["contacts"], state=first.state))
        assert len(whole.live) == 499 and whole.pages > 3
        for killed_after in range(1, whole.pages):
            landed = Landed(STREAMS["contacts"], state=first.state)
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
        landed = Landed(STREAMS[stream])
        landed.read(here.connector(), Window(NIGHT), pages=1)
        here.world.advance(1)
        here.land(stream, landed)
        assert landed.complete_through == NIGHT + DAY
        fresh = here.land(stream)
        assert (landed.live, set(landed.state)) == (fresh.live, {"watermark"})


def test_a_re_pull_reads_again_from_its_date_and_moves_the_watermark_only_forward() -> None:
    with crm(contact(1, BEFORE), contact(2, NIGHT - 3 * DAY), contact(3, NIGHT + SECOND)) as here:
        landed = here.land("contacts")
        again = Landed(STREAMS["contacts"], state=landed.state)
        here.land("contacts", again, start=NIGHT - 5 * DAY)
        assert set(again.records) == {"2"}
        assert again.state == landed.state
        here.world.advance(1)
        future = Landed(STREAMS["contacts"], state=landed.state)
        here.land("contacts", future, start=NIGHT + timedelta(hours=9))  # never leaves a hole before it
        assert set(future.records) == {"3"}


def test_a_night_read_again_later_neither_moves_the_watermark_back_nor_loses_a_record() -> None:
    with crm(*contacts(1, 250), contact(900, NIGHT + DAY - SECOND)) as here:
        here.world.advance(2)
        landed = Landed(STREAMS["contacts"])
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
