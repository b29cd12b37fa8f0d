"""A record put in by hand stands where its id puts it, whatever else is wrong with it: a search is in order of ids."""

from __future__ import annotations

from sandbox.vendors.hubspot.extras import read_extras


def test_a_record_keeps_its_place_when_only_its_id_can_be_read() -> None:
    (extra,) = read_extras([b'{"id": "123", "size": 1e400000, "archived": true}']).values()
    assert (extra.number, extra.is_archived, extra.is_loose) == (123, True, False)


def test_a_record_is_loose_when_its_id_cannot_be_read() -> None:
    (extra,) = read_extras([b'{"id": "123", "note": "\\ud800"}']).values()
    assert extra.is_loose
