"""The key of a broken record is read by its contract's own rule, or not at all."""

from __future__ import annotations

import pytest

from cx_warehouse.connectors import registry
from cx_warehouse.landing.loose_key import loose_key

BROKEN = {
    ("zendesk", "tickets"): (b'{"id": 7, "status": 3, "created_at": "never"}', "7"),
    ("zendesk", "users"): (b'{"id": "7", "name": []}', "7"),
    ("zendesk", "survey_responses"): (b'{"id": "01J", "answers": "none"}', "01J"),
    ("zendesk", "holidays"): (b'{"schedule_id": 5, "holiday": {"id": 7, "start_date": "never"}}', "5:7"),
    ("hubspot", "contacts"): (b'{"id": 51, "properties": "gone"}', "51"),
    ("hubspot", "contact_companies"): (
        b'{"from_id": "5", "association": {"toObjectId": 9, "associationTypes": 1}}',
        "5:9",
    ),
    ("typeform", "responses"): (b'{"form_id": "f", "response": {"token": "t", "landed_at": 5}}', "f:t"),
    ("ga4", "daily_traffic"): (
        b'{"dimensions": 1, "row": {"dimensionValues": [{"value": "20260301"}, {"value": "Direct"}]}}',
        "20260301|Direct",
    ),
}


@pytest.mark.parametrize("stream", BROKEN)
def test_the_key_is_read_where_other_fields_are_broken(stream):
    source, name = stream
    body, key = BROKEN[stream]
    assert loose_key(registry.connector_class(source).streams[name].contract, body) == key


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b'"7"',
        b"null",
        b"{}",
        b'{"id": null}',
        b'{"id": "seven"}',
        b'{"id": 7.5}',
        b'{"id": true}',
        b'{"id": [7]}',
        b'{"id": {"id": 7}}',
        b'{"id": 7',
        b"[" * 100_000,
        b'{"id": ' + b"9" * 10_000 + b"}",
    ],
)
def test_no_key_is_made_up(body):
    assert loose_key(registry.connector_class("zendesk").streams["tickets"].contract, body) is None


@pytest.mark.parametrize("text", [b"a\\u0000b", b"\\ud800", b"\xff\xfe", b""])
def test_a_key_that_raw_cannot_hold_is_none(text):
    contract = registry.connector_class("hubspot").streams["contacts"].contract
    assert loose_key(contract, b'{"id": "' + text + b'"}') is None
