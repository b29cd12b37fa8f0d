"""Names that people bear, and how common they are, from two packages.

- Given names: Jörg Michael's list of 2008 (`nam_dict.txt` of the package gender-guesser, GNU FDL 1.2 or later), which
  grades some 40,000 names for fifty countries by powers of two. The upper end of a grade is taken.
- Family names: the package faker (MIT). Its lists for the USA and Great Britain have shares, those for Poland (the
  names in -ski and their like) and Russia are in the order of how common they are; the n-th of these is taken to be as
  common as the n-th in the USA. The other lists (Germany, other Polish names, Iran) say only that a name is in use: all
  of a list are taken to be equally common. Shares are those within a list, which overstates them: the list for the USA
  covers about two people in five.

A name is as common as it is in the country where it is most common, since a company's customers live in few countries.
Overstating how common a name is understates what its agreement proves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from importlib.resources import files

from gender_guesser.detector import Detector

from cx_warehouse.identity.names import romanised

COUNTRIES = ("poland", "usa", "great_britain", "germany", "russia", "iran")
_LOCALES = dict(zip(COUNTRIES, ("pl_PL", "en_US", "en_GB", "de_DE", "ru_RU", "fa_IR"), strict=True))
_AT = 30  # where a line's grades begin, one character a country
_TOP = 0.02  # the upper end of grade 9; each grade is a factor of two
_ADJECTIVE = re.compile("(sk|ck|dzk)i$")

# Persian names as they are written there, and as their bearers spell them in Latin letters. Faker has only the former.
PERSIAN_MEN = {
    "محمد": "mohammad muhammad mohammed mohamad",
    "علی": "ali aly",
    "حسین": "hossein hussein hosein husayn",
    "حسن": "hassan hasan",
    "رضا": "reza ridha reda",
    "مهدی": "mahdi mehdi",
    "امیر": "amir ameer",
    "سعید": "saeed said saeid",
    "احمد": "ahmad ahmed",
    "محسن": "mohsen mohsin",
    "مجید": "majid majeed",
    "حمید": "hamid hameed",
    "یوسف": "yousef yusuf youssef",
    "ابراهیم": "ebrahim ibrahim",
    "فرهاد": "farhad",
    "بهروز": "behrouz behrooz behruz",
}
PERSIAN_WOMEN = {
    "فاطمه": "fatemeh fatima fatime",
    "زهرا": "zahra",
    "مریم": "maryam mariam",
    "زینب": "zeinab zaynab zeynab",
    "لیلا": "leila leyla layla",
    "سارا": "sara sarah",
    "نرگس": "narges nargis",
    "مینا": "mina meena",
    "شیرین": "shirin shireen",
    "نسرین": "nasrin nasreen",
    "پریسا": "parisa",
    "الهام": "elham ilham",
    "سمیرا": "samira",
    "آزاده": "azadeh azade",
    "بهاره": "bahareh bahare",
    "نازنین": "nazanin",
}
PERSIAN_FAMILIES = {
    "محمدی": "mohammadi muhammadi mohamadi",
    "حسینی": "hosseini husseini hoseini",
    "احمدی": "ahmadi ahmady",
    "کریمی": "karimi kareemi",
    "رضایی": "rezaei rezaee rezai",
    "موسوی": "mousavi moosavi musavi",
    "جعفری": "jafari jaafari",
    "هاشمی": "hashemi hashimi",
    "صادقی": "sadeghi sadeqi sadegi",
    "رحیمی": "rahimi raheemi",
    "ابراهیمی": "ebrahimi ibrahimi",
    "اکبری": "akbari",
    "قاسمی": "ghasemi qasemi gasemi",
    "نوری": "nouri noori nuri",
    "امینی": "amini ameeni",
    "یوسفی": "yousefi yusefi",
    "طاهری": "taheri tahiri",
    "شریفی": "sharifi shareefi",
    "زارعی": "zarei zaree",
    "باقری": "bagheri baqeri",
}


@lru_cache(maxsize=1)
def graded() -> tuple[tuple[str, str, str], ...]:
    """(name, sex, grades) of the list: sex is M, F or ? for both, grades one character for each country."""
    found = []
    for line in (files("gender_guesser") / "data" / "nam_dict.txt").read_text("utf-8").splitlines():
        # a plus in column 30 repeats a name for another order of sorting
        if line[0] in "#=" or line[29] == "+":
            continue
        kind, name = line[:_AT].split()[:2]
        found.append((romanised(name.replace("+", "")), kind[-1], line[_AT:85]))
    return tuple(found)


def known_names() -> list[str]:
    """All given names of the list, however rare, romanised."""
    return sorted({romanised(name) for name in Detector(case_sensitive=False).names})


def _share(grade: str) -> float:
    return _TOP * 2.0 ** (int(grade, 16) - 9)


def given_names(country: str) -> dict[str, dict[str, float]]:
    """Sex (M or F) → romanised given name → share of the country's people, for people to be made of. The list has one
    grade for Arabia and Persia together."""
    column = Detector.COUNTRIES.index("arabia" if country == "iran" else country)
    found: dict[str, dict[str, float]] = {"M": {}, "F": {}}
    for name, sex, grades in graded():
        if grades[column].strip() and sex in found and " " not in name:
            found[sex][name] = max(_share(grades[column]), found[sex].get(name, 0.0))
    return found


def _provider(country: str) -> object:
    return import_module(f"faker.providers.person.{_LOCALES[country]}").Provider


def _shares(names: dict[str, float]) -> dict[str, float]:
    total = sum(names.values())
    return {name: share / total for name, share in names.items()}


@lru_cache(maxsize=1)
def _american() -> tuple[float, ...]:
    return tuple(sorted(_shares(dict(_provider("usa").last_names)).values(), reverse=True))  # type: ignore[attr-defined]


def ranked(names: Iterable[str]) -> dict[str, float]:
    """Names from the most common on, each as common as the one of its rank in the USA."""
    return dict(zip(names, _american(), strict=False))


def cyrillic_names(sex: str) -> tuple[dict[str, float], dict[str, float]]:
    """Given and family names of Russia as they are written there, with shares."""
    provider = _provider("russia")
    word = "male" if sex == "M" else "female"
    given = list(getattr(provider, f"first_names_{word}"))
    return _even(given), ranked(getattr(provider, f"last_names_{word}"))


def _even(names: Iterable[str]) -> dict[str, float]:
    found = list(names)
    return dict.fromkeys(found, 1 / len(found))


def family_names(country: str, sex: str) -> dict[str, float]:
    """Romanised family name → share; those of Russia and Poland have an ending for each sex."""
    provider = _provider(country)
    if country in ("usa", "great_britain"):
        found = _shares(dict(provider.last_names))  # type: ignore[attr-defined]
    elif country == "russia":
        found = cyrillic_names(sex)[1]
    elif country == "iran":
        found = _even(spelling.split()[0] for spelling in PERSIAN_FAMILIES.values())
    elif country == "germany":
        found = _even(provider.last_names)  # type: ignore[attr-defined]
    else:
        found = _even(provider.unisex_last_names)  # type: ignore[attr-defined]
        adjectives = [name for name in provider.male_last_names if _ADJECTIVE.search(name)]  # type: ignore[attr-defined]
        ending = "i" if sex == "M" else "a"
        found |= {name[:-1] + ending: share for name, share in ranked(adjectives).items()}
    names: dict[str, float] = {}
    for name, share in found.items():
        plain = romanised(name)
        names[plain] = max(share, names.get(plain, 0.0))
    return names


def given_frequencies(at_least: float) -> dict[str, float]:
    """Romanised given name → its share in the country where it is most common, names rarer than that left out."""
    found: dict[str, float] = {}
    for name, _, grades in graded():
        share = max((_share(grade) for grade in grades if grade.strip()), default=0.0)
        found[name] = max(share, found.get(name, 0.0))
    return _sorted(found, at_least)


def family_frequencies(at_least: float) -> dict[str, float]:
    """Romanised family name → its share where it is most common, names rarer than that left out. Persian names as faker
    has them, in the letters that `romanised` makes of their script, and as they are spelled in Latin letters."""
    found: dict[str, float] = {}
    lists = [family_names(country, sex) for country in COUNTRIES for sex in "MF"]
    persian = _even(_provider("iran").last_names)  # type: ignore[attr-defined]
    lists.append({romanised(name): share for name, share in persian.items()})
    lists.append({name: 1 / len(PERSIAN_FAMILIES) for names in PERSIAN_FAMILIES.values() for name in names.split()})
    for names in lists:
        for name, share in names.items():
            found[name] = max(share, found.get(name, 0.0))
    return _sorted(found, at_least)


def _sorted(found: dict[str, float], at_least: float) -> dict[str, float]:
    # two digits say all that is known, and read the same on every machine
    rounded = {name: float(f"{share:.2g}") for name, share in found.items() if name}
    return {name: rounded[name] for name in sorted(rounded) if rounded[name] >= at_least}
