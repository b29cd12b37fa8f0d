"""A text as words in the one form in which lexicons and themes are compared, and terms found in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")

# What ends a clause: a negation does not reach beyond it, and no term spans it.
BOUNDARY = "|"

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|[.,;:!?…،؛؟()\n]")
# Polish is often typed without its marks; in German a mark tells words apart (schon, schön), so it stays there.
_UNMARKED = str.maketrans("ąćęłńóśźż", "acelnoszz")
# One letter for those that keyboards mix up; the zero-width non-joiner is written or left out as one likes.
_PERSIAN = {ord("ي"): "ی", ord("ى"): "ی", ord("ك"): "ک", ord("ة"): "ه", ord("أ"): "ا", ord("ؤ"): "و", 0x200C: None}


def fold(text: str, language: str) -> str:
    """The text in lower case, with the spellings of one word made one."""
    text = unicodedata.normalize("NFKC", text).lower()
    if language == "pl":
        return text.translate(_UNMARKED)
    if language == "ru":
        return text.replace("ё", "е")
    if language == "fa":
        return "".join(one for one in text.translate(_PERSIAN) if not unicodedata.combining(one))
    return text.replace("’", "'")


def words(text: str, language: str) -> list[str]:
    """The words of a text, folded, with BOUNDARY for each mark that ends a clause."""
    return [one if one[0].isalpha() else BOUNDARY for one in _TOKEN.findall(fold(text, language))]


def letters(text: str) -> int:
    """How many letters a text has."""
    return sum(map(str.isalpha, text))


@dataclass(frozen=True, slots=True)
class Match(Generic[Value]):
    """A term found: the words from `start` up to `end`."""

    start: int
    end: int
    term: str
    value: Value


class Terms(Generic[Value]):
    """Terms of one or more words; a word that ends in * stands for all words that begin so."""

    def __init__(self, terms: Iterable[tuple[str, Value]], language: str) -> None:
        self._first: dict[str, list[tuple[Sequence[str], str, Value]]] = {}
        self._shortest = 99
        for term, value in terms:
            pattern = fold(term, language).split()
            if not pattern or any(not one.rstrip("*") or "*" in one[:-1] for one in pattern):
                raise ValueError(f"a term is words, each of which may end in *: {term!r}")
            if pattern[0].endswith("*"):
                self._shortest = min(self._shortest, len(pattern[0]) - 1)
            self._first.setdefault(pattern[0], []).append((pattern[1:], term, value))

    def find(self, text: Sequence[str]) -> list[Match[Value]]:
        """The terms in a text from left to right, of several at one place the longest."""
        found: list[Match[Value]] = []
        at = 0
        while at < len(text):
            match = max(
                self.at(text, at), key=lambda one: (one.end, not one.term.endswith("*"), len(one.term)), default=None
            )
            if match is not None:
                found.append(match)
            at = match.end if match else at + 1
        return found

    def find_all(self, text: Sequence[str]) -> Iterator[Match[Value]]:
        """Every term in a text, also where they overlap."""
        for at in range(len(text)):
            yield from self.at(text, at)

    def at(self, text: Sequence[str], at: int) -> Iterator[Match[Value]]:
        """Every term that begins with the word at a place."""
        word = text[at]
        stems = (word[:length] + "*" for length in range(self._shortest, len(word) + 1))
        for first in (word, *stems):
            for rest, term, value in self._first.get(first, ()):
                end = at + 1 + len(rest)
                if end <= len(text) and all(map(_fits, rest, text[at + 1 : end])):
                    yield Match(at, end, term, value)


def _fits(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern
