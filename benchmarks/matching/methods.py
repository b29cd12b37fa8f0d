"""Methods that make clusters of persons: ours, equality, and Splink as its documentation sets it up."""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise
from operator import ne

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
    return components(persons, [*_probable(persons, "accepted"), *_ruled(persons)])


def ours_reviewed(persons: Sequence[Person]) -> Clusters:
    """The same, after somebody who makes no mistakes has looked at each proposed pair."""
    truth = {person.identity_key: person.truth for person in persons}
    confirmed = [pair for pair in _probable(persons, "proposed") if truth[pair[0]] == truth[pair[1]]]
    return components(persons, [*_probable(persons, "accepted"), *_ruled(persons), *confirmed])


def _probable(persons: Sequence[Person], verdict: str) -> list[tuple[str, str]]:
    with duckdb.connect() as connection:
        load(connection, persons, "persons")
        probable_pairs(connection, "persons", "persons", "pairs")
        return connection.execute("select left_key, right_key from pairs where verdict = ?", [verdict]).fetchall()


def _ruled(persons: Sequence[Person]) -> Iterator[tuple[str, str]]:
    """STAND-IN, to be replaced by the resolution engine: pairs with one customer number; and pairs with one mailbox and
    the same name, unless their birth dates differ by more than a digit."""
    for sharing in _sharing(persons, "external_id"):
        yield from ((left.identity_key, right.identity_key) for left, right in pairwise(sharing))
    names = Names()
    for sharing in _sharing(persons, "email"):
        for left, right in combinations(sharing, 2):
            one, other = (parse_name(f"{person.given or ''} {person.family or ''}") for person in (left, right))
            born = sum(map(ne, left.birth_date or "", right.birth_date or ""))
            if names.agreement(one, other) is Agreement.SAME and born < 2:
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
