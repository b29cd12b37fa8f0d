"""The list of mutations keeps up with the code, and every test of a known bug is shown able to fail."""

from __future__ import annotations

import pytest

from stack.paths import ROOT
from tests.known_bugs import KNOWN_BUGS
from tests.mutants.mutations import MUTATIONS, Mutation
from tests.unit.test_known_bugs import functions_of


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_changes_one_place_and_names_tests_that_exist(mutation: Mutation) -> None:
    assert (ROOT / "plugins/cx_warehouse" / mutation.path).read_text().count(mutation.old) == 1
    assert mutation.new != mutation.old and mutation.tests
    for test in mutation.tests:
        path, _, name = test.partition("::")
        assert name in functions_of(path)


def test_names_of_mutations_are_their_own() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


def test_every_test_of_a_known_bug_has_a_mutation_that_turns_it_red() -> None:
    named = {test for bug in KNOWN_BUGS for tests in bug.tests.values() for test in tests}
    assert named <= {test for mutation in MUTATIONS for test in mutation.tests}
