"""Methods that make clusters of persons: ours, equality, and Splink as its documentation sets it up."""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import duckdb
import numpy
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.identity.places import shipped_rules
from benchmarks.matching.persons import KNOWN, Person, load
from cx_warehouse.identity.pairing import HOMES, NAMES, make_persons
from cx_warehouse.identity.probable import probable_pairs
from cx_warehouse.identity.resolve import CLAIMS, RECORDS, Resolution
from cx_warehouse.identity.settings import Settings
from cx_warehouse.identity.workspace import fill, workspace

Clusters = dict[str, int]
SETTINGS = Settings(rules=shipped_rules("helpdesk_external_id"))


def components(persons: Sequence[Person], pairs: Iterable[tuple[str, str]]) -> Clusters:
    """Connected components of pairs of identity keys."""
    number = {person.identity_key: at for at, person in enumerate(persons)}
    ends = numpy.array([(number[left], number[right]) for left, right in pairs], dtype=int).reshape(-1, 2)
    graph = coo_array((numpy.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(persons), len(persons)))
    _, labels = connected_components(graph, directed=False)
    return {person.identity_key: int(label) for person, label in zip(persons, labels, strict=True)}


def ours(persons: Sequence[Person]) -> Clusters:
    """The resolution of the warehouse, as it is shipped."""
    return _resolved(persons)


def ours_reviewed(persons: Sequence[Person]) -> Clusters:
    """The same, after somebody who makes no mistakes has looked at each proposed pair."""
    return _resolved(persons, reviewed={person.identity_key: person.truth for person in persons})


def _resolved(persons: Sequence[Person], reviewed: Mapping[str, str] | None = None) -> Clusters:
    with workspace() as duck:
        fill(duck, "records", {**RECORDS, **HOMES}, [_record(person) for person in persons])
        fill(duck, "claims", CLAIMS, [claim for person in persons for claim in _claims(person)])
        fill(duck, "crowded", {"kind": "text", "value": "text"})
        resolution = Resolution(duck, SETTINGS)
        resolution.link()
        make_persons(duck, "node", "claims", NAMES, "persons")
        # the number is in no source of the warehouse yet; of another script only the Latin spelling is left here
        known = {"identity_key": "text", "external_id": "text", "is_romanised": "boolean"}
        fill(duck, "known", known, [(one.identity_key, one.external_id, one.is_romanised) for one in persons])
        duck.execute(
            """update persons set external_id = known.external_id, is_romanised = known.is_romanised
               from known where known.identity_key = persons.identity_key"""
        )
        duck.execute("create table thin_person as select persons.* from persons join thin using (identity_key)")
        probable_pairs(duck, "thin_person", "persons", "pairs")
        if reviewed is not None:
            fill(duck, "truth", {"identity_key": "text", "person": "text"}, list(reviewed.items()))
            duck.execute(
                """update pairs set verdict = 'accepted' from truth as l, truth as r
                   where l.identity_key = left_key and r.identity_key = right_key and l.person = r.person"""
            )
        resolution.conclude()
        members = duck.execute("select identity_key, customer_key from membership").fetchall()
    numbered = {key: number for number, key in enumerate(sorted({key for _, key in members}))}
    return {key: numbered[customer] for key, customer in members}


def _record(person: Person) -> tuple[object, ...]:
    """As a helpdesk has it: the name in one field, and nothing that forbids two records a person."""
    name = " ".join(part for part in (person.given, person.family) if part) or None
    key = person.identity_key
    return (
        *(key, "made", key, "helpdesk_user", False, None, name, None, None, None, person.birth_date),
        *(person.street, person.city, person.postal_code),
    )


def _claims(person: Person) -> Iterator[tuple[object, ...]]:
    key = person.identity_key
    yield key, "record", key, "own_id", None, None
    if person.email:
        yield key, "email", person.email, "email", None, None
    if person.phone:
        yield key, "phone", person.phone, "phone_and_name", None, None
    if person.external_id:
        yield key, "record", f"number:{person.external_id}", "helpdesk_external_id", None, None


def equal(persons: Sequence[Person], columns: Sequence[str]) -> Clusters:
    """Persons who agree in all of `columns`, known ones only."""
    pairs = [
        (left.identity_key, right.identity_key)
        for sharing in _sharing(persons, *columns)
        for left, right in pairwise(sharing)
    ]
    return components(persons, pairs)


def _sharing(persons: Iterable[Person], *columns: str) -> list[list[Person]]:
    found = defaultdict(list)
    for person in persons:
        values = tuple(getattr(person, column) for column in columns)
        if all(values):
            found[values].append(person)
    return [sharing for sharing in found.values() if len(sharing) > 1]


def stock_splink(persons: Sequence[Person]) -> Clusters:
    """Splink's own comparisons, trained by expectation maximisation on these very records, as its tutorial does; pairs
    of probability 0.95 or more, connected. Columns that nobody knows are left out, and so is what has no pair to be
    trained on."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    known = [column for column in KNOWN if any(getattr(person, column) for person in persons)]
    comparisons = {
        "given": cl.NameComparison("given"),
        "family": cl.NameComparison("family"),
        "email": cl.EmailComparison("email"),
        "phone": cl.ExactMatch("phone"),
        "street": cl.JaroWinklerAtThresholds("street"),
        "postal_code": cl.DamerauLevenshteinAtThresholds("postal_code"),
        "birth_date": cl.DateOfBirthComparison("birth_date", input_is_string=True),
        "external_id": cl.DamerauLevenshteinAtThresholds("external_id"),
    }
    blocks = [block_on(column) for column in comparisons if column in known and column != "street"]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="identity_key",
        comparisons=[comparison for column, comparison in comparisons.items() if column in known],
        blocking_rules_to_generate_predictions=blocks,
    )
    connection = duckdb.connect()
    load(connection, persons, "persons")
    api = DuckDBAPI(connection)
    linker = Linker(api.register("persons"), settings, log_level=None)
    shared = [column for column in ("external_id", "email", "birth_date", "postal_code") if _sharing(persons, column)]
    sure = ["l.given = r.given and l.family = r.family and l.birth_date = r.birth_date"]
    sure += [f"l.{column} = r.{column}" for column in shared[:2] if column in ("external_id", "email")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if len(sure) > 1 or _sharing(persons, "given", "family", "birth_date"):
            linker.training.estimate_probability_two_random_records_match(sure, recall=0.8)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for column in shared:
            if column != "external_id":
                linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))
        found = linker.inference.predict(threshold_match_probability=0.95, warning_mode="never")
    pairs = connection.execute(f"select identity_key_l, identity_key_r from {found.physical_name}").fetchall()
    connection.close()
    return components(persons, pairs)
