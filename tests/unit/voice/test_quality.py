"""What docs/comments.md says of quality: it may get better, and not worse unnoticed."""

from __future__ import annotations

import pytest

from benchmarks.comments import themes
from cx_warehouse.voice.words import Terms
from training.comments.measure import LANGUAGES, Labelled, labelled, quality, theme_quality

# On the held-out half, of 40 comments: right in language, right in sentiment, wrong in sign (of 32).
FLOORS = {
    "en": (39, 29, 1),
    "pl": (39, 32, 1),
    "ru": (38, 29, 2),
    "fa": (39, 31, 1),
    "de": (39, 30, 1),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_held_out_comments_are_read_as_well_as_the_docs_say(language: str) -> None:
    found = quality([one for one in labelled(language) if one.is_held_out])
    right_language, right_sentiment, wrong_sign = FLOORS[language]
    assert found.n == 40
    assert round(found.language * 40) >= right_language
    assert round(found.sentiment * 40) >= right_sentiment
    assert round(found.sign_wrong * 32) <= wrong_sign


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_themes_are_found_as_well_as_the_docs_say(language: str) -> None:
    found = theme_quality(labelled(language), themes())["all"]
    assert found.labelled > 70
    assert found.precision is not None and found.precision > 0.75
    assert found.recall is not None and found.recall > 0.6


def test_a_theme_counts_as_right_only_where_it_is_found_and_labelled() -> None:
    terms = {"en": Terms([("invoice", "billing"), ("parcel", "delivery")], "en")}
    comments = [
        Labelled(
            "en", "The parcel came late and the invoice was wrong", "negative", "none", frozenset({"billing"}), False
        ),
        Labelled("en", "Nobody ever picks up the phone", "negative", "none", frozenset({"communication"}), False),
    ]
    found = theme_quality(comments, terms)
    assert {theme: (one.labelled, one.found, one.right) for theme, one in found.items()} == {
        "all": (2, 2, 1),
        "billing": (1, 1, 1),
        "communication": (1, 0, 0),
        "delivery": (0, 1, 0),
    }
    assert (found["communication"].precision, found["communication"].recall) == (None, 0.0)
    assert (found["delivery"].precision, found["delivery"].recall) == (0.0, None)
