"""Slicing pages: sound bodies fast, broken records alone, truncated bodies refused."""

from __future__ import annotations

import json
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cx_warehouse.connectors.http.envelope import TruncatedBodyError, salvage_page, slice_page


class Page(msgspec.Struct):
    tickets: list[msgspec.Raw]
    after_cursor: str | None = None


def body(*records: bytes, tail: bytes = b', "after_cursor": "x"') -> bytes:
    return b'{"count": 3, "tickets": [' + b", ".join(records) + b"]" + tail + b"}"


def cut(data: bytes) -> tuple[list[bytes], list[tuple[bytes, str]], str | None]:
    sliced = slice_page(data, Page, "tickets")
    return [bytes(record) for record in sliced.records], list(sliced.malformed), sliced.envelope.after_cursor


def test_records_are_sliced_not_reencoded():
    odd = b'{"id":1.50,  "name": "\\u0041", "id2": 1e3}'
    assert cut(body(odd)) == ([odd], [], "x")


@pytest.mark.parametrize("broken", [b'{"id": 2 "s": 1}', b'{"id": 2,, }', b'{"id": nan}', b'{"id": 00}'])
def test_one_broken_record_costs_itself_only(broken):
    records, malformed, cursor = cut(body(b'{"id": 1}', broken, b'{"id": 3, "tags": ["a", {"b": "]},{"}]}'))
    assert records == [b'{"id": 1}', b'{"id": 3, "tags": ["a", {"b": "]},{"}]}']
    assert [piece for piece, _ in malformed] == [broken]
    assert cursor == "x"


def test_a_nested_array_of_the_same_name_is_not_mistaken_for_the_records():
    data = b'{"meta": {"tickets": [1, 2]}, "tickets": [{"id": }, {"id": 1}], "after_cursor": "x"}'
    records, malformed, _ = cut(data)
    assert records == [b'{"id": 1}'] and len(malformed) == 1


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b'{"tickets": [{"id": 1}, {"i', b'{"tickets": [{"id": 1}]', b'{"other": []}', b"[]"]
)
def test_a_body_that_is_not_a_whole_page_is_refused(data):
    with pytest.raises((TruncatedBodyError, msgspec.ValidationError)):
        slice_page(data, Page, "tickets")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=6))
def test_any_sound_records_survive_a_broken_neighbour(records):
    encoded = [json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass") for record in records]
    found, malformed, _ = cut(body(*encoded, b'{"broken": }'))
    assert found == encoded
    assert [piece for piece, _ in malformed] == [b'{"broken": }']


class BarePage(msgspec.Struct):
    may_be_bare: ClassVar[bool] = True

    tickets: list[msgspec.Raw] = []


def test_a_body_may_be_the_bare_array_where_the_envelope_says_so():
    sliced = slice_page(b' [{"id":1}, {"id": 2 "s"}]', BarePage, "tickets")
    assert [bytes(record) for record in sliced.records] == [b'{"id":1}']
    assert [piece for piece, _ in sliced.malformed] == [b'{"id": 2 "s"}']
    with pytest.raises(TruncatedBodyError):
        slice_page(b'[{"id":1}, {"id":', BarePage, "tickets")


UNBALANCED = [
    b'{"id": 2',
    b'{"id": 2}}',
    b'{"id": 2, "tags": ["a"}',
    b'{"id": 2, "s": "open}',
    b'{"id": [2}',
    b"[",
    b'"',
]


@pytest.mark.parametrize("broken", UNBALANCED)
def test_a_page_is_salvaged_up_to_a_record_whose_brackets_do_not_match(broken):
    data = body(b'{"id": 1, "tags": ["a", "b"], "x": 1}', broken, b'{"id": 3}')
    with pytest.raises(TruncatedBodyError):
        slice_page(data, Page, "tickets")
    sliced = salvage_page(data, Page, "tickets")
    assert [bytes(record) for record in sliced.records] == [b'{"id": 1, "tags": ["a", "b"], "x": 1}']
    [(rest, reason)] = sliced.malformed
    assert rest == broken + b', {"id": 3}' and "cannot be told apart" in reason
    assert sliced.envelope.after_cursor == "x"


@pytest.mark.parametrize("cut", [20, 45, 60, -1])
def test_a_body_that_breaks_off_is_not_salvaged(cut):
    with pytest.raises(TruncatedBodyError):
        salvage_page(body(b'{"id": 1, "tags": ["a"]}', b'{"id": 2}')[:cut], Page, "tickets")


def test_no_record_is_left_out_when_a_broken_one_swallows_what_follows():
    """Its inner array could pass for the end of the records, and the next record for a field of the page."""
    data = body(b'{"id": 1}', b'{"id": 2, "tags": ["a"], "more": ["b"', b'{"id": 3}')
    sliced = salvage_page(data, Page, "tickets")
    assert [bytes(record) for record in sliced.records] == [b'{"id": 1}']
    assert [piece for piece, _ in sliced.malformed] == [b'{"id": 2, "tags": ["a"], "more": ["b", {"id": 3}']


def test_a_page_is_not_salvaged_when_its_end_could_be_read_in_two_ways():
    """Taken for the last page, it would end the walk."""
    data = b'{"tickets": [{"id": 1}}], "after_cursor": "x", "errors": []}'
    with pytest.raises(TruncatedBodyError, match="cannot be told"):
        salvage_page(data, Page, "tickets")


@pytest.mark.parametrize("broken", [b'{"id": oops}', b'{"id": "\xff"}'])
def test_what_is_broken_in_a_list_beside_is_not_our_business(broken):
    data = b'{"others": [{"id": 1}, ' + broken + b'], "tickets": [{"id": 2}], "after_cursor": "x"}'
    sliced = slice_page(data, Page, "tickets", beside=("others", "absent"))
    assert [bytes(one) for one in sliced.records] == [b'{"id": 2}'] and not sliced.malformed
    assert sliced.envelope.after_cursor == "x"


def test_a_broken_list_beside_that_was_not_named_spoils_the_page():
    with pytest.raises(TruncatedBodyError):
        slice_page(b'{"others": [{"id": oops}], "tickets": [{"id": 2}]}', Page, "tickets")
