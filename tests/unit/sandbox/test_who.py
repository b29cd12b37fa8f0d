"""How well customers agree with persons, on examples whose pairs are counted by hand."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from sandbox.truth.who import agreement, judge, pairs

# two people of three records each, and one of a single record
OWNED = dict(zip("abcdefg", ("one", "one", "one", "two", "two", "two", "three"), strict=True))


def test_pairs_of_groups():
    assert pairs([]) == pairs([1, 1]) == 0
    assert pairs([2, 3, 4]) == 1 + 3 + 6


def test_the_persons_themselves_agree():
    assert agreement(OWNED, OWNED) == {
        "pairs_true": 6,  # three of the first, three of the second
        "pairs_found": 6,
        "pairs_right": 6,
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "largest_cluster": 3,
    }


def test_one_stranger_in_a_cluster_costs_precision_and_what_was_kept_apart_recall():
    # a b | c d e | f | g: found ab, cd, ce, de; right are ab and de
    found = dict(zip("abcdefg", "112223-", strict=True)) | {"f": "4"}
    told = agreement(OWNED, found)
    assert (told["pairs_true"], told["pairs_found"], told["pairs_right"]) == (6, 4, 2)
    assert told["precision"] == 0.5
    assert told["recall"] == pytest.approx(1 / 3)
    assert told["f1"] == pytest.approx(2 * 2 / (6 + 4))
    assert told["largest_cluster"] == 3


def test_everything_in_one_cluster():
    told = agreement(OWNED, dict.fromkeys(OWNED, "all"))
    assert (told["pairs_found"], told["pairs_right"]) == (21, 6)  # 7 · 6 / 2
    assert (told["precision"], told["recall"], told["largest_cluster"]) == (6 / 21, 1.0, 7)


def test_where_there_are_no_pairs_there_is_no_figure():
    alone = {key: key for key in OWNED}
    told = agreement(OWNED, alone)
    assert (told["precision"], told["recall"], told["f1"]) == (None, 0.0, 0.0)
    told = agreement(alone, alone)
    assert (told["precision"], told["recall"], told["f1"]) == (None, None, None)
    assert agreement(OWNED, {})["largest_cluster"] == 0


def test_counting_overlaps_gives_what_enumerating_pairs_gives():
    dice = random.Random(1)
    for _ in range(20):
        owned = {str(n): str(dice.randrange(6)) for n in range(40)}
        found = {key: str(dice.randrange(8)) for key in owned}
        both = [(owned[x] == owned[y], found[x] == found[y]) for x, y in combinations(owned, 2)]
        told = agreement(owned, found)
        assert told["pairs_true"] == sum(true for true, _ in both)
        assert told["pairs_found"] == sum(together for _, together in both)
        assert told["pairs_right"] == sum(true and together for true, together in both)


def test_examples_name_two_records_of_each_mistaken_group():
    found = dict(zip("abcdefg", "1122233", strict=True))  # a b | c d e | f g
    told = judge(OWNED, set(OWNED), found)
    assert told["wrong"] == [["c", "d"], ["f", "g"]]
    assert told["missed"] == [["a", "c"], ["d", "f"]]
    assert told["absent"] == told["unknown"] == []


def test_at_most_twenty_examples_are_given():
    owned = {f"{side}{n}": f"{side}{n}" for n in range(50) for side in "lr"}
    told = judge(owned, set(owned), {key: key[1:] for key in owned})
    assert (told["pairs_found"], told["pairs_right"], len(told["wrong"])) == (50, 0, 20)


def test_live_records_are_judged_for_themselves():
    # a and d are gone: of the live ones only b c, e f belong together
    told = judge(OWNED, set("bcefg"), dict.fromkeys("abcd", "1") | dict.fromkeys("efg", "2"))
    assert (told["pairs_true"], told["pairs_found"], told["pairs_right"]) == (6, 6 + 3, 3 + 1)
    live = told["live"]
    assert (live["pairs_true"], live["pairs_found"], live["pairs_right"]) == (2, 1 + 3, 2)


def test_record_that_was_not_found_stands_alone_if_it_is_live_and_is_left_out_if_it_is_gone():
    found = dict.fromkeys("ab", "1") | dict.fromkeys("de", "2")
    told = judge(OWNED, set("abcdeg"), found)  # f is gone
    assert (told["pairs_true"], told["pairs_right"]) == (3 + 1, 2)
    assert told["missed"] == [["a", "c"]]
    assert told["absent"] == ["c", "g"]


def test_browser_need_not_be_found():
    owned = {"ga4:1": "person:1", "matomo:ab": "person:1"}
    told = judge(owned, set(owned), {"ga4:1": "a"})
    assert told["absent"] == []
    assert told["recall"] == 0.0


def test_what_is_no_record_of_anybody_is_named():
    assert judge(OWNED, set(OWNED), {**OWNED, "zendesk:9": "one"})["unknown"] == ["zendesk:9"]
