"""A short form of `make fuzz`: broken records into a real Postgres and broken bodies through every connector."""

from __future__ import annotations

import pytest

from cx_warehouse.connectors import registry
from tests.conftest import Warehouse
from tests.fuzz.bodies import fuzz_bodies
from tests.fuzz.landing import fuzz_records
from tests.fuzz.recorded import Recording, recorded

RECORDS, BODIES, SEED = 150, 50, 3


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    return recorded(registry.SOURCES, customers=25, days=8)


@pytest.mark.parametrize("source", registry.SOURCES)
def test_every_broken_record_lands_as_it_was_or_is_quarantined(
    source: str, recordings: dict[str, Recording], warehouse: Warehouse
) -> None:
    outcome = fuzz_records(recordings[source], RECORDS, SEED, warehouse.dsn("cx_loader"))
    assert outcome.wrong == []
    assert outcome.lost == 0
    assert outcome.landed > 20 and outcome.quarantined.total() > 20  # else it proves nothing


@pytest.mark.parametrize("source", registry.SOURCES)
def test_every_broken_body_is_read_or_ends_in_an_error_of_ours(source: str, recordings: dict[str, Recording]) -> None:
    outcome = fuzz_bodies(recordings[source], BODIES, SEED)
    assert outcome.wrong == []
    assert outcome.read > 5 and outcome.errors.total() > 2
