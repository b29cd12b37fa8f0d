"""Sentiment and emotion by a lexicon of our own: where a language has no library that brings its model along.

The rules are VADER's (Hutto and Gilbert 2014), which hold in other languages as well: negation turns a word round and
weakens it, boosters raise it, what follows a "but" counts more than what stands before it, and the sum is pressed into
−1 to 1. The words are in lexicon/<language>.csv; where they come from is in lexicon/SOURCES.md."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from cx_warehouse.voice.words import BOUNDARY, Match, Terms, words

# VADER's constants.
NEGATED, BOOSTED, DAMPED, BEFORE_BUT, AFTER_BUT, ALPHA = -0.74, 1.3, 0.7, 0.5, 1.5, 15.0
REACH = 3  # words before a word within which a negation holds
# Words behind a word within which a negation holds: Persian verbs close the clause, German ones often do.
REACH_BEHIND = {"fa": 3, "de": 2}
# What says something by itself; an emotion alone does where a library knows the word's valence (VADER).
TOLD = ("word", "emotion")
# Of two emotions equally strong the first one is stated.
EMOTIONS = ("anger", "fear", "sadness", "surprise", "joy")

_MODIFIERS = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")  # presentation and skin tone of an emoji


@dataclass(frozen=True, slots=True)
class Entry:
    """A term's kind (word, emotion, negator, booster, damper, contrast), valence (−4 to 4) and emotion."""

    kind: str
    valence: float
    emotion: str | None


@dataclass(frozen=True, slots=True)
class Tone:
    """The sum of valences, and how strong each emotion is; `hits` terms were found."""

    valence: float
    emotions: tuple[tuple[str, float], ...]
    hits: int


def squash(valence: float) -> float:
    """A sum of valences as a sentiment, −1 to 1."""
    return valence / math.sqrt(valence * valence + ALPHA)


def unsquash(sentiment: float) -> float:
    """The sum of valences that gives a sentiment; what is nearer to ±1 than 0.9999 counts as that."""
    held = max(-0.9999, min(0.9999, sentiment))
    return held * math.sqrt(ALPHA / (1 - held * held))


def tone(text: str, language: str) -> Tone:
    """What the lexicon of a language finds in a text."""
    text_words = words(text, language)
    matches = lexicon(language).find(text_words)
    kinds = {at: match for match in matches for at in range(match.start, match.end)}
    turns = [match.start for match in matches if match.value.kind == "contrast"]
    total, emotions, hits = 0.0, [], 0
    for match in matches:
        if match.value.kind not in TOLD:
            continue
        hits += 1
        factor, is_negated = _modified(match, text_words, kinds, REACH_BEHIND.get(language, 0))
        if turns:
            factor *= AFTER_BUT if match.start > turns[-1] else BEFORE_BUT
        if match.value.kind == "word":
            total += match.value.valence * factor
        if match.value.emotion and not is_negated:
            emotions.append((match.value.emotion, max(abs(match.value.valence), 1.0)))
    return Tone(total, tuple(emotions), hits)


def emoji_tone(text: str) -> tuple[str, Tone]:
    """The text without its emoji and emoticons, and what these say."""
    pattern, entries = _emoji()
    plain = _MODIFIERS.sub("", text)
    found = [entries[one] for one in pattern.findall(plain)]
    emotions = tuple((one.emotion, max(abs(one.valence), 1.0)) for one in found if one.emotion)
    return pattern.sub(" ", plain), Tone(sum(one.valence for one in found), emotions, len(found))


def emotion_of(emotions: Iterable[tuple[str, float]], sentiment: float) -> str:
    """The strongest emotion that does not contradict the sentiment, or none."""
    strength = dict.fromkeys(EMOTIONS, 0.0)
    for emotion, force in emotions:
        strength[emotion] += force
    for emotion in EMOTIONS:
        contradicts = sentiment < 0 if emotion == "joy" else sentiment > 0 and emotion != "surprise"
        if contradicts:
            strength[emotion] = 0.0
    strongest = max(EMOTIONS, key=lambda one: strength[one])
    return strongest if strength[strongest] else "none"


@cache
def lexicon(language: str) -> Terms[Entry]:
    """The lexicon of a language."""
    return Terms(((row["term"], _entry(row)) for row in _rows(language)), language)


@cache
def _emoji() -> tuple[re.Pattern[str], dict[str, Entry]]:
    entries = {row["term"]: _entry(row) for row in _rows("emoji")}
    longest_first = sorted(entries, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), entries


def _rows(name: str) -> list[dict[str, str]]:
    file = resources.files("cx_warehouse.voice").joinpath("lexicon", f"{name}.csv")
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def _entry(row: dict[str, str]) -> Entry:
    return Entry(row["kind"], float(row["valence"] or 0), row["emotion"] or None)


def _modified(match: Match[Entry], text: list[str], kinds: dict[int, Match[Entry]], behind: int) -> tuple[float, bool]:
    """What a word's valence is multiplied by, and whether it is negated."""
    factor, is_negated = 1.0, False
    for at in range(match.start - 1, max(match.start - 1 - REACH, -1), -1):
        kind = kinds[at].value.kind if at in kinds else None
        if text[at] == BOUNDARY or kind in (*TOLD, "contrast"):
            break
        is_negated |= kind == "negator"
        factor *= {"booster": BOOSTED, "damper": DAMPED}.get(kind or "", 1.0)
    for at in range(match.end, min(match.end + behind, len(text))):
        kind = kinds[at].value.kind if at in kinds else None
        if text[at] == BOUNDARY or kind in (*TOLD, "contrast"):
            break
        is_negated |= kind == "negator"
    return factor * (NEGATED if is_negated else 1.0), is_negated
