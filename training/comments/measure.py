"""How often the language, sentiment, emotion and themes of the labelled comments are right."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cx_warehouse.voice.scoring import score
from cx_warehouse.voice.words import Terms

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
    themes: frozenset[str]
    is_held_out: bool


@dataclass(frozen=True)
class ThemeQuality:
    """Pairs of a comment and a theme: how many are labelled, how many the terms find, how many of these are right."""

    labelled: int
    found: int
    right: int

    @property
    def precision(self) -> float | None:
        """Which share of what is found is right; none where nothing is found."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Which share of what is labelled is found; none where nothing is labelled."""
        return self.right / self.labelled if self.labelled else None


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
            Labelled(
                language,
                row["text"],
                row["sentiment"],
                row["emotion"],
                frozenset(row["themes"].split()),
                is_held_out=number % 2 == 1,
            )
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


def theme_quality(comments: Sequence[Labelled], terms: Mapping[str, Terms[str]]) -> dict[str, ThemeQuality]:
    """Of each theme, and of all: what the terms find in the comments beside what these are labelled with."""
    truth, found, right = Counter[str](), Counter[str](), Counter[str]()
    for one in comments:
        ours = {theme for theme, _ in score(one.text, terms).themes}
        truth.update(one.themes)
        found.update(ours)
        right.update(ours & one.themes)
    by_theme = {
        theme: ThemeQuality(truth[theme], found[theme], right[theme]) for theme in sorted(truth.keys() | found.keys())
    }
    return {"all": ThemeQuality(truth.total(), found.total(), right.total()), **by_theme}


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
