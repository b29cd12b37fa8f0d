"""What the integration tests share: a warehouse whose nights are built by hand."""

from __future__ import annotations

from collections import defaultdict

import pytest

from cx_warehouse.database import bootstrap
from tests.conftest import Warehouse
from tests.nights import Nights


@pytest.fixture
def nights(warehouse: Warehouse) -> Nights:
    bootstrap(warehouse.dsn())  # a copied database has not the template's own grants
    return Nights(warehouse)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that may take longest begin first, so that none of them is left over for one worker alone."""
    allowed: dict[object, float] = defaultdict(float)
    for item in items:
        limit = item.get_closest_marker("timeout")
        allowed[item.path] = max(allowed[item.path], limit.args[0] if limit else 0)
    items.sort(key=lambda item: -allowed[item.path])
