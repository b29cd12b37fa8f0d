"""Words in the form in which they are compared, and terms found in them."""

from __future__ import annotations

import pytest

from cx_warehouse.voice.words import BOUNDARY, Terms, words


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Don’t STOP, please", ["don't", "stop", BOUNDARY, "please"]),
        ("pl", "Świetna OBSŁUGA!", ["swietna", "obsluga", BOUNDARY]),
        ("ru", "Всё ещё жду", ["все", "еще", "жду"]),
        # an Arabic keyboard's kaf and yeh, and a verb with its half-space
        ("fa", "كيفيت نمی‌خوب", ["کیفیت", "نمیخوب"]),
        ("de", "schön schon", ["schön", "schon"]),
        ("en", "4417 👍 ?!", [BOUNDARY, BOUNDARY]),
        ("en", "", []),
    ],
)
def test_one_word_has_one_form_in_each_language(language: str, text: str, expected: list[str]) -> None:
    assert words(text, language) == expected


def test_a_star_stands_for_any_ending_and_only_at_the_end_of_a_word() -> None:
    terms = Terms([("deliver*", "delivery"), ("on time", "waiting")], "en")
    found = [
        (one.term, one.value) for one in terms.find_all(words("Delivered on time; undelivered on holiday time", "en"))
    ]
    assert found == [("deliver*", "delivery"), ("on time", "waiting")]


def test_no_term_spans_the_end_of_a_clause() -> None:
    assert Terms([("on time", "x")], "en").find(words("Come on. Time flies", "en")) == []


def test_of_several_terms_at_one_place_the_longest_is_found_and_all_are_with_find_all() -> None:
    terms = Terms([("not", 1), ("not bad", 2), ("bad*", 3)], "en")
    text = words("not bad", "en")
    assert [one.value for one in terms.find(text)] == [2]
    assert sorted(one.value for one in terms.find_all(text)) == [1, 2, 3]


@pytest.mark.parametrize("term", ["", "  ", "*", "on * time", "de*liver"])
def test_a_term_that_is_no_words_is_refused(term: str) -> None:
    with pytest.raises(ValueError, match="a term is words"):
        Terms([(term, "x")], "en")
