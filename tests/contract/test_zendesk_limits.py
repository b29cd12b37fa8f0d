"""What the Zendesk connector makes of the account's limits: it waits as it is told, and takes its share only."""

from __future__ import annotations

import random

import pytest
from requests.auth import HTTPBasicAuth

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import RetryableError
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.zendesk.connector import ZendeskConnector
from sandbox.vendors.zendesk.limits import Limits
from tests.contract.harness import Fault
from tests.contract.zendesk_account import UNLIMITED, account, served_keys
from tests.contract.zendesk_company import OPENS_AT


def test_a_429_is_waited_out_as_long_as_the_vendor_says() -> None:
    with account() as acme:
        acme.app.faults += [Fault(status=429, headers=(("Retry-After", "17"),))]
        landed = acme.read(acme.landed("tickets"))
        assert acme.slept == [pytest.approx(17, abs=1)]
        assert set(landed.records) == served_keys(acme, "tickets")


def test_a_429_without_retry_after_is_tried_again_later() -> None:
    with account() as acme:
        acme.app.faults += [Fault(status=429), Fault(status=429)]
        landed = acme.read(acme.landed("tickets"))
        assert len(acme.slept) == 2 and all(0 < pause <= 4 for pause in acme.slept)
        assert set(landed.records) == served_keys(acme, "tickets")


def test_a_limit_that_stays_exhausted_is_said_to_be_worth_another_run() -> None:
    with account() as acme:
        acme.app.faults += [Fault(status=429)] * 20
        with pytest.raises(RetryableError, match="429"):
            acme.read(acme.landed("tickets"))


def test_only_our_share_of_the_export_budget_is_used() -> None:
    """Half of what the headers say the limit is: the setting says a thousand."""
    limits = Limits({**UNLIMITED, "exports": 10}, clock=lambda: 30.0)
    with account(limits=limits) as acme:
        acme.read(acme.landed("tickets"), page_size=8, budget_share=0.5)
        requests = len(acme.asked("incremental/tickets"))
        assert requests == 7
        # 5 are ours at once; the 2 after them wait until the first 2 of them are a minute old
        assert sum(acme.slept) == pytest.approx(60, abs=2)


@pytest.mark.parametrize("seed", range(12))
def test_streams_read_side_by_side_never_exceed_the_accounts_share_together(seed: int) -> None:
    """In whatever order they take turns, by the vendor's own count of each minute; and together they use it."""
    now, order = [0.0], random.Random(seed)
    limits = Limits({**UNLIMITED, "exports": 10}, clock=lambda: now[0])

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with account(limits=limits) as acme:
        given = acme.world.credentials.zendesk
        shared, walks = ProcessAccount("zendesk", lambda: now[0], sleep), []
        for stream in ("tickets", "ticket_events"):
            auth = HTTPBasicAuth(f"{given.email}/token", given.token)
            connector = ZendeskConnector(acme.url, auth, share=0.5, page_size=4, account=shared)
            walks.append((acme.landed(stream), connector.read(stream, Window(OPENS_AT), {})))
        running = list(walks)
        while running:
            turn = order.choice(running)
            page = next(turn[1], None)
            if page is None:
                running.remove(turn)
            else:
                turn[0].land(page)
                now[0] += order.choice((0, 1, 7))
        assert all(set(landed.records) == served_keys(acme, landed.stream.name) for landed, _ in walks)
    by_minute = [used for (budget, _), used in limits._used.items() if budget == "exports"]
    assert len(by_minute) > 3 and sum(by_minute) > 15
    assert set(by_minute[:-1]) == {5}  # half of ten in each minute but the last, which may have less to do


def test_the_last_page_does_not_wait_for_a_budget_that_nobody_needs() -> None:
    limits = Limits({**UNLIMITED, "exports": 2}, clock=lambda: 30.0)
    with account(limits=limits) as acme:
        acme.read(acme.landed("tickets"))
        assert acme.slept == []


def test_the_look_alike_refuses_what_goes_beyond_the_plan_and_the_run_still_ends_well() -> None:
    seconds = iter(range(0, 10_000, 21))
    limits = Limits({**UNLIMITED, "exports": 1}, clock=lambda: float(next(seconds)))
    with account(limits=limits) as acme:
        landed = acme.read(acme.landed("tickets"), page_size=20, budget_share=1)
        assert set(landed.records) == served_keys(acme, "tickets")
