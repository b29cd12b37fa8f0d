"""What sources know of made people: records with fields missing, outdated, mistyped and in each other's place."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace

import duckdb

from cx_warehouse.identity.names import romanised
from training.people import Habits, Person, Population

# How often a kind of source knows a field (0 to 1).
SOURCES = {
    "crm": (0.97, 0.95, 0.75, 0.7, 0.55, 0.6, 0.55, 0.55, 0.6),
    "helpdesk": (0.92, 0.88, 0.85, 0.4, 0.0, 0.1, 0.0, 0.05, 0.15),
    "shop": (1.0, 1.0, 0.8, 0.6, 0.95, 0.97, 0.95, 0.15, 0.4),
    "loyalty": (0.95, 0.95, 0.5, 0.6, 0.4, 0.6, 0.6, 0.8, 0.3),
    "survey": (0.8, 0.7, 0.6, 0.3, 0.0, 0.3, 0.4, 0.3, 0.1),
}
RECORDS_A_PERSON = (0.35, 0.35, 0.2, 0.1)  # of people, who have one record, two, …
TYPO = 0.04  # of known fields
SWAPPED = 0.02  # of records, with given and family name in each other's place
INITIAL = 0.03  # of records, with the first letter of the given name only
NATIVE_SCRIPT = 0.4  # of records of people whose name has another script


@dataclass(frozen=True)
class Record:
    """One row of `persons` as `probable_pairs` wants it; `person` is who it is, the label."""

    identity_key: str
    person: int
    given: str | None
    family: str | None
    email: str | None
    phone: str | None
    street: str | None
    city: str | None
    postal_code: str | None
    birth_date: str | None
    external_id: str | None
    is_romanised: bool


FIELDS = tuple(column.name for column in fields(Record) if column.name not in ("identity_key", "person"))[:-1]


def population(seed: int, people: int, habits: Habits | None = None) -> list[Record]:
    """Records of at least `people` people, all of it following from `seed`."""
    made = Population(seed, habits).people(people)
    dice = random.Random(seed + 1)
    return [
        record
        for number, person in enumerate(made)
        for record in records_of(dice, person, number, f"{seed}-{number:07}")
    ]


def records_of(dice: random.Random, person: Person, number: int, prefix: str) -> Iterator[Record]:
    """One to four records of one person, from different sources and times."""
    count = dice.choices(range(1, len(RECORDS_A_PERSON) + 1), weights=RECORDS_A_PERSON)[0]
    for nth, source in enumerate(dice.sample(list(SOURCES), count)):
        name, home = dice.choice(person.names), dice.choice(person.homes)
        native = name.script is not None and dice.random() < NATIVE_SCRIPT
        if native and name.script is not None:
            given, family = (romanised(part) for part in name.script)
        else:
            given, family = dice.choice(name.given), dice.choice(name.family)
        known = {
            "given": given,
            "family": family,
            "email": dice.choice(person.emails),
            "phone": dice.choice(person.phones),
            "street": home.street,
            "city": home.city,
            "postal_code": home.postal_code,
            "birth_date": person.born.isoformat(),
            "external_id": dice.choice(person.numbers),
        }
        kept = {
            column: mistyped(dice, value) if dice.random() < TYPO else value
            for (column, value), share in zip(known.items(), SOURCES[source], strict=True)
            if dice.random() < share
        }
        record = Record(
            f"{prefix}-{nth}", number, **{column: kept.get(column) for column in FIELDS}, is_romanised=native
        )
        if record.given and dice.random() < INITIAL:
            record = replace(record, given=record.given[0])
        if dice.random() < SWAPPED:
            record = replace(record, given=record.family, family=record.given)
        yield record


def mistyped(dice: random.Random, text: str) -> str:
    """`text` with one slip: a letter or digit left out, doubled, exchanged for another, or two swapped. ISO dates stay
    as long as they are."""
    spots = [at for at, letter in enumerate(text) if letter.isalnum()]
    at = dice.choice(spots)
    is_date = len(text) == 10 and text[4] == text[7] == "-"
    kind = dice.choice(["other", "swap"] if is_date else ["other", "swap", "drop", "double"])
    if kind == "swap" and at + 1 < len(text) and text[at + 1].isalnum():
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == "drop" and len(text) > 1:
        return text[:at] + text[at + 1 :]
    if kind == "double":
        return text[: at + 1] + text[at:]
    return (
        text[:at] + dice.choice("0123456789" if text[at].isdigit() else "abcdefghijklmnopqrstuvwxyz") + text[at + 1 :]
    )


def load(connection: duckdb.DuckDBPyConnection, records: Iterable[Record], table: str) -> None:
    """Write records into a new table, with the label."""
    import pandas

    rows = pandas.DataFrame([asdict(record) for record in records], columns=[column.name for column in fields(Record)])
    text = ", ".join(f"cast({column} as varchar) as {column}" for column in ("identity_key", *FIELDS))
    connection.register("made_rows", rows)
    connection.execute(f"create or replace table {table} as select {text}, person, is_romanised from made_rows")
    connection.unregister("made_rows")
