"""How often the language, sentiment and emotion of the labelled comments are right."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cx_warehouse.voice.scoring import score

LANGUAGES = ("en", "pl", "ru", "fa", "de")
POLARITIES = ("positive", "negative", "neutral")
# A sentiment nearer to 0 than this says neither; VADER's own border.
NEUTRAL = 0.05


@dataclass(frozen=True)
class Labelled:
    """One comment with its labels; `is_held_out` rows were never looked at for a remedy."""

    language: str
    text: str
    sentiment: str
    emotion: str
    is_held_out: bool


@dataclass(frozen=True)
class Quality:
    """Shares of `n` comments, 0–1. `sign_right` and `sign_wrong` are of those labelled positive or negative: the rest
    of these is taken for neutral. Macro-F1 is the mean over the classes that the labels have."""

    n: int
    language: float
    sentiment: float
    sentiment_macro_f1: float
    sign_right: float
    sign_wrong: float
    emotion: float
    emotion_macro_f1: float


def labelled(language: str) -> list[Labelled]:
    """The labelled comments of a language."""
    with (Path(__file__).parent / f"{language}.csv").open(encoding="utf-8", newline="") as file:
        return [
            Labelled(language, row["text"], row["sentiment"], row["emotion"], number % 2 == 1)
            for number, row in enumerate(csv.DictReader(file))
        ]


def quality(comments: Sequence[Labelled]) -> Quality:
    """Score the comments, and compare."""
    found = [score(one.text, {}) for one in comments]
    polarity = [polarity_of(one.sentiment) for one in found]
    truth = [one.sentiment for one in comments]
    sided = [(ours, label) for ours, label in zip(polarity, truth, strict=True) if label != "neutral"]
    emotions = [one.emotion or "none" for one in found]
    felt = [one.emotion for one in comments]
    return Quality(
        len(comments),
        _share(one.language == label.language for one, label in zip(found, comments, strict=True)),
        _share(ours == label for ours, label in zip(polarity, truth, strict=True)),
        macro_f1(polarity, truth),
        _share(ours == label for ours, label in sided),
        _share(ours not in (label, "neutral") for ours, label in sided),
        _share(ours == label for ours, label in zip(emotions, felt, strict=True)),
        macro_f1(emotions, felt),
    )


def polarity_of(sentiment: float | None) -> str:
    """A sentiment as one of three classes; null counts as neutral."""
    if sentiment is None or abs(sentiment) < NEUTRAL:
        return "neutral"
    return "positive" if sentiment > 0 else "negative"


def macro_f1(found: Sequence[str], truth: Sequence[str]) -> float:
    """The mean of the classes' F1."""
    scores = []
    for label in sorted(set(truth)):
        right = sum(ours == label == theirs for ours, theirs in zip(found, truth, strict=True))
        scores.append(2 * right / (found.count(label) + truth.count(label)))
    return sum(scores) / len(scores)


def _share(flags: Iterable[bool]) -> float:
    held = list(flags)
    return sum(held) / len(held)
