"""The table of known bugs is whole: every bug has its tests for every vendor that we read, and the tests exist."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from cx_warehouse.connectors.registry import SOURCES
from stack.paths import ROOT
from tests.known_bugs import EVERY_VENDOR, KNOWN_BUGS, KnownBug


@cache
def functions_of(path: str) -> frozenset[str]:
    """The names of the test functions of a file."""
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_all_29_bugs_are_there_once() -> None:
    assert [bug.number for bug in KNOWN_BUGS] == list(range(1, 30))
    assert all(bug.symptom and bug.threads for bug in KNOWN_BUGS)


@pytest.mark.parametrize("bug", KNOWN_BUGS, ids=lambda bug: str(bug.number))
def test_a_bug_that_can_strike_a_vendor_of_ours_has_a_test_or_a_reason(bug: KnownBug) -> None:
    struck = SOURCES if bug.vendors == EVERY_VENDOR else bug.vendors
    for vendor in set(struck) & set(SOURCES):
        assert bool(bug.tests.get(vendor)) != bool(bug.cannot_apply.get(vendor)), vendor


@pytest.mark.parametrize("bug", KNOWN_BUGS, ids=lambda bug: str(bug.number))
def test_the_named_tests_exist(bug: KnownBug) -> None:
    for node in (node for nodes in bug.tests.values() for node in nodes):
        path, _, name = node.partition("::")
        assert name in functions_of(path), node
