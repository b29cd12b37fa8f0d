"""Probable pairs: what is accepted, what a person has to look at, and that a pair's score is its own."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cx_warehouse.identity.blocking import COLUMNS
from cx_warehouse.identity.names import Names
from cx_warehouse.identity.probable import blocking_keys, probable_pairs
from cx_warehouse.identity.scoring import Model, shipped
from training.records import load, population

Row = tuple[str, str, float, float, str, str]

ANNA = {
    "given": "agnieszka",
    "family": "wrzosek",
    "email": "a.wrzosek@mail.example",
    "phone": "+48600100200",
    "street": "ul polna 7 m 2",
    "city": "torun",
    "postal_code": "87-100",
    "birth_date": "1984-03-09",
    "external_id": "730112",
}
NEW_CONTACT = {"email": "agnieszka84@post.example", "phone": "+48511222333"}
OPEN = replace(shipped(), propose_weight=-100.0, accept_weight=-100.0)


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def table(duck: duckdb.DuckDBPyConnection, name: str, *persons: dict[str, Any]) -> str:
    """A table of persons; keys are k0, k1, … unless a person says otherwise."""
    columns = ", ".join(f"{column} varchar" for column in ("identity_key", *COLUMNS))
    duck.execute(f"create or replace table {name} ({columns}, is_romanised boolean)")
    for number, person in enumerate(persons):
        row = [person.get("identity_key", f"k{number}"), *(person.get(column) for column in COLUMNS)]
        row.append(person.get("is_romanised"))
        duck.execute(f"insert into {name} values ({', '.join('?' * len(row))})", row)
    return name


def pairs_of(duck: duckdb.DuckDBPyConnection, *persons: dict[str, Any], **options: Any) -> list[Row]:
    everyone = table(duck, "persons", *persons)
    probable_pairs(duck, everyone, everyone, "pairs", **options)
    return duck.execute("from pairs").fetchall()


def verdict(duck: duckdb.DuckDBPyConnection, left: dict[str, Any], right: dict[str, Any], **options: Any) -> str | None:
    """Of the one pair, with everything proposed that is compared at all."""
    options.setdefault("model", replace(shipped(), propose_weight=-100.0))
    rows = pairs_of(duck, left, right, **options)
    return rows[0][4] if rows else None


def without(person: dict[str, Any], *columns: str) -> dict[str, Any]:
    return {column: value for column, value in person.items() if column not in columns}


# --- what is accepted ---


def test_one_person_is_accepted_when_contact_changed_but_birth_date_and_home_agree(
    duck: duckdb.DuckDBPyConnection,
) -> None:
    assert verdict(duck, without(ANNA, "external_id"), without(ANNA, "external_id") | NEW_CONTACT) == "accepted"


@pytest.mark.parametrize("birth_date", ["1984-09-03", "1984-03-08", "1984-03-19", "1985-03-09"])
def test_one_person_is_accepted_when_a_slip_was_made_in_the_birth_date(
    duck: duckdb.DuckDBPyConnection, birth_date: str
) -> None:
    assert verdict(duck, ANNA, without(ANNA, "external_id") | NEW_CONTACT | {"birth_date": birth_date}) == "accepted"


def test_given_and_family_name_in_each_others_place_are_one_person(duck: duckdb.DuckDBPyConnection) -> None:
    swapped = without(ANNA, "external_id") | NEW_CONTACT | {"given": "wrzosek", "family": "agnieszka"}
    assert verdict(duck, ANNA, swapped) == "accepted"


def test_names_of_another_script_are_one_person_when_their_consonants_agree(duck: duckdb.DuckDBPyConnection) -> None:
    written = {"given": "yuliya", "family": "sokolova", "birth_date": "1990-05-06", "phone": "+79161234567"}
    latin = written | {"given": "julia", "email": "julia.s@mail.example"}
    assert verdict(duck, written | {"is_romanised": True}, latin) == "accepted"
    assert verdict(duck, written, latin) == "proposed"  # two Latin spellings are two names


def test_short_forms_are_one_person_when_they_are_known(duck: duckdb.DuckDBPyConnection) -> None:
    kuba = without(ANNA, "external_id") | {"given": "kuba", "email": None}
    jakub = kuba | {"given": "jakub", "city": None}
    assert verdict(duck, kuba, jakub) == "proposed"
    assert verdict(duck, kuba, jakub, names=Names({"kuba": "jakub"}), model=OPEN) == "accepted"


# --- what is not ---


def test_names_that_are_different_are_accepted_only_under_one_customer_number_and_birth_date(
    duck: duckdb.DuckDBPyConnection,
) -> None:
    other = ANNA | {"given": "monika"}
    for missing in ("external_id", "birth_date"):
        (row,) = pairs_of(duck, without(ANNA, missing), without(other, missing))
        assert row[2] > shipped().accept_weight and row[4] == "proposed"
    assert verdict(duck, ANNA, other) == "accepted"


def test_same_name_and_address_alone_are_not_enough(duck: duckdb.DuckDBPyConnection) -> None:
    home = without(ANNA, "email", "phone", "birth_date", "external_id")
    assert verdict(duck, home, home, model=OPEN) == "proposed"


@pytest.mark.parametrize(
    "son",
    [
        {"birth_date": "2009-11-30"} | NEW_CONTACT,
        {"birth_date": "2009-11-30"},  # who uses his father's phone and mailbox
        {"birth_date": "2004-03-09"},  # one digit from his father's
        {"birth_date": None} | NEW_CONTACT,
    ],
)
def test_father_and_son_of_one_name_in_one_home_are_two_people(
    duck: duckdb.DuckDBPyConnection, son: dict[str, Any]
) -> None:
    father = without(ANNA, "external_id") | {"given": "stanislaw"}
    assert verdict(duck, father, father | son, model=OPEN) == "proposed"
    assert verdict(duck, father, father | NEW_CONTACT) == "accepted"


def test_a_household_that_shares_everything_is_never_accepted(duck: duckdb.DuckDBPyConnection) -> None:
    shared = {column: ANNA[column] for column in ("family", "email", "phone", "street", "city", "postal_code")}
    people = [
        shared | {"given": "jan", "birth_date": "1980-01-02"},
        shared | {"given": "julia", "birth_date": "1982-03-04"},
        shared | {"given": "j"},  # either of them
        shared,  # any of them
    ]
    rows = pairs_of(duck, *people, model=OPEN)
    assert len(rows) == 6 and {row[4] for row in rows} == {"proposed"}


def test_twins_are_never_accepted_when_a_given_name_is_missing(duck: duckdb.DuckDBPyConnection) -> None:
    twin = without(ANNA, "external_id")
    assert verdict(duck, twin, without(twin, "given"), model=OPEN) == "proposed"


def test_a_shared_mailbox_is_no_evidence(duck: duckdb.DuckDBPyConnection) -> None:
    namesake = {"given": "agnieszka", "family": "wrzosek", "email": "biuro@firma.example"}
    own = namesake | {"email": "a.wrzosek@mail.example"}
    assert verdict(duck, namesake, namesake, model=OPEN) == "proposed"
    assert verdict(duck, own, own, model=OPEN) == "accepted"


def test_a_namesake_born_a_day_apart_in_another_town_is_another(duck: duckdb.DuckDBPyConnection) -> None:
    elsewhere = {"birth_date": "1984-03-08", "street": "rynek 1", "city": "krakow", "postal_code": "31-042"}
    assert verdict(duck, ANNA, without(ANNA, "external_id") | NEW_CONTACT | elsewhere, model=OPEN) == "proposed"


# --- weights and thresholds ---


def test_an_agreement_on_a_rare_name_weighs_more(duck: duckdb.DuckDBPyConnection) -> None:
    def weight(given: str, family: str) -> float:
        named = ANNA | {"given": given, "family": family}
        return pairs_of(duck, named, named)[0][2]

    assert weight("anna", "smith") < weight("agnieszka", "smith") < weight("agnieszka", "wrzosek")


def test_verdicts_follow_the_thresholds(duck: duckdb.DuckDBPyConnection) -> None:
    left, right = without(ANNA, "external_id"), without(ANNA, "external_id") | NEW_CONTACT
    weight = pairs_of(duck, left, right)[0][2]

    def with_thresholds(accept: float, propose: float) -> list[str]:
        model = replace(shipped(), accept_weight=accept, propose_weight=propose)
        return [row[4] for row in pairs_of(duck, left, right, model=model)]

    assert with_thresholds(weight, weight) == ["accepted"]
    assert with_thresholds(weight + 1e-6, weight) == ["proposed"]
    assert with_thresholds(weight + 1e-6, weight + 1e-6) == []


def test_a_pair_is_written_as_promised(duck: duckdb.DuckDBPyConnection) -> None:
    ((left, right, weight, probability, _, version),) = pairs_of(
        duck, ANNA | {"identity_key": "z"}, ANNA | {"identity_key": "a"}
    )
    assert (left, right, version) == ("a", "z", shipped().version)
    assert weight == round(weight, 6) and probability == round(probability, 9)
    assert probability == pytest.approx(1 / (1 + 2**-weight), abs=1e-9)
    columns = duck.execute("select column_name, data_type from duckdb_columns() where table_name = 'pairs'").fetchall()
    assert columns == [
        ("left_key", "VARCHAR"),
        ("right_key", "VARCHAR"),
        ("match_weight", "DOUBLE"),
        ("probability", "DOUBLE"),
        ("verdict", "VARCHAR"),
        ("model_version", "VARCHAR"),
    ]


# --- a pair's score is its own ---


@pytest.fixture(scope="module")
def crowd() -> Iterator[duckdb.DuckDBPyConnection]:
    """Some 800 records of made people, and in `whole` the pairs of all of them."""
    with duckdb.connect() as connection:
        load(connection, population(7, 400), "everyone")
        probable_pairs(connection, "everyone", "everyone", "whole", model=OPEN)
        yield connection


def test_a_part_gives_what_the_whole_gives_when_it_holds_whoever_shares_a_key(
    crowd: duckdb.DuckDBPyConnection,
) -> None:
    crowd.execute("create or replace table sample_of as select * from everyone where hash(identity_key) % 10 = 0")
    blocking_keys(crowd, "everyone", "keys")
    crowd.execute(
        "create or replace table neighbours as from everyone where identity_key in (select identity_key from keys "
        "where block in (select block from keys where identity_key in (select identity_key from sample_of)))"
    )
    probable_pairs(crowd, "sample_of", "neighbours", "part", model=OPEN)
    expected = crowd.execute(
        "from whole where list_has_any([left_key, right_key], (select list(identity_key) from sample_of))"
    ).fetchall()
    assert len(expected) > 50
    assert crowd.execute("from part").fetchall() == expected


def test_a_pair_scores_alone_as_it_does_in_a_crowd(crowd: duckdb.DuckDBPyConnection) -> None:
    rows = crowd.execute("from whole order by hash(left_key || right_key) limit 8").fetchall()
    for row in rows:
        crowd.execute("create or replace table two as from everyone where identity_key in ($1, $2)", [row[0], row[1]])
        probable_pairs(crowd, "two", "two", "alone", model=OPEN)
        assert crowd.execute("from alone").fetchall() == [row]


def test_runs_are_equal_to_the_bit_whatever_the_order_and_the_threads(crowd: duckdb.DuckDBPyConnection) -> None:
    crowd.execute("create or replace table shuffled as from everyone order by hash(identity_key)")
    for threads in (1, 2):
        crowd.execute(f"set threads = {threads}")
        probable_pairs(crowd, "shuffled", "shuffled", "again", model=OPEN)
        assert crowd.execute("from again").fetchall() == crowd.execute("from whole").fetchall()


def test_a_pair_weighs_the_same_when_its_sides_change_places(crowd: duckdb.DuckDBPyConnection) -> None:
    crowd.execute(
        "create or replace table turned as select * replace (reverse(identity_key) as identity_key) from everyone"
    )
    probable_pairs(crowd, "turned", "turned", "backwards", model=OPEN)
    turned = crowd.execute(
        "select least(reverse(left_key), reverse(right_key)), greatest(reverse(left_key), reverse(right_key)), "
        "match_weight, verdict from backwards order by 1, 2"
    ).fetchall()
    assert turned == crowd.execute("select left_key, right_key, match_weight, verdict from whole").fetchall()


# --- blocks ---


def test_a_key_that_too_many_share_compares_nobody(duck: duckdb.DuckDBPyConnection) -> None:
    model = replace(OPEN, block_cap=3)
    namesakes = [{"given": "anna", "family": "nowak"} for _ in range(4)]
    assert len(pairs_of(duck, *namesakes[:3], model=model)) == 3
    assert pairs_of(duck, *namesakes, model=model) == []
    # another key of theirs still does
    assert (
        len(pairs_of(duck, *namesakes[:2], *({**one, "phone": "+48600100200"} for one in namesakes[2:]), model=model))
        == 1
    )


def test_only_pairs_with_a_thin_side_are_scored(duck: duckdb.DuckDBPyConnection) -> None:
    everyone = table(duck, "persons", ANNA, ANNA | NEW_CONTACT, without(ANNA, "phone"))
    duck.execute("create table thin as from persons where identity_key = 'k1'")
    probable_pairs(duck, "thin", everyone, "pairs")
    assert duck.execute("select left_key, right_key from pairs").fetchall() == [("k0", "k1"), ("k1", "k2")]


def test_only_pairs_with_a_side_among_the_given_are_scored(duck: duckdb.DuckDBPyConnection) -> None:
    everyone = table(duck, "persons", ANNA, ANNA | NEW_CONTACT, without(ANNA, "phone"))
    duck.execute("create table changed as select identity_key from persons where identity_key = 'k1'")
    probable_pairs(duck, everyone, everyone, "pairs", among="changed")
    assert duck.execute("select left_key, right_key from pairs").fetchall() == [("k0", "k1"), ("k1", "k2")]


def block_of(key: str) -> int:
    """The number that stands for a key: half of the latter half of its MD5, which no library's version changes."""
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest()[8:], "little") >> 1


def test_block_keys_come_from_one_record_alone(duck: duckdb.DuckDBPyConnection) -> None:
    blocking_keys(duck, table(duck, "persons", ANNA, without(ANNA, "email")), "together")
    blocking_keys(duck, table(duck, "persons", ANNA), "alone")
    together = duck.execute(
        "select identity_key, block from together where identity_key = 'k0' order by block"
    ).fetchall()
    assert together == duck.execute("select identity_key, block from alone order by block").fetchall()
    assert ("k0", block_of("phone +48600100200")) in together and ("k0", block_of("number 730112")) in together
    assert len(together) == len(set(together)) == 12
    blocking_keys(duck, table(duck, "persons", {"given": "anna"}), "nothing")
    assert duck.execute("from nothing").fetchall() == []


@pytest.mark.parametrize("column", (*COLUMNS, "is_romanised"))
def test_a_print_is_another_when_anything_that_is_compared_is(duck: duckdb.DuckDBPyConnection, column: str) -> None:
    other = without(ANNA, column) if column in ANNA else ANNA | {column: True}
    blocking_keys(duck, table(duck, "persons", ANNA, other, ANNA), "keys", "prints")
    rows = duck.execute("select identity_key, print from prints").fetchall()
    prints = dict(rows)
    assert len(rows) == 3
    assert prints["k0"] == prints["k2"] != prints["k1"]


# --- borders ---


def test_nothing_is_found_when_there_is_nothing_to_compare(duck: duckdb.DuckDBPyConnection) -> None:
    assert pairs_of(duck) == []
    assert pairs_of(duck, ANNA) == []
    assert pairs_of(duck, {}, {}) == []
    assert pairs_of(duck, {}, ANNA, {"given": "", "family": " "}) == []


def test_a_column_of_scripts_is_not_needed(duck: duckdb.DuckDBPyConnection) -> None:
    table(duck, "persons", ANNA, ANNA | NEW_CONTACT)
    duck.execute("alter table persons drop column is_romanised")
    probable_pairs(duck, "persons", "persons", "pairs")
    assert duck.execute("select verdict from pairs").fetchall() == [("accepted",)]


def test_values_with_quotes_are_compared_like_others(duck: duckdb.DuckDBPyConnection) -> None:
    odd = ANNA | {"street": "O'Connell's \"Row\" 5; drop table persons", "city": "{city}", "email": "o'c@mail.example"}
    assert verdict(duck, odd, odd) == "accepted"


def test_nothing_stays_behind(
    duck: duckdb.DuckDBPyConnection,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    def functions() -> list[Any]:
        return duck.execute("select function_name from duckdb_functions() where not internal").fetchall()

    with caplog.at_level(logging.INFO):
        pairs_of(duck, ANNA, ANNA | NEW_CONTACT)
        with pytest.raises(duckdb.Error):
            probable_pairs(duck, "persons", "persons", "no_schema.pairs")
    tables = duck.execute(
        "select table_name from duckdb_tables() union all select view_name from duckdb_views() where not internal"
    ).fetchall()
    assert sorted(name for (name,) in tables) == ["pairs", "persons"]
    assert functions() == []
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "") and caplog.records == []


_WEIGHED = """
import sys
from cx_warehouse.identity.blocking import COLUMNS
from cx_warehouse.identity.probable import probable_pairs
from cx_warehouse.identity.workspace import fill, one, workspace

with workspace() as duck:
    columns = dict.fromkeys(("identity_key", *COLUMNS), "text")
    anna = ("anna", "nowak", "a@x.example", *[None] * (len(COLUMNS) - 3))
    fill(duck, "persons", columns, [(key, *anna) for key in ("crm:1", "crm:2")])
    probable_pairs(duck, "persons", "persons", "pairs")
    assert one(duck.execute("select count(*) from pairs")) == 1
sys.exit("splink" in sys.modules or "pandas" in sys.modules)
"""


def test_a_night_imports_neither_splink_nor_pandas() -> None:
    assert subprocess.run([sys.executable, "-c", _WEIGHED], check=False).returncode == 0


def test_the_shipped_model_says_what_it_was_measured_to_do() -> None:
    model: Model = shipped()
    assert model.propose_weight <= model.accept_weight
    assert model.given.file.is_file() and model.family.file.is_file()
