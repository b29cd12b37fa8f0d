"""The shipped model can be made again, bit for bit, and says what it was measured to do.

The whole of it takes minutes (`make train`, and `git diff` shows nothing). Here: the shipped frequency tables and
comparisons in full, and counting and measuring on small populations."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hatchling.builders.wheel import WheelBuilder

from cx_warehouse.identity.scoring import shipped
from stack.paths import ROOT
from training import comparisons, train
from training.measure import Counts, Measured, measure
from training.records import load, mistyped, population
from training.statement import statement


def model_file() -> dict[str, Any]:
    return json.loads((train.OUTPUT / "person_v1.json").read_text())


def test_the_shipped_tables_of_names_are_made_again(tmp_path: Path) -> None:
    assert train.write_frequencies(tmp_path) == model_file()["frequencies"]
    for file in ("given_names.csv", "family_names.csv", "names_in_use.txt"):
        assert (tmp_path / file).read_bytes() == (train.OUTPUT / file).read_bytes()


def test_the_shipped_model_compares_what_training_compares() -> None:
    def conditions(settings: dict[str, Any]) -> list[str]:
        return [
            level["sql_condition"]
            for comparison in settings["comparisons"]
            for level in comparison["comparison_levels"]
        ]

    found = model_file()
    assert shipped().statement == statement(found["splink"])
    assert conditions(found["splink"]) == conditions(comparisons.settings(train.PRIOR))
    assert found["block_cap"] == train.BLOCK_CAP and found["training"]["seed"] == train.TRAINED_ON


def test_one_slip_is_a_distance_of_one_and_family_names_are_alike_by_a_word_too() -> None:
    """What is asked first, to spare dearer questions, changes no answer."""
    draw = random.Random(7)
    letters = "abż@.1 ح"

    def slipped(text: str) -> str:
        for _ in range(draw.choice((1, 1, 1, 2))):
            at = draw.randrange(len(text) + 1)
            cut = draw.choice((0, 1))
            put = draw.choice(("", draw.choice(letters), text[at : at + 2][::-1]))
            text = text[:at] + put + text[at + max(cut, len(put) if len(put) == 2 else 0) :]
        return text

    made = ["".join(draw.choices(letters, k=draw.randrange(1, 14))) for _ in range(4_000)]
    pairs = [(text, slipped(text)) for text in made]
    with duckdb.connect() as connection:
        connection.execute("create table pairs (family_l text, family_r text)")
        connection.execute(
            "insert into pairs select unnest($1::text[]), unnest($2::text[])", [made, [text for _, text in pairs]]
        )
        connection.execute(
            """create view parts as select *, hash(family_l) as family_sound_l, hash(family_r) as family_sound_r,
                   damerau_levenshtein(family_l, family_r) = 1 as is_slip,
                   jaro_winkler_similarity(family_l, family_r) >= 0.9 or family_l = family_r
                       or len(list_intersect(string_split(family_l, ' '), string_split(family_r, ' '))) > 0 as is_alike
               from pairs"""
        )
        slip, alike = comparisons.one_slip("family"), comparisons.FAMILY_ALIKE
        found = connection.execute(
            f"""select count(*) filter (where ({slip}) is distinct from is_slip),
                       count(*) filter (where coalesce({alike}, false) is distinct from is_alike),
                       count(*) filter (where is_slip), count(*) filter (where not is_slip),
                       count(*) filter (where is_alike)
                from parts"""
        ).fetchone()
    assert found is not None
    assert found[:2] == (0, 0)
    assert min(found[2:]) > 500


_COUNTED = "import sys; from tests.unit.identity.test_training import counted; sys.stdout.write(counted())"


def counted() -> str:
    """A digest of weights that are counted on a small population."""
    with duckdb.connect() as duck, tempfile.TemporaryDirectory() as folder:
        load(duck, population(3, 300), "made")
        frequencies = train.write_frequencies(Path(folder))
        settings = train.trained_settings(duck, "made", frequencies, Path(folder), 20_000)
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()


def test_weights_are_the_same_to_the_bit_in_every_process() -> None:
    elsewhere = subprocess.run(
        [sys.executable, "-c", _COUNTED],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout == counted()


def test_the_shipped_model_was_right_often_enough_on_people_it_had_not_seen() -> None:
    found = model_file()
    measured, thresholds = found["measured"], found["thresholds"]
    assert thresholds["propose"] <= thresholds["accept"]
    assert len({found["training"]["seed"], measured["chosen_on_seed"], measured["measured_on_seed"]}) == 3
    for pairs in ("all_pairs", "thin_pairs"):
        assert measured[pairs]["precision"] >= 0.999 and measured[pairs]["precision_lower_95"] > 0.9985
        assert measured[pairs]["pairs"] > 10_000


def test_what_is_measured_is_what_the_shipped_model_does() -> None:
    """On a population small enough for a test, and of yet another seed: nearly all that is accepted is right."""
    with duckdb.connect() as duck:
        load(duck, population(11, 1_500), "made")
        found = measure(duck, "made", replace(shipped(), propose_weight=-20.0, accept_weight=-20.0))
        accepted = found.accepted[shipped().accept_weight]
        assert accepted.right > 700 and accepted.wrong <= 3
        # the counts are those of the table that is written
        rows = duck.execute(
            "select count(*) from scored_pairs where verdict = 'accepted' and match_weight >= -10"
        ).fetchall()
        assert found.accepted[-10.0].right + found.accepted[-10.0].wrong == rows[0][0]


def test_thresholds_are_the_lowest_that_are_good_enough() -> None:
    good, bad = Counts(100_000, 5), Counts(100_100, 500)
    weights = [step / 2 for step in range(-20, 81)]
    counts = {weight: good if weight >= 7.5 else bad for weight in weights}
    bands = {weight: Counts(1_000 - int(10 * weight), 0 if weight > 2 else 10_000) for weight in weights}
    found = Measured(counts, counts, bands, 1, 1, 1)
    assert found.choose() == {"accept": 7.5, "propose": 2.5}
    with pytest.raises(ValueError):
        Measured(dict.fromkeys(weights, bad), counts, bands, 1, 1, 1).choose()


def test_the_lower_bound_is_wilsons() -> None:
    assert Counts(0, 0).lower_bound == 0 and Counts(0, 0).precision == 1
    assert Counts(3_000, 0).lower_bound == pytest.approx(0.999099, abs=1e-6)
    assert Counts(95, 5).lower_bound == pytest.approx(0.900839, abs=1e-6)


def test_a_population_follows_from_its_seed_alone() -> None:
    assert population(5, 200) == population(5, 200) != population(6, 200)
    records = population(5, 2_000)
    assert len({record.identity_key for record in records}) == len(records)
    assert any(record.is_romanised for record in records)
    assert {record.given for record in records} > {None, "a"}


def test_a_slip_changes_a_text_a_little() -> None:
    dice = random.Random(1)
    for text in ("kowalska", "1984-03-09", "a.nowak@mail.example", "x"):
        for _ in range(50):
            slipped = mistyped(dice, text)
            assert slipped and abs(len(slipped) - len(text)) <= 1
            assert text.count("-") != 2 or (len(slipped) == 10 and slipped[4] == slipped[7] == "-")


def test_the_model_is_part_of_the_wheel(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = set(zipfile.ZipFile(wheel).namelist())
    folder = "cx_warehouse/identity/model/"
    assert {folder + file.name for file in train.OUTPUT.iterdir()} <= names
    assert not any(name.startswith("training/") for name in names)


def test_tables_of_names_are_sorted_shares() -> None:
    for known in (shipped().given, shipped().family):
        rows = list(csv.reader(known.file.read_text("utf-8").splitlines()))[1:]
        shares = [float(share) for _, share in rows]
        assert [name for name, _ in rows] == sorted({name for name, _ in rows})
        assert min(shares) == known.fallback and max(shares) < 1
