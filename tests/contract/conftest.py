"""The look-alike APIs that the connectors are proved against: one small company, started once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.testing import Running, running


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Running]:
    """A small company at its first night. Shared: a test that moves the clock, switches a source off or adds records
    starts its own with `sandbox.testing.running`."""
    with running(customers=60, days=30) as started:
        yield started
