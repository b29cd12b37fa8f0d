"""Names of people, compared across spellings, scripts and the order in which a form asks for them.

A comparison answers one question: may two records that share an address or a number be one person? It never says that
two records are one person because their names agree: namesakes are many."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from importlib.resources import files

from anyascii import anyascii
from rapidfuzz.distance import OSA, JaroWinkler

# Where Persian is read otherwise than Arabic, which is what anyascii knows.
_PERSIAN = str.maketrans(
    {"ض": "z", "ذ": "z", "ظ": "z", "ث": "s", "ص": "s", "ط": "t", "ق": "gh", "غ": "gh", "و": "v", "ژ": "zh", "ع": "a"}
)
_OTHER_SCRIPT = re.compile("[^\u0000-\u024f\u1e00-\u1eff\u2000-\u206f]")  # beyond Latin letters and punctuation
_WORD = re.compile("[a-z]+")
_VOWELS = str.maketrans("", "", "aeiouyj'`")
_TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "prof", "pan", "pani", "herr", "frau", "sir", "madam"])
# What forms and imports write where nobody told a name.
_PLACEHOLDERS = frozenset(
    {"unknown", "anonymous", "guest", "customer", "user", "test", "tester", "client", "klient", "kunde"}
    | {"nobody", "none", "null", "na", "brak", "visitor", "caller"}
)


class Agreement(IntEnum):
    """How two names stand to each other, weakest first."""

    DIFFERENT = 0  # two people, as far as names tell
    COMPATIBLE = 1  # nothing speaks against one person: a part is missing, or the family name changed
    SAME = 2  # given and family name agree


@dataclass(frozen=True)
class PersonName:
    """A name in plain lower-case Latin letters.

    `given` is the first given name and `family` the rest, as far as known; further given names, where a source keeps
    them apart from the family's, are `middle`. `is_structured` says that the source keeps
    the two apart, so that their order is certain; `is_romanised` that the letters were of another script, so that
    vowels may be missing or guessed."""

    given: str
    family: tuple[str, ...] = ()
    is_structured: bool = False
    is_romanised: bool = False
    middle: tuple[str, ...] = ()

    @property
    def letters(self) -> str:
        """All of it without a space."""
        return "".join((self.given, *self.middle, *self.family))

    @property
    def tokens(self) -> tuple[str, ...]:
        """Given and family name in order."""
        return (self.given, *self.family)


def romanised(text: str) -> str:
    """`text` in lower-case Latin letters without accents; everything but letters becomes one space."""
    latin = text if text.isascii() else anyascii(text.casefold().translate(_PERSIAN))
    return " ".join(_WORD.findall(latin.lower().replace("'", "")))


def parse_name(full_name: str | None = None, given: str | None = None, family: str | None = None) -> PersonName | None:
    """A name from two fields (`given`, `family`) or from one (`full_name`, the given name first unless a comma says
    otherwise). None where there is no name in it: no letters, or only a placeholder such as "Guest"."""
    if given or family:
        text = f"{given or ''} {family or ''}"
        first, rest = _parts(given or ""), _parts(family or "")
        if not first or not rest:  # one of two fields: which one it is, is not sure enough to rely on
            first, rest, structured = first or rest, [], False
        else:
            structured = True
        parts, middle = ([first[0], *rest], tuple(first[1:])) if first else ([], ())
    else:
        text, structured, middle = full_name or "", False, ()
        before, comma, after = text.partition(",")
        parts = _parts(f"{after} {before}" if comma else text)
    if _PLACEHOLDERS.issuperset(parts):
        return None
    return PersonName(parts[0], tuple(parts[1:]), structured, bool(_OTHER_SCRIPT.search(text)), middle)


def _parts(text: str) -> list[str]:
    return [part for part in romanised(text).split() if part not in _TITLES]


class Names:
    """Compares names; `variants` maps a short form to its full one (kuba → jakub), both romanised."""

    def __init__(self, variants: Mapping[str, str] | None = None) -> None:
        self._variants = dict(variants or {})

    def agreement(self, left: PersonName | None, right: PersonName | None) -> Agreement:
        """How two names stand to each other; an unknown one is compatible with every other. Symmetrical."""
        if left is None or right is None:
            return Agreement.COMPATIBLE
        if left == right:
            return Agreement.SAME if left.family else Agreement.COMPATIBLE
        if left.family and right.family and _same_run_together(left, right):
            return Agreement.SAME
        loose = left.is_romanised != right.is_romanised
        if not left.family or not right.family:
            known = any(
                self._given_match(one, other, loose) or _family_match(one, other, loose)
                for one in left.tokens
                for other in right.tokens
            )
            return Agreement.COMPATIBLE if known else Agreement.DIFFERENT
        if self._given_match(left.given, right.given, loose):
            if _families_match(left.family, right.family, loose):
                whole = len(left.given) > 1 and len(right.given) > 1 and not _only_initials(left, right)
                return Agreement.SAME if whole else Agreement.COMPATIBLE
            # a changed family name, but only where the part that agrees is the given name for sure
            certain = left.is_structured or right.is_structured or any(map(is_given_name, (left.given, right.given)))
            return Agreement.COMPATIBLE if certain else Agreement.DIFFERENT
        if left.is_structured and right.is_structured:
            return Agreement.DIFFERENT
        if self._agree_swapped(left, right, loose) or self._agree_swapped(right, left, loose):
            return Agreement.SAME
        # the same of "Hall Margaret", who is Margaret Martin by now
        sure, unsure = (left, right) if left.is_structured else (right, left)
        changed = sure.is_structured and any(self._given_match(sure.given, part, loose) for part in unsure.family)
        return Agreement.COMPATIBLE if changed else Agreement.DIFFERENT

    def _agree_swapped(self, left: PersonName, right: PersonName, loose: bool) -> bool:
        """As of "Nowak Anna" and "Anna Nowak"."""
        if len(left.family) > 1 and len(right.family) > 1:
            return False
        return any(self._given_match(left.given, other, loose) for other in right.family) and any(
            _family_match(one, right.given, loose) for one in left.family
        )

    def _given_match(self, left: str, right: str, loose: bool) -> bool:
        left, right = self._variants.get(left, left), self._variants.get(right, right)
        if left == right or (min(len(left), len(right)) == 1 and left[0] == right[0]):
            return True
        if loose and _same_consonants(left, right, least=4):
            return True
        # one letter of a long name may be a slip, but not where it makes another name of it: Marta is not Maria
        slip = min(len(left), len(right)) > 4 and OSA.distance(left, right, score_cutoff=1) <= 1
        return slip and not (is_given_name(left) and is_given_name(right))


@lru_cache(maxsize=1)
def _given_names() -> frozenset[str]:
    """Given names of some fifty countries (Jörg Michael's list), romanised (`training.names_in_use`): to read the list
    itself takes a second."""
    return frozenset((files("cx_warehouse.identity") / "model" / "names_in_use.txt").read_text("utf-8").splitlines())


def is_given_name(token: str) -> bool:
    """Whether a romanised token is a given name that is in use somewhere."""
    return token in _given_names()


def _same_run_together(left: PersonName, right: PersonName) -> bool:
    """Whether two names differ by a stray or a missing space ("Lach lan"), and by one slip at most if they are long."""
    one, other = left.letters, right.letters
    if one == other:
        return True
    if left.given != right.given and is_given_name(left.given) and is_given_name(right.given):
        return False
    return min(len(one), len(other)) > 9 and OSA.distance(one, other, score_cutoff=1) <= 1


def _families_match(left: tuple[str, ...], right: tuple[str, ...], loose: bool) -> bool:
    return any(_family_match(one, other, loose) for one in left for other in right)


def _family_match(left: str, right: str, loose: bool) -> bool:
    """Equal but for one slip (two in a long one) or an ending (Kowalska, Kowalski); an initial stands for its name."""
    if left == right or (min(len(left), len(right)) == 1 and left[0] == right[0]):
        return True
    if loose and _same_consonants(left, right, least=3):
        return True
    shorter = min(len(left), len(right))
    slips = 2 if shorter > 6 else 1 if shorter > 3 else 0
    return slips > 0 and OSA.distance(left, right, score_cutoff=slips) <= slips


def _only_initials(left: PersonName, right: PersonName) -> bool:
    return all(len(part) == 1 for part in left.family) or all(len(part) == 1 for part in right.family)


def _same_consonants(left: str, right: str, *, least: int) -> bool:
    """Whether two spellings of which one comes from another script may be one name: vowels are guessed there.
    Consonants need not be the very same where both have `least` of them or more: brothers are called Mahdi and
    Mohammad (mhd, mhmd), Hasan and Mohsen."""
    one, other = skeleton(left), skeleton(right)
    if one == other and one:
        return len(one) > 1 or JaroWinkler.similarity(left, right) >= 0.8
    bare, other_bare = one.replace("v", ""), other.replace("v", "")  # one Persian letter is v, u and o
    if bare == other_bare and len(bare) > 1:
        return True
    if is_given_name(left) and is_given_name(right):
        return False  # Мария is not Marta
    return min(len(one), len(other)) >= least and JaroWinkler.similarity(one, other) >= 0.9


def skeleton(text: str) -> str:
    """The consonants of a romanised name, doubled ones once, spelled one way."""
    plain = text.replace("x", "ks").replace("w", "v").replace("ph", "f").replace("kh", "h").replace("ch", "h")
    plain = plain.replace("gh", "g").replace("q", "g").translate(_VOWELS)
    return re.sub(r"(?<=..)h$", "", re.sub(r"(.)\1+", r"\1", plain))  # Sarah, Fatemeh: the last h is not heard
