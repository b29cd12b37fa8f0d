"""Methods that make clusters of persons: ours, equality, and Splink as its documentation sets it up."""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise

import duckdb
import numpy
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.matching.persons import KNOWN, Person, load
from cx_warehouse.identity.names import Agreement, Names, parse_name
from cx_warehouse.identity.probable import probable_pairs

Clusters = dict[str, int]


def components(persons: Sequence[Person], pairs: Iterable[tuple[str, str]]) -> Clusters:
    """Connected components of pairs of identity keys."""
    number = {person.identity_key: at for at, person in enumerate(persons)}
    ends = numpy.array([(number[left], number[right]) for left, right in pairs], dtype=int).reshape(-1, 2)
    graph = coo_array((numpy.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(persons), len(persons)))
    _, labels = connected_components(graph, directed=False)
    return {person.identity_key: int(label) for person, label in zip(persons, labels, strict=True)}


def ours(persons: Sequence[Person]) -> Clusters:
    """Accepted probable pairs, and a stand-in for the deterministic rules."""
    connection = duckdb.connect()
    load(connection, persons, "persons")
    probable_pairs(connection, "persons", "persons", "pairs")
    accepted = connection.execute("select left_key, right_key from pairs where verdict = 'accepted'").fetchall()
    connection.close()
    return components(persons, [*accepted, *_ruled(persons)])


def _ruled(persons: Sequence[Person]) -> Iterator[tuple[str, str]]:
    """STAND-IN, to be replaced by the resolution engine: pairs with one customer number and names that are not
    different, and pairs with one mailbox and the same name."""
    names = Names()
    for column, least in (("external_id", Agreement.COMPATIBLE), ("email", Agreement.SAME)):
        for sharing in _sharing(persons, column):
            for left, right in combinations(sharing, 2):
                one, other = (parse_name(f"{person.given or ''} {person.family or ''}") for person in (left, right))
                if names.agreement(one, other) >= least:
                    yield left.identity_key, right.identity_key


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
    of probability 0.95 or more, connected. Columns that nobody knows are left out. For Febrl these are the comparisons
    and blocking rules of the demonstration that Splink publishes for it."""
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
    sure = [
        "l.given = r.given and l.family = r.family and l.birth_date = r.birth_date",
        *(f"l.{column} = r.{column}" for column in ("external_id", "email") if column in known),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linker.training.estimate_probability_two_random_records_match(sure, recall=0.8)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for block in ("birth_date", "postal_code", "email"):
            if block in known:
                linker.training.estimate_parameters_using_expectation_maximisation(block_on(block))
        found = linker.inference.predict(threshold_match_probability=0.95, warning_mode="never")
    pairs = connection.execute(f"select identity_key_l, identity_key_r from {found.physical_name}").fetchall()
    connection.close()
    return components(persons, pairs)
