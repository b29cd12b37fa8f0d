"""Every stream says where its records name people, and the values are read as landing and erasure need them."""

from __future__ import annotations

import hmac
import re

import pytest

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.persons import CONTACT, EMAIL, NAME, PERSONS, PHONE, PersonField, normalised
from cx_warehouse.landing.erased import BLANK, ErasureKey, Marker, blank
from cx_warehouse.privacy.sets import staged_from
from cx_warehouse.privacy.subject import NobodyFoundError, parse_id
from cx_warehouse.privacy.traces import Traces
from cx_warehouse.transform.dbt import PROJECT

KEY = ErasureKey.of("a key that is only for tests, and long enough")


def test_every_registered_stream_is_listed_and_no_other() -> None:
    assert set(PERSONS) == {f"{source}.{stream}" for source, names in registry.streams().items() for stream in names}


def test_every_model_of_staging_is_known_by_its_stream() -> None:
    models = [path.stem for path in (PROJECT / "models" / "staging").rglob("stg_*.sql")]
    assert len(models) > 20
    assert [model for model in models if staged_from(model) is None] == []


@pytest.mark.parametrize(
    ("field", "record", "values"),
    [
        (PersonField("a.b", EMAIL), {"a": {"b": " Anna@X.example\n"}}, ["anna@x.example"]),
        (PersonField("a", EMAIL, splits=True), {"a": "x@y.example;Z@y.example;"}, ["x@y.example", "z@y.example"]),
        (PersonField("a.*.id", CONTACT), {"a": [{"id": 7}, {"id": "8"}, {"no": 1}, 3]}, ["7", "8"]),
        (PersonField("a.1.v", CONTACT), {"a": [{"v": "x"}, {"v": "y"}]}, ["y"]),
        (PersonField("a", PHONE), {"a": "0048 (600) 100-200"}, ["48600100200"]),
        (PersonField("a", PHONE), {"a": "112"}, []),
        (PersonField("p.first+p.last", NAME, "alias"), {"p": {"first": "Anna", "last": "Król"}}, ["anna król"]),
        (PersonField("a.b", EMAIL), {"a": "no object"}, []),
        (PersonField("a", CONTACT), {"a": True}, []),
    ],
)
def test_values_of_a_field(field: PersonField, record: object, values: list[str]) -> None:
    assert list(field.values(record)) == values


def test_paths_are_written_for_postgres() -> None:
    assert PersonField("a.*.b c", EMAIL).sql_path == 'lax $."a"[*]."b c"'
    assert PersonField("row.dimensionValues.1.value", EMAIL).sql_path == 'lax $."row"."dimensionValues"[1]."value"'


def test_marks_tell_whom_a_record_is_about_from_whom_it_names() -> None:
    marker = Marker("zendesk", "tickets", KEY)
    marks = marker.marks(b'{"id": 5, "requester_id": 1, "submitter_id": 2, "description": "ask Bob@x.example"}', "5")
    about = {KEY.mark("zendesk.tickets", "5"), KEY.mark("zendesk.users", "1")}
    assert marks.about == about
    assert marks.every == about | {KEY.mark("zendesk.users", "2"), KEY.mark(EMAIL, "bob@x.example")}


def test_a_record_that_cannot_be_read_is_known_by_the_addresses_in_it() -> None:
    marks = Marker("zendesk", "users", KEY).marks(b'{"email": "anna@x.example", broken', None)
    assert marks.about == frozenset() and marks.every == {KEY.mark(EMAIL, "anna@x.example")}


@pytest.mark.parametrize("length", [32, 64, 65, 200])
def test_a_mark_is_the_standard_hmac(length: int) -> None:
    secret = "k" * length
    told = hmac.digest(secret.encode(), b"email\0anna@x.example", "sha256")
    assert ErasureKey.of(secret).mark(EMAIL, "anna@x.example") == told


def test_without_the_key_a_mark_says_nothing() -> None:
    other = ErasureKey.of("another key, which is long enough as well")
    assert KEY.mark(EMAIL, "a@x.example") != other.mark(EMAIL, "a@x.example")
    assert KEY.mark(EMAIL, "1") != KEY.mark(PHONE, "1")
    assert KEY.secret.decode() not in repr(KEY)


def test_of_somebody_elses_record_only_what_tells_of_the_person_goes() -> None:
    record = {
        "ticket_id": 5,
        "updater_id": 1,
        "child_events": [
            {"id": 1, "author_id": 1, "body": "mine", "via": {"source": {"from": {"name": "Anna"}}}},
            {"id": 2, "author_id": 2, "body": "write to anna@x.example or bob@x.example"},
        ],
    }
    erased = {("zendesk.users", "1"), (EMAIL, "anna@x.example")}
    left = blank(
        record,
        PERSONS["zendesk.ticket_events"],
        lambda kind, value: (kind, value) in erased,
        lambda text: text.replace("anna@x.example", BLANK),
    )
    assert left == {
        "ticket_id": 5,
        "updater_id": None,
        "child_events": [
            {"id": 1, "author_id": None, "body": BLANK, "via": None},
            {"id": 2, "author_id": 2, "body": f"write to {BLANK} or bob@x.example"},
        ],
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Write to ANNA@x.example.", True),
        ("joanna@x.example", False),
        ("anna@x.example.org", False),
        ("call +48 600-100-200 now", True),
        ("600 100 200", True),
        ("5600100200", False),
        ("Anna Król came", True),
        ("Joanna Król", False),
        ("hubspot:12", True),
        ("hubspot:123", False),
    ],
)
def test_traces_in_text(text: str, found: bool) -> None:
    traces = Traces.of({"anna@x.example"}, {"48600100200"}, {"anna król"}, {"hubspot:12"})
    assert bool(re.search(traces.everything.regex, text, re.IGNORECASE)) is found


def test_hints_leave_out_no_letter_that_the_expression_takes_for_another() -> None:
    everything = Traces.of((), (), {"ali kaya"}, ()).everything
    assert re.search(everything.regex, "ALİ KAYA", re.IGNORECASE)
    assert everything.may_be_in("ALİ KAYA")
    assert not everything.may_be_in("Ela Kaya")


def test_nothing_known_matches_nothing() -> None:
    assert not re.search(Traces.of((), (), (), ()).everything.regex, "anything")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (" Anna@X.example", EMAIL, "anna@x.example"),
        ("+48 600 100 200", PHONE, "48600100200"),
        ("HubSpot:123", "identity", "hubspot:123"),
        ("typeform:form:token", "identity", "typeform:form:token"),
    ],
)
def test_ids_as_people_write_them(text: str, kind: str, value: str) -> None:
    given = parse_id(text)
    assert (given.kind, given.value) == (kind, value)


@pytest.mark.parametrize("text", ["", "Anna", "hubspot:", "unknown:5", "12"])
def test_what_can_be_no_id_is_refused(text: str) -> None:
    with pytest.raises(NobodyFoundError, match="source id"):
        parse_id(text)


def test_normal_form_of_what_is_nobodys_is_empty() -> None:
    assert normalised(EMAIL, "  ") == "" and normalised(PHONE, "n/a") == ""
