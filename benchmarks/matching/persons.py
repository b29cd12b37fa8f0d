"""Labelled persons, and what a method made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

import duckdb
import pandas


@dataclass(frozen=True)
class Person:
    """A record as `probable_pairs` wants it, and in `truth` who it is."""

    identity_key: str
    truth: str
    given: str | None = None
    family: str | None = None
    email: str | None = None
    phone: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    birth_date: str | None = None
    external_id: str | None = None
    is_romanised: bool = False


KNOWN = tuple(column.name for column in fields(Person) if column.name not in ("truth", "is_romanised"))


def load(connection: duckdb.DuckDBPyConnection, persons: Iterable[Person], table: str) -> None:
    """Write persons into a new table, without their truth: all columns are text but `is_romanised`."""
    rows = pandas.DataFrame([asdict(person) for person in persons], columns=[column.name for column in fields(Person)])
    connection.register("person_rows", rows)
    texts = ", ".join(f"cast({column} as varchar) as {column}" for column in KNOWN)
    connection.execute(f"create or replace table {table} as select {texts}, is_romanised from person_rows")
    connection.unregister("person_rows")


@dataclass(frozen=True)
class Score:
    """Pairs within clusters against pairs of one person."""

    pairs: int  # of one person
    found: int  # within clusters
    right: int  # both
    largest: int  # records in the largest cluster

    @property
    def precision(self) -> float:
        """Share of the found pairs that are one person; 1 if none was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs of one person that were found; 1 if there are none."""
        return self.right / self.pairs if self.pairs else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(persons: Iterable[Person], clusters: Mapping[str, int]) -> Score:
    """What `clusters` (identity_key → any number for each cluster) found; every person must be in it."""
    truths, found, both = Counter[str](), Counter[int](), Counter[tuple[str, int]]()
    for person in persons:
        cluster = clusters[person.identity_key]
        truths[person.truth] += 1
        found[cluster] += 1
        both[person.truth, cluster] += 1
    pairs, made, right = (
        sum(count * (count - 1) // 2 for count in counter.values()) for counter in (truths, found, both)
    )
    return Score(pairs, made, right, max(found.values(), default=0))
