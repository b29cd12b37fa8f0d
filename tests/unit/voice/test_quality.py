"""What docs/comments.md says of quality: it may get better, and not worse unnoticed."""

from __future__ import annotations

import pytest

from training.comments.measure import LANGUAGES, labelled, quality

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
