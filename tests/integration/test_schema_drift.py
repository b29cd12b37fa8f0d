"""A vendor that changes its schema: new fields flow into raw and are listed, a type that flips is told loudly, and the
night goes on."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import msgspec
import psycopg
import pytest

from cx_warehouse.connectors.base import Stream, Window
from cx_warehouse.landing import ingest
from tests.conftest import Warehouse
from tests.fake_connector import AS_OF, FakeConnector, Thing, thing


class Ticket(Thing, frozen=True):
    """A record one of whose fields models rely on."""

    priority: str | None = None


STREAM = Stream("tickets", Ticket, "tickets")


def land(warehouse: Warehouse, *records: bytes, day: int = 0, **options):
    connector = FakeConnector([list(records)], stream=STREAM, **options)
    return ingest(connector, "tickets", Window(end=AS_OF + timedelta(days=day)), warehouse.dsn("cx_loader"))


def changes(warehouse: Warehouse) -> list[tuple]:
    return warehouse.rows("select path, kind, before, after, key from ops.schema_changes order by path, kind, after")


def fields(warehouse: Warehouse) -> dict[str, list[str]]:
    return dict(warehouse.rows("select path, types from ops.stream_fields"))


def test_the_first_whole_run_is_the_baseline_and_no_change(warehouse):
    land(warehouse, thing(1, subject="a", via={"channel": "web"}), thing(2, tags=["x"], vip=True, due=None))
    assert changes(warehouse) == []
    assert fields(warehouse) == {
        "id": ["number"],
        "subject": ["string"],
        "via": ["object"],
        "via.channel": ["string"],
        "tags": ["array"],
        "vip": ["boolean"],
        "due": [],
    }


def test_a_first_run_that_broke_off_is_baseline_still(warehouse):
    def die(number: int) -> None:
        if number == 1:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ingest(
            FakeConnector([[thing(1)], [thing(2, later="x")]], stream=STREAM, before_page=die),
            "tickets",
            Window(end=AS_OF),
            warehouse.dsn("cx_loader"),
        )
    ingest(
        FakeConnector([[thing(1)], [thing(2, later="x")]], stream=STREAM),
        "tickets",
        Window(end=AS_OF),
        warehouse.dsn("cx_loader"),
    )
    assert changes(warehouse) == []


def test_a_new_field_flows_into_raw_and_is_listed_once(warehouse):
    land(warehouse, thing(1, subject="a"))
    for day in (1, 2):
        land(warehouse, thing(1, subject="a", mood={"score": 3}), thing(2, subject="b", mood={"score": 4}), day=day)
    assert changes(warehouse) == [("mood", "new_field", None, "object", "1")]
    assert warehouse.value("select as_of from ops.schema_changes") == AS_OF + timedelta(days=1)
    assert warehouse.value("select record->'mood'->>'score' from raw_zendesk.tickets where key = '2'") == "4"


def test_a_new_field_inside_an_object_is_listed(warehouse):
    land(warehouse, thing(1, properties={"email": "x"}))
    land(warehouse, thing(1, properties={"email": "x", "tier": "gold"}), day=1)
    assert changes(warehouse) == [("properties.tier", "new_field", None, "string", "1")]


def test_a_renamed_field_is_a_new_one_and_one_no_longer_served(warehouse):
    land(warehouse, thing(1, subject="a", via={"channel": "web", "id": 1}))
    land(warehouse, thing(1, title="a", via={"way": "web", "id": 1}), day=1)
    assert changes(warehouse) == [
        ("title", "new_field", "subject", "string", "1"),
        ("via.way", "new_field", "via.channel", "string", "1"),
    ]


def test_a_type_that_flips_is_told_loudly_and_its_record_lands(warehouse, caplog):
    land(warehouse, thing(1, order="17"))
    with caplog.at_level(logging.WARNING, "cx_warehouse.landing.schema_drift"):
        result = land(warehouse, thing(1, order=17), thing(2, order="18"), day=1)
    assert changes(warehouse) == [("order", "type_change", "string", "number", "1")]
    assert result.counts.inserted == 2 and result.counts.quarantined == 0
    assert "zendesk.tickets: the vendor's schema changed: order was string and is now number" in caplog.text


def test_a_flip_that_breaks_the_contract_is_told_and_quarantines_that_record_alone(warehouse):
    land(warehouse, thing(1, priority="high"))
    result = land(warehouse, thing(1, priority=3), thing(2, priority="low"), day=1)
    assert changes(warehouse) == [("priority", "type_change", "string", "number", "1")]
    assert (result.counts.inserted, result.counts.quarantined) == (1, 1)
    assert warehouse.rows("select key from raw_zendesk.quarantine") == [("1",)]


@pytest.mark.parametrize("values", [(None, "text"), ("text", None), (None, {"a": 1}), ([1], None), (1, 1.5), ({}, {})])
def test_an_empty_field_that_is_filled_and_one_that_is_emptied_are_no_change(warehouse, values):
    for day, value in enumerate(values):
        land(warehouse, thing(1, held=value), day=day)
    assert changes(warehouse) == []


def test_fields_whose_names_are_data_do_not_fill_the_list(warehouse):
    land(warehouse, thing(1, by_id={"a": 1}))
    land(warehouse, thing(1, by_id={f"k{number}": 1 for number in range(2_000)}), day=1)
    assert warehouse.value("select count(*) from ops.stream_fields where parent = 'by_id'") == 300


@pytest.mark.parametrize("name", ["", '"', "a\\b", "nul\0", "x" * 5_000, "line\nbreak", "\ud800"])
def test_a_field_with_an_odd_name_stops_nothing(warehouse, name):
    land(warehouse, thing(1))
    land(warehouse, json.dumps({"id": 2, name: 1}).encode(), thing(3, **{"né.w": 1}), day=1)
    assert ("né.w", "new_field", None, "number", "3") in changes(warehouse)
    assert warehouse.value("select count(*) from raw_zendesk.tickets where key = '3'") == 1


def test_what_a_page_showed_goes_with_the_page_when_it_is_not_landed(warehouse):
    land(warehouse, thing(1))
    warehouse.rows("alter table raw_zendesk.tickets add constraint no_threes check (key <> '3')")
    with pytest.raises(psycopg.errors.CheckViolation):
        land(warehouse, thing(3, mood="x"), day=1)
    assert changes(warehouse) == [] and "mood" not in fields(warehouse)


def test_a_record_that_fits_costs_microseconds(warehouse):
    """The look must not cost what decoding a record into Python costs, or landing is no longer bound by Postgres."""
    from time import perf_counter

    from cx_warehouse.landing.schema_drift import Shape

    raw = thing(1, **{f"field_{n}": "some text" for n in range(40)}, inner={f"p{n}": "text" for n in range(20)})
    shape = Shape({}, is_baseline=True)
    shape.look([(raw, "1")])

    def seconds(work) -> float:
        begun = perf_counter()
        for _ in range(2_000):
            work()
        return perf_counter() - begun

    assert min(seconds(lambda: shape.look([(raw, "1")])) for _ in range(3)) < min(
        seconds(lambda: msgspec.json.decode(raw)) for _ in range(3)
    )
