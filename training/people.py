"""A made population: households of people who do not exist, in six languages, with what makes them hard to tell apart.

Namesakes, fathers and sons of one name, twins, shared landlines and mailboxes, numbers that another person had before:
all more frequent than in life, so that a threshold that holds here is not a lucky one. Shares are assumptions, written
down in `Habits`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from importlib import import_module
from itertools import accumulate

from cx_warehouse.identity.names import romanised
from training import names_in_use as names

LATIN = ("poland", "usa", "great_britain", "germany")


@dataclass(frozen=True)
class Habits:
    """Shares (0 to 1) of what happens in a population."""

    countries: Mapping[str, float] = field(
        default_factory=lambda: {
            "poland": 0.3,
            "usa": 0.15,
            "great_britain": 0.15,
            "germany": 0.15,
            "russia": 0.15,
            "iran": 0.1,
        }
    )
    household_sizes: tuple[float, ...] = (0.45, 0.25, 0.15, 0.1, 0.05)  # one person, two, …
    one_family_name: float = 0.85  # of couples
    father_and_son: float = 0.01  # of sons, who bear their father's name
    twins: float = 0.04  # of children
    landline: float = 0.3  # of households of two or more, whose members give it as their number
    mailbox: float = 0.15  # of such households, whose members write from one address
    company: float = 0.03  # of people, who write from the mailbox and the switchboard of their work
    recycled_phone: float = 0.03  # of people, whose number was another's before
    namesake: float = 0.04  # of people, who are given the name of another of their country
    namesake_in_town: float = 0.3  # of those, who live in the same town too
    namesake_born: float = (
        0.005  # of those, who were born on the same day too: several times what chance does to a million
    )
    numbers_in_a_row: float = 0.5  # of households, whose customer numbers follow each other
    second_number: float = 0.1  # of people, who were registered as a customer twice
    moves: float = 0.3
    new_email: float = 0.4
    new_phone: float = 0.3
    new_family_name: float = 0.05  # of women


@dataclass(frozen=True)
class Address:
    """Where a household lives."""

    street: str
    city: str
    postal_code: str


@dataclass(frozen=True)
class Name:
    """`spellings` of each part, the usual one first; `script` is both parts as written in another script, or None."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    script: tuple[str, str] | None = None


@dataclass(frozen=True)
class Person:
    """One who does not exist. Where there are two values, the second one came later; `None` is: has none."""

    country: str
    sex: str
    names: tuple[Name, ...]
    born: date
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    homes: tuple[Address, ...]
    numbers: tuple[str, ...]


class Chooser:
    """Draws from weighted values, each as likely as its weight."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._values = list(weights)
        self._sums = list(accumulate(weights.values()))

    def draw(self, dice: random.Random) -> str:
        """One value."""
        return dice.choices(self._values, cum_weights=self._sums)[0]


@cache
def _chooser(kind: str, country: str, sex: str) -> Chooser:
    if country == "russia":
        given, family = names.cyrillic_names(sex)
        # faker's list is not ordered; some names are drawn far more often than others all the same
        usual = names.ranked(sorted(given, key=lambda name: random.Random(name).random()))
        return Chooser(usual if kind == "given" else family)
    if country == "iran":
        given = names.PERSIAN_MEN if sex == "M" else names.PERSIAN_WOMEN
        return Chooser(names.ranked(given if kind == "given" else names.PERSIAN_FAMILIES))
    return Chooser(names.given_names(country)[sex] if kind == "given" else names.family_names(country, sex))


def _respelled(plain: str) -> tuple[str, ...]:
    """A Russian name in the ways that passports, banks and their bearers write it in Latin letters."""
    ways = [plain]
    for old, new in (("iya", "ia"), ("ya", "ia"), ("yu", "iu"), ("y", "j"), ("ks", "x"), ("kh", "h"), ("ey", "ei")):
        ways += [way.replace(old, new) for way in ways[-3:] if old in way]
    return tuple(dict.fromkeys(way.removesuffix("j") + ("y" if way.endswith("j") else "") for way in ways))[:4]


def draw_name(dice: random.Random, country: str, sex: str, family_of: Name | None = None) -> Name:
    """A name; with `family_of`, its family name in the form for `sex`."""
    given = _chooser("given", country, sex).draw(dice)
    family = _chooser("family", country, sex).draw(dice)
    if country in LATIN:
        if family_of:
            family = _of_sex(family_of.family[0], country, sex)
        return Name((given,), (family,))
    if family_of and family_of.script:
        family = _of_sex(family_of.script[1], country, sex)
    if country == "russia":
        return Name(_respelled(romanised(given)), _respelled(romanised(family)), (given, family))
    spelled = names.PERSIAN_MEN | names.PERSIAN_WOMEN
    return Name(tuple(spelled[given].split()), tuple(names.PERSIAN_FAMILIES[family].split()), (given, family))


def _of_sex(family: str, country: str, sex: str) -> str:
    if country == "poland" and family[-3:-1] in ("sk", "ck"):
        return family[:-1] + ("i" if sex == "M" else "a")
    if country == "russia":
        stem = family.removesuffix("а") if family.endswith(("ова", "ева", "ина", "ына")) else family
        return stem + "а" if sex == "F" and stem.endswith(("ов", "ев", "ин", "ын")) else stem
    return family


@cache
def _places(country: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Streets and towns of a country, romanised: faker's where it lists them, else made of family names."""
    locale = {"poland": "pl_PL", "germany": "de_DE", "russia": "ru_RU"}.get(country)
    provider = import_module(f"faker.providers.address.{locale}").Provider if locale else None
    families = list(names.family_names(country, "M"))
    streets = {
        "poland": lambda: [f"ul {romanised(name)}" for name in provider.streets],
        "germany": lambda: [f"{name}strasse" for name in families],
        "russia": lambda: [f"ul {romanised(name)}" for name in provider.street_titles],
        "iran": lambda: [f"{name} street" for name in families],
    }.get(country, lambda: [f"{name} {kind}" for name in families for kind in ("street", "road", "lane")])()
    if country == "russia":
        towns = [romanised(name) for name in provider.city_names]
    elif provider:
        towns = [romanised(name) for name in provider.cities]
    elif country == "iran":
        towns = ["tehran", "mashhad", "isfahan", "karaj", "shiraz", "tabriz", "qom", "ahvaz", "kermanshah", "rasht"]
    else:
        towns = [f"{name}{end}" for name in families[:150] for end in ("ton", "ville", "field")]
    return tuple(streets), tuple(towns)


class Population:
    """Makes people; everything follows from `seed`."""

    def __init__(self, seed: int, habits: Habits | None = None) -> None:
        self.dice = random.Random(seed)
        self.habits = habits or Habits()
        self._countries = Chooser(self.habits.countries)
        self._number = 4_000_000 + 1_000 * (seed % 1_000)
        self._people: dict[str, list[Person]] = {country: [] for country in self.habits.countries}
        self._company: tuple[str, str] = ("", "")
        self._taken: set[str] = set()  # e-mail addresses

    def people(self, count: int) -> list[Person]:
        """At least `count` people, in whole households."""
        found: list[Person] = []
        while len(found) < count:
            found += self._household(self._countries.draw(self.dice))
        return found

    def _chance(self, share: float) -> bool:
        return self.dice.random() < share

    def _household(self, country: str) -> list[Person]:
        dice, habits = self.dice, self.habits
        size = dice.choices(range(1, len(habits.household_sizes) + 1), weights=habits.household_sizes)[0]
        home = self._address(country)
        shared_phone = self._phone(country) if size > 1 and self._chance(habits.landline) else None
        in_a_row = self._chance(habits.numbers_in_a_row)
        members: list[Person] = []
        for sex, name, born in self._members(country, size):
            self._number += 1 if in_a_row and members else dice.randrange(2, 60)
            numbers = [str(self._number)]
            if self._chance(habits.second_number):
                self._number += dice.randrange(1, 60)
                numbers.append(str(self._number))
            members.append(self._person(country, sex, name, born, home, shared_phone, numbers))
        if size > 1 and self._chance(habits.mailbox):
            members = [replace(one, emails=(members[0].emails[0], *one.emails[1:])) for one in members]
        for number, one in enumerate(members):
            others = self._people[country]
            if others and self._chance(habits.namesake):
                members[number] = self._namesake(one, dice.choice(others))
            if others and self._chance(habits.recycled_phone):
                members[number] = replace(members[number], phones=(dice.choice(others).phones[0],))
        self._people[country] += members
        return members

    def _members(self, country: str, size: int) -> Iterator[tuple[str, Name, date]]:
        """Sex, name and birth date: one adult or a couple, then children."""
        dice, habits = self.dice, self.habits
        sex = dice.choice("MF")
        first = draw_name(dice, country, sex)
        born = date(1940, 1, 1) + timedelta(days=dice.randrange(60 * 365))
        yield sex, first, born
        if size == 1:
            return
        other = "F" if sex == "M" else "M"
        same = first if self._chance(habits.one_family_name) else None
        second = draw_name(dice, country, other, family_of=same)
        yield other, second, born + timedelta(days=dice.randrange(-2_500, 2_500))
        father = first if sex == "M" else second
        child_born = born
        taken = {first.given, second.given}  # nobody calls two of one household the same, but for a father and a son
        for number in range(size - 2):
            twin = number > 0 and self._chance(habits.twins)
            child_born = child_born if twin else born + timedelta(days=dice.randrange(18 * 365, 35 * 365))
            child_sex = dice.choice("MF")
            name = draw_name(dice, country, child_sex, family_of=father)
            while name.given in taken:
                name = draw_name(dice, country, child_sex, family_of=father)
            taken.add(name.given)
            if child_sex == "M" and self._chance(habits.father_and_son):
                name = father
            yield child_sex, name, child_born

    def _person(
        self,
        country: str,
        sex: str,
        name: Name,
        born: date,
        home: Address,
        shared_phone: str | None,
        numbers: list[str],
    ) -> Person:
        dice, habits = self.dice, self.habits
        known = [name]
        if sex == "F" and self._chance(habits.new_family_name):
            other = draw_name(dice, country, sex)
            married = None if name.script is None or other.script is None else (name.script[0], other.script[1])
            known.append(Name(name.given, other.family, married))
        emails = [self._email(name, born), self._email(known[-1], born)][: 1 + self._chance(habits.new_email)]
        phones = [self._phone(country) for _ in range(1 + self._chance(habits.new_phone))]
        if shared_phone and self._chance(0.7):
            phones[0] = shared_phone
        if self._chance(habits.company):
            if not self._company[0] or self._chance(0.2):
                domain = f"{dice.choice(_places(country)[1]).replace(' ', '')}-{dice.randrange(1000)}.example"
                mailbox = dice.choice(["info", "office", "biuro", "kontakt", "team", "berlin", "einkauf"])
                self._company = (f"{mailbox}@{domain}", self._phone(country))
            emails[0], phones[0] = self._company
        homes = [home] + [self._address(country)] * self._chance(habits.moves)
        return Person(country, sex, tuple(known), born, tuple(emails), tuple(phones), tuple(homes), tuple(numbers))

    def _namesake(self, one: Person, other: Person) -> Person:
        found = replace(one, sex=other.sex, names=other.names[:1], emails=(self._email(other.names[0], one.born),))
        if self._chance(self.habits.namesake_in_town):
            town = other.homes[0]
            found = replace(found, homes=(replace(one.homes[0], city=town.city, postal_code=town.postal_code),))
        return replace(found, born=other.born) if self._chance(self.habits.namesake_born) else found

    def _address(self, country: str) -> Address:
        dice = self.dice
        streets, towns = _places(country)
        # the first towns of a list are drawn more often: cities
        town = towns[int(len(towns) * dice.random() ** 2.5)]
        street = f"{dice.choice(streets)} {dice.randrange(1, 120)}"
        if self._chance(0.4):
            street += f" {dice.randrange(1, 60)}"
        code = random.Random(town).randrange(10_000, 99_000) + dice.randrange(40)
        return Address(street, town, str(code))

    def _phone(self, country: str) -> str:
        codes = {"poland": 48, "usa": 1, "great_britain": 44, "germany": 49, "russia": 7, "iran": 98}
        return f"+{codes[country]}{self.dice.randrange(500_000_000, 899_999_999)}"

    def _email(self, name: Name, born: date) -> str:
        dice = self.dice
        given, family = dice.choice(name.given), dice.choice(name.family).replace(" ", "")
        local = dice.choice(
            [
                f"{given}.{family}",
                f"{given[0]}{family}",
                f"{given}{family}",
                f"{given}{born.year % 100:02}",
                family,
                f"{given}.{family}{dice.randrange(100)}",
                f"nick{dice.randrange(100_000)}",
            ]
        )
        domain = dice.choice(["gmail.example", "mail.example", "web.example", "post.example", f"{family}.example"])
        while f"{local}@{domain}" in self._taken:
            local += str(dice.randrange(100))
        self._taken.add(f"{local}@{domain}")
        return f"{local}@{domain}"
