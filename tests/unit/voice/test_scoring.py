"""What a comment says, at the borders that METRICS.md pins: empty, emoji only, mixed, Polish, Russian, Persian."""

from __future__ import annotations

import pytest

from cx_warehouse.voice import scoring
from cx_warehouse.voice.lexicons import EMOTIONS, emotion_of, squash, unsquash
from cx_warehouse.voice.scoring import SERVED, model_version, score
from cx_warehouse.voice.words import Terms

THEMES = {
    "en": Terms([("deliver*", "delivery"), ("late", "waiting")], "en"),
    "pl": Terms([("dostaw*", "delivery")], "pl"),
}


@pytest.mark.parametrize(
    ("text", "language", "sign"),
    [
        ("The delivery was late and the driver was rude to my mother.", "en", -1),
        ("I am very happy with the new kettle, thank you!", "en", 1),
        ("Jestem bardzo zadowolony z obsługi i polecam ten sklep.", "pl", 1),
        ("Paczka przyszła uszkodzona i nikt nie odbiera telefonu.", "pl", -1),
        ("Очень довольна, быстро и вежливо помогли.", "ru", 1),
        ("Ужасное обслуживание, товар сломался на второй день.", "ru", -1),
        ("از خدمات شما بسیار راضی هستم، ممنون.", "fa", 1),
        ("کیفیت افتضاح بود و خیلی گران است.", "fa", -1),
        ("Ich bin sehr zufrieden mit der Beratung, vielen Dank.", "de", 1),
        ("Leider kam das Paket beschädigt an, sehr enttäuschend.", "de", -1),
    ],
)
def test_plain_praise_and_blame_in_each_served_language(text: str, language: str, sign: int) -> None:
    found = score(text, {})
    assert found.language == language in SERVED
    assert found.language_confidence is not None and found.language_confidence > 0.8
    assert found.sentiment is not None and found.sentiment * sign > 0.05
    assert found.model
    assert not found.is_mixed_language


@pytest.mark.parametrize("text", ["", "   \n", "…", "4417", "-", "ok"])
def test_a_text_without_letters_enough_says_nothing(text: str) -> None:
    found = score(text, THEMES)
    assert (found.language, found.sentiment, found.emotion, found.model, found.themes) == (None, None, None, None, ())


@pytest.mark.parametrize(
    ("text", "sign", "emotion"),
    [
        ("😍👍", 1, "joy"),
        ("😡😡", -1, "anger"),
        ("👍🏽", 1, "joy"),
        ("❤️", 1, "joy"),
        (":-(", -1, "sadness"),
        ("😢 !!!", -1, "sadness"),
    ],
)
def test_emoji_alone_have_a_sentiment_and_no_language(text: str, sign: int, emotion: str) -> None:
    found = score(text, {})
    assert found.language is None
    assert found.model == "emoji"
    assert found.sentiment is not None and found.sentiment * sign > 0
    assert found.emotion == emotion


def test_emoji_add_to_words() -> None:
    plain, smiling = (
        score("Paczka przyszła wczoraj po południu", {}),
        score("Paczka przyszła wczoraj po południu 😍", {}),
    )
    assert plain.sentiment == 0
    assert smiling.sentiment is not None and smiling.sentiment > 0.3
    assert smiling.language == plain.language == "pl"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("La livraison était en retard et personne ne répond au téléphone 😡", "fr"),
        ("配送が遅くて、とても残念です。", "ja"),
        ("El pedido llegó roto y nadie contesta a mis correos", "es"),
    ],
)
def test_a_language_that_is_not_served_has_a_clear_null(text: str, language: str) -> None:
    found = score(text, THEMES)
    assert found.language == language
    assert (found.sentiment, found.emotion, found.model, found.themes) == (None, None, None, ())


def test_a_comment_in_two_languages_has_the_larger_part_and_both_sentiments() -> None:
    blame = "The delivery was late and the box was badly broken."
    praise = "Obsługa bardzo miła i pomocna."
    found = score(f"{praise} {blame}", THEMES)
    assert found.is_mixed_language
    assert found.language == "en"  # it has more letters
    assert found.model == "vaderSentiment 3.3.2 + lexicon pl"
    alone = score(blame, THEMES).sentiment
    assert alone is not None and found.sentiment is not None and alone < found.sentiment
    assert set(found.themes) == {("delivery", "deliver*"), ("waiting", "late")}


def test_themes_are_found_in_the_language_of_the_comment_with_the_seeds_term() -> None:
    found = score("Dostawa była dzień przed terminem, delivery late", THEMES)
    assert found.language == "pl"
    assert found.themes == (("delivery", "dostaw*"),)


@pytest.mark.parametrize(
    ("text", "language", "sign"),
    [
        ("Nie polecam tego sklepu nikomu ze znajomych", "pl", -1),
        ("Nie mam żadnych problemów z tym urządzeniem", "pl", 1),
        ("Я не доволен вашей работой", "ru", -1),
        ("من از این خرید راضی نیستم", "fa", -1),  # a Persian negation closes the clause
        ("هیچ مشکلی با این دستگاه نداشتم", "fa", 1),
        ("Das Gerät ist gar nicht schlecht, muss man sagen", "de", 1),
        ("Diesen Laden empfehle ich nicht", "de", -1),
    ],
)
def test_a_negation_turns_a_word_round(text: str, language: str, sign: int) -> None:
    found = score(text, {})
    assert found.language == language
    assert found.sentiment is not None and found.sentiment * sign > 0.05


def test_what_follows_a_but_counts_more() -> None:
    good_first = score("Produkt dobry, ale obsługa zła i nie wrócę tu", {}).sentiment
    good_last = score("Obsługa zła i nie wrócę tu, ale produkt dobry", {}).sentiment
    assert good_first is not None and good_last is not None and good_first < 0 < good_last


def test_an_emotion_that_contradicts_the_sentiment_is_not_stated() -> None:
    assert emotion_of([("joy", 3), ("anger", 1)], -0.5) == "anger"
    assert emotion_of([("joy", 3)], -0.5) == "none"
    assert emotion_of([("anger", 3), ("surprise", 1)], 0.5) == "surprise"
    assert emotion_of([], 0.9) == "none"
    assert emotion_of([(one, 2) for one in reversed(EMOTIONS)], 0.0) == EMOTIONS[0]


def test_a_sentiment_stays_between_minus_one_and_one_and_can_be_taken_apart() -> None:
    assert -1 < squash(-10_000.0) < 0 < squash(0.1) < squash(10_000.0) < 1.0000001
    assert unsquash(squash(3.7)) == pytest.approx(3.7)
    assert abs(unsquash(1.0)) < 1_000


def test_the_version_names_the_code_and_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    version = model_version()
    assert version == model_version() and len(version) == 12
    model_version.cache_clear()
    monkeypatch.setattr(scoring, "_vader_name", lambda: "vaderSentiment 4.0.0")
    assert model_version() != version
    model_version.cache_clear()
