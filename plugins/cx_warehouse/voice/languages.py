"""Which language a comment is in, by py3langid: its model is in its package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from cx_warehouse.voice.words import letters

# What a company in Europe and its neighbourhood is written to in. Fewer candidates mean fewer wrong guesses on short
# comments; a language outside the list is taken for its likest neighbour, mostly with little confidence.
CANDIDATES = (
    "ar", "be", "bg", "bs", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu",
    "hy", "it", "ja", "ka", "ko", "lt", "lv", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr", "uk",
    "ur", "vi", "zh",
)  # fmt: skip
# Below it the language is not stated. Chosen on the development half of training/comments, and on unserved.csv there.
LEAST_CONFIDENCE = 0.4
# A sentence with fewer letters is not asked for a language of its own.
LEAST_LETTERS = 20
# Fewer letters than this say nothing: "ok", "n/a", ":D".
LEAST_LETTERS_IN_ALL = 3

_SENTENCE = re.compile(r"[^.!?…؟\n]+[.!?…؟\n]*")


@dataclass(frozen=True, slots=True)
class Part:
    """What of a comment is in one language; without a language where none can be told."""

    text: str
    language: str | None
    confidence: float | None


def detect(text: str) -> Part:
    """The language of a text as a whole (ISO 639-1) and how sure that is, 0–1."""
    if letters(text) < LEAST_LETTERS_IN_ALL:
        return Part(text, None, None)
    language, confidence = _identifier().classify(text)
    return Part(text, str(language) if confidence >= LEAST_CONFIDENCE else None, round(float(confidence), 4))


def parts(text: str) -> list[Part]:
    """The parts of a comment by language, the largest first: sentences that are long enough are asked one by one,
    the others go with the whole."""
    whole = detect(text)
    sentences = _SENTENCE.findall(text)
    if sum(letters(one) >= LEAST_LETTERS for one in sentences) < 2:
        return [whole]
    long = [detect(one).language if letters(one) >= LEAST_LETTERS else None for one in sentences]
    if len({one for one in long if one}) < 2:
        return [whole]
    by_language: dict[str, list[str]] = {}
    for sentence, language in zip(sentences, long, strict=True):
        by_language.setdefault(language or whole.language or next(filter(None, long)), []).append(sentence)
    found = [detect(" ".join(one)) for one in by_language.values()]
    return sorted(found, key=lambda one: -letters(one.text))


@cache
def name() -> str:
    """The detector and its version."""
    return f"py3langid {version('py3langid')}"


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([one for one in CANDIDATES if one in set(identifier.nb_classes)])
    return identifier
