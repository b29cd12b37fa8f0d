"""Which suites belong to which border."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from cx_warehouse.connectors import registry
from cx_warehouse.quality.suite import Border, Suite
from expectations.marts import comments, customer, freshness, support, support_figures, voice, voice_cuts, web

SUITES: Mapping[Border, tuple[Callable[[], Suite], ...]] = {
    "raw": tuple(importlib.import_module(f"expectations.raw.{source}").suite for source in registry.SOURCES),
    "marts": (
        support.suite,
        support_figures.suite,
        voice.suite,
        voice_cuts.suite,
        comments.suite,
        customer.suite,
        web.suite,
        freshness.suite,
    ),
}


def suites_of(border: Border) -> list[Suite]:
    """The suites of a border, in the order in which they are shown."""
    return [suite() for suite in SUITES[border]]
