"""A comment's score: language, sentiment, emotion and themes, and by which model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import Any

from cx_warehouse.voice import languages
from cx_warehouse.voice.languages import Part
from cx_warehouse.voice.lexicons import Tone, emoji_tone, emotion_of, squash, tone, unsquash
from cx_warehouse.voice.words import Terms, letters, words

# The languages whose sentiment is scored, by VADER or by a lexicon of our own.
SERVED = ("en", "pl", "ru", "fa", "de")

Themes = Mapping[str, Terms[str]]


@dataclass(frozen=True, slots=True)
class Score:
    """What a comment says. `language` is ISO 639-1, null where none can be told; `language_confidence` 0–1;
    `sentiment` −1 to 1, null where its language is not served; `emotion` one of EMOTIONS or none, null likewise.
    `themes` are pairs of a theme and the seed's term that was found."""

    language: str | None
    language_confidence: float | None
    is_mixed_language: bool
    sentiment: float | None
    emotion: str | None
    model: str | None
    themes: tuple[tuple[str, str], ...]


def score(text: str, themes: Mapping[str, Terms[str]]) -> Score:
    """Score one comment; `themes` are the terms of themes by language.

    Emoji count in every language, and alone where there is nothing else. A comment in two languages has the language
    of its larger part, and the mean of its parts' sentiments by their letters."""
    plain, emoji = emoji_tone(text)
    parts = languages.parts(plain)
    served = [(part, _tone(part)) for part in parts if part.language in SERVED]
    found = sorted({hit for part in parts for hit in _themes(part, themes)})
    main = parts[0]
    is_wordless = letters(plain) < languages.LEAST_LETTERS_IN_ALL
    sentiment = squash(emoji.valence) if is_wordless and emoji.hits else _mean(served, emoji)
    emotions = (*emoji.emotions, *(one for _, part_tone in served for one in part_tone.emotions))
    return Score(
        main.language,
        main.confidence,
        len({part.language for part in parts}) > 1,
        None if sentiment is None else round(sentiment, 4),
        None if sentiment is None else emotion_of(emotions, sentiment),
        _model([str(part.language) for part, _ in served]) or ("emoji" if sentiment is not None else None),
        tuple(found),
    )


@cache
def model_version() -> str:
    """Changes when the code, a lexicon or a library does; equal versions give equal scores."""
    digest = hashlib.sha256(f"{languages.name()} {_vader_name()}".encode())
    folder = resources.files("cx_warehouse.voice")
    files = [one for place in (folder, folder.joinpath("lexicon")) for one in place.iterdir() if one.is_file()]
    for file in sorted(files, key=lambda one: one.name):
        if file.name.endswith((".py", ".csv")):
            digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _themes(part: Part, themes: Themes) -> set[tuple[str, str]]:
    terms = themes.get(part.language or "")
    if terms is None or part.language is None:
        return set()
    return {(match.value, match.term) for match in terms.find_all(words(part.text, part.language))}


def _tone(part: Part) -> Tone:
    if part.language == "en":
        own = tone(part.text, "en")  # emotions, and what customers say that VADER does not know
        known = unsquash(_vader().polarity_scores(part.text)["compound"])
        return Tone(known + own.valence, own.emotions, own.hits)
    return tone(part.text, str(part.language))


def _mean(served: list[tuple[Part, Tone]], emoji: Tone) -> float | None:
    if not served:
        return None
    if len(served) == 1:
        return squash(served[0][1].valence + emoji.valence)
    weights = [letters(part.text) for part, _ in served]
    mean = sum(part_tone.valence * weight for (_, part_tone), weight in zip(served, weights, strict=True)) / sum(
        weights
    )
    return squash(mean + emoji.valence)


def _model(served: list[str]) -> str:
    return " + ".join(_vader_name() if language == "en" else f"lexicon {language}" for language in served)


@cache
def _vader_name() -> str:
    return f"vaderSentiment {version('vaderSentiment')}"


@cache
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
