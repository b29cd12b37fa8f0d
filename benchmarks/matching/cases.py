"""Generated cases that resolution is known to fail on, with labels. Another generator than the one the model is trained
on: whole names, streets and towns come from faker, and what happens to people is told case by case.

In each case every fifth person has a namesake: a stranger of the same name."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from faker import Faker
from faker.providers.person.ru_RU import translit

from benchmarks.matching.persons import Person
from cx_warehouse.identity.names import romanised
from training.names_in_use import PERSIAN_FAMILIES, PERSIAN_MEN, PERSIAN_WOMEN

PEOPLE = 400  # about, in each case
LATIN = ("pl_PL", "de_DE", "en_GB")


@dataclass(frozen=True)
class Known:
    """A made person: names as they are written, and what he is reached by."""

    truth: str
    given: str
    family: str
    email: str
    phone: str
    street: str
    city: str
    postal_code: str
    birth_date: str


class World:
    """Makes people of one country after another; everything follows from the seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.fakers = {locale: Faker(locale) for locale in (*LATIN, "ru_RU")}
        for number, fake in enumerate(self.fakers.values()):
            fake.seed_instance(seed + number)
        self._count = 0

    def phone(self) -> str:
        """A number that nobody else has."""
        self._count += 1
        return f"+4850{self.dice.randrange(1000)}{self._count:05}"

    def email(self, given: str, family: str) -> str:
        """An address that nobody else has."""
        self._count += 1
        local = self.dice.choice([f"{given}.{family}", f"{given[0]}{family}", f"kontakt.{given}", family])
        return f"{local.replace(' ', '')}{self._count}@{self.dice.choice(['inbox', 'webmail', 'poczta'])}.example"

    def person(self, locale: str | None = None, family: str | None = None) -> Known:
        """One person; with `family`, of that family name."""
        locale = locale or self.dice.choice(LATIN)
        fake = self.fakers[locale]
        woman = self.dice.random() < 0.5
        given = fake.first_name_female() if woman else fake.first_name_male()
        surname = family or (fake.last_name_female() if woman else fake.last_name_male())
        self._count += 1
        return Known(
            truth=f"p{self._count}",
            given=given,
            family=surname,
            email=self.email(romanised(given), romanised(surname)),
            phone=self.phone(),
            street=fake.street_address(),
            city=fake.city(),
            postal_code=fake.postcode(),
            birth_date=fake.date_of_birth(minimum_age=18, maximum_age=80).isoformat(),
        )

    def record(self, known: Known, *columns: str, **changed: str | None) -> Person:
        """A record of `known` with its name and these columns, romanised as records are; `changed` has the last
        word."""
        self._count += 1
        row: dict[str, str | None] = {column: getattr(known, column) for column in ("given", "family", *columns)}
        row |= changed
        for column in ("given", "family"):
            row[column] = romanised(row[column] or "") or None
        if row.get("city"):
            row["city"] = romanised(row["city"] or "")
        if row.get("street"):
            row["street"] = " ".join(romanised(word) or word for word in (row["street"] or "").split())
        return Person(identity_key=f"r{self._count:06}", truth=known.truth, **row)

    def namesake(self, known: Known) -> Iterator[Person]:
        """Now and then: a record of a stranger of the same name."""
        if self.dice.random() < 0.2:
            stranger = replace(self.person(), given=known.given, family=known.family)
            yield self.record(stranger, "email", "phone", "street", "city", "postal_code", "birth_date")

    def slip(self, text: str) -> str:
        """`text` with one key mistyped."""
        at = self.dice.choice([number for number, letter in enumerate(text) if letter.isalnum()])
        other = self.dice.choice("0123456789" if text[at].isdigit() else "aeiourstnlk")
        kind = self.dice.randrange(3)
        if kind == 0 or text[at].isdigit():
            return text[:at] + other + text[at + 1 :]
        return text[:at] + text[at + 1 :] if kind == 1 else text[:at] + other + text[at:]


def shared_mailbox(world: World) -> Iterator[Person]:
    """Colleagues who write from one mailbox and call from one switchboard; each is in the CRM too."""
    for number in range(PEOPLE // 4):
        mailbox = f"{world.dice.choice(['biuro', 'info', 'office', 'zamowienia'])}@firma{number}.example"
        switchboard = world.phone()
        for _ in range(4):
            one = replace(world.person(), email=mailbox)
            yield world.record(one, "email", phone=switchboard)
            yield world.record(one, "email", "phone", "birth_date", "postal_code", "city")
            yield from world.namesake(one)


def household(world: World) -> Iterator[Person]:
    """Families with one home, one landline and one mailbox; in every fifth, a son bears his father's name, and in every
    tenth there are twins."""
    for number in range(PEOPLE // 4):
        father = world.person()
        home = {"street": father.street, "city": father.city, "postal_code": father.postal_code}
        shared = home | {"email": father.email, "phone": father.phone}
        others = [replace(world.person(family=father.family), **shared) for _ in range(3)]
        if number % 5 == 0:
            others[1] = replace(others[1], given=father.given)
        if number % 10 == 1:
            others[2] = replace(others[2], birth_date=others[1].birth_date)
        for one in (father, *others):
            yield world.record(one, "email", "phone", "street", "city", "postal_code", "birth_date")
            yield world.record(one, "street", "city", "postal_code", "birth_date", email=f"{one.truth}@school.example")


def changed_email(world: World) -> Iterator[Person]:
    """A new address, by which nobody is found; the phone stayed, or the birth date is known to both."""
    for _ in range(PEOPLE):
        one = world.person()
        kept = ("phone",) if world.dice.random() < 0.5 else ("birth_date", "city", "postal_code")
        yield world.record(one, "email", "phone", "birth_date", "street", "city", "postal_code")
        yield world.record(one, *kept, email=world.email(romanised(one.given), romanised(one.family)))
        yield from world.namesake(one)


def typo(world: World) -> Iterator[Person]:
    """A slip in each of two fields, e-mail among them half of the time."""
    columns = ("given", "family", "email", "phone", "birth_date", "street")
    for _ in range(PEOPLE):
        one = world.person()
        mistyped = world.dice.sample(columns, 2)
        yield world.record(one, "email", "phone", "birth_date", "street", "city", "postal_code")
        yield world.record(
            one,
            "email",
            "phone",
            "birth_date",
            "street",
            "city",
            "postal_code",
            **{column: world.slip(getattr(one, column)) for column in mistyped},
        )
        yield from world.namesake(one)


def recycled_phone(world: World) -> Iterator[Person]:
    """A number that a stranger had before; each of the two has two records with it, and no common e-mail."""
    for _ in range(PEOPLE // 2):
        first = world.person()
        for one in (first, replace(world.person(), phone=first.phone)):
            yield world.record(one, "email", "phone", "birth_date")
            yield world.record(one, "phone", "city", email=world.email(romanised(one.given), romanised(one.family)))
            yield from world.namesake(one)


def polish(world: World) -> Iterator[Person]:
    """With and without its letters; one has a phone, the other too, and nothing else in common."""
    for _ in range(PEOPLE):
        one = world.person("pl_PL")
        plain = {"given": romanised(one.given), "family": romanised(one.family)}
        yield from _two_spellings(world, one, plain, is_other_script=False)


def russian(world: World) -> Iterator[Person]:
    """In Cyrillic letters, and in Latin ones as another table transliterates them (faker's)."""
    for _ in range(PEOPLE):
        one = world.person("ru_RU")
        latin = {"given": translit(one.given), "family": translit(one.family)}
        yield from _two_spellings(world, one, latin, is_other_script=True)


def persian(world: World) -> Iterator[Person]:
    """In Persian letters, and in Latin ones as people of that name spell themselves."""
    for _ in range(PEOPLE):
        script, spellings = world.dice.choice(list((PERSIAN_MEN | PERSIAN_WOMEN).items()))
        family, families = world.dice.choice(list(PERSIAN_FAMILIES.items()))
        one = replace(world.person(), given=script, family=family)
        latin = {"given": world.dice.choice(spellings.split()), "family": world.dice.choice(families.split())}
        yield from _two_spellings(world, one, latin, is_other_script=True)


def _two_spellings(world: World, one: Known, latin: dict[str, str], *, is_other_script: bool) -> Iterator[Person]:
    common = world.dice.choice(("phone", "birth_date"))
    columns = (common, "city", "postal_code")
    yield replace(world.record(one, "email", *columns), is_romanised=is_other_script)
    yield world.record(one, *columns, **latin, email=world.email(romanised(latin["given"]), romanised(latin["family"])))
    yield from world.namesake(replace(one, **latin))


CASES: dict[str, Callable[[World], Iterator[Person]]] = {
    "shared mailbox": shared_mailbox,
    "household": household,
    "changed e-mail": changed_email,
    "typo": typo,
    "recycled phone": recycled_phone,
    "Polish letters": polish,
    "Russian names": russian,
    "Persian names": persian,
}


def make(case: str, seed: int) -> list[Person]:
    """The persons of a case, shuffled."""
    world = World(seed)
    persons = list(CASES[case](world))
    world.dice.shuffle(persons)
    return persons
