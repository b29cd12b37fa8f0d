"""What HubSpot's records may hold: its texts of numbers, times and ids, and the wrong ones that are stopped."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from cx_warehouse.connectors.hubspot.contracts import Association, Contact, Deal, Owner
from cx_warehouse.connectors.hubspot.glance import glance

TIMES = {"createdAt": "2026-03-01T00:00:00Z", "updatedAt": "2026-03-01T00:00:00.5Z"}


def record(**fields: Any) -> bytes:
    return json.dumps({"id": "7", "properties": {}, **TIMES, **fields}).encode()


@pytest.mark.parametrize(
    ("name", "good", "wrong"),
    [
        ("amount", ["", None, "0", "-12.50", "1.0E7", "1234567890123"], ["12,50", "1 000", "EUR 5", "NaN", 5]),
        ("closedate", ["", None, "2026-03-01", "2026-03-01T10:00:00.123Z"], ["soon", "01.03.2026", "1772323200000"]),
        ("hubspot_owner_id", ["", None, "70101"], ["Marta", "7 0", "1" * 20]),
        ("hs_merged_object_ids", ["", None, "1", "1;2", "1;2;"], ["1,2", "a;b"]),
        ("hs_is_closed_won", ["", None, "true", "false"], ["yes", True]),
        ("dealname", ["", None, "Überraschung 🎁"], [5, ["x"]]),
    ],
)
def test_a_property_is_a_text_of_its_kind(name: str, good: list[Any], wrong: list[Any]) -> None:
    for value in good:
        msgspec.json.decode(record(properties={name: value}), type=Deal)
    for value in wrong:
        with pytest.raises(msgspec.ValidationError, match=rf"\$\.properties\.{name}"):
            msgspec.json.decode(record(properties={name: value}), type=Deal)


def test_an_archived_object_is_deleted_when_it_was_archived() -> None:
    gone = msgspec.json.decode(record(archived=True, archivedAt="2026-03-05T00:00:00Z"), type=Contact)
    assert gone.is_deleted() and gone.changed_at() is not None and gone.changed_at().day == 5  # type: ignore[union-attr]
    here = msgspec.json.decode(record(), type=Contact)
    assert not here.is_deleted() and here.changed_at() == here.updated_at


@pytest.mark.parametrize("fields", [{"id": 7}, {"id": ""}, {"id": "x"}, {"updatedAt": None}, {"properties": None},
                                    {"createdAt": "2026-03-01T00:00:00+01:00"}, {"archived": "true"}])  # fmt: skip
def test_an_object_without_sound_id_times_or_properties_is_stopped(fields: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(record(**fields), type=Contact)


def test_an_owner_who_has_left_is_no_deletion() -> None:
    owner = msgspec.json.decode(record(archived=True, userId=None, email=""), type=Owner)
    assert owner.archived and not owner.is_deleted()


@pytest.mark.parametrize("far", [8, "8"])
def test_a_link_is_known_by_both_ends(far: Any) -> None:
    kinds = [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}]
    body = json.dumps({"from_id": "7", "association": {"toObjectId": far, "associationTypes": kinds}})
    link = msgspec.json.decode(body, type=Association)
    assert (link.key(), link.changed_at()) == ("7:8", None)


def test_a_walk_looks_at_a_record_without_trusting_it() -> None:
    seen = glance(record(properties={"hs_merged_object_ids": "3;x;7;4"}))
    assert (seen.number(), seen.merged_ids()) == (7, ("3", "4"))
    for odd in (b"[]", b"{", b"\xff", b'{"id":{}}', b'{"id":"1e3","updatedAt":"soon","properties":7}'):
        assert (glance(odd).number(), glance(odd).changed_at(), glance(odd).merged_ids()) == (None, None, ())
