"""Bugs that other Zendesk connectors had and that test_zendesk.py does not meet on its way (tests/known_bugs.py)."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest

from sandbox.vendors.zendesk.shelf import Shelf
from tests.contract.zendesk_account import account, served_keys
from tests.contract.zendesk_company import OPENS_AT, RATED, TIE, TOUCHED


@pytest.mark.parametrize("stream", ["tickets", "ticket_events", "metric_events"])
def test_a_row_of_the_watermarks_own_second_is_read_the_next_night_bug_11(stream: str) -> None:
    with account() as acme:
        tied = {row.key for row in Shelf(acme.world).exported(stream) if row.at == int(TIE.timestamp())}
        landed = acme.landed(stream)
        landed.state = {"watermark": {"time": TIE.strftime("%Y-%m-%dT%H:%M:%SZ")}}
        acme.read(landed, page_size=5)
        assert len(tied) > 5 and tied <= set(landed.records)


def test_a_ticket_is_dated_by_generated_timestamp_bug_13() -> None:
    """Else a system's change would be as old as the change before it, and a model would pass over it."""
    with account() as acme:
        landed = acme.read(acme.landed("tickets"))
        record = msgspec.json.decode(json.dumps(landed.records[str(TOUCHED)]), type=landed.stream.contract)
        assert record.changed_at() == OPENS_AT - timedelta(days=25) + timedelta(hours=36)


def test_a_list_of_more_than_10000_rows_arrives_whole_bug_15() -> None:
    with account() as acme:
        times = dict.fromkeys(("created_at", "updated_at"), "2026-02-01T00:00:00Z")
        for number in range(20_000, 30_050):
            rating = {"id": number, "ticket_id": RATED, "score": "good", **times}
            acme.world.add_record("zendesk", "satisfaction_ratings", json.dumps(rating).encode())
        landed = acme.read(acme.landed("satisfaction_ratings"))
        assert set(landed.records) == served_keys(acme, "satisfaction_ratings") >= {"20000", "30049"}
        assert len(landed.records) > 10_050
