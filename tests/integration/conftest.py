"""What the integration tests share: a warehouse whose nights are built by hand."""

from __future__ import annotations

import pytest

from cx_warehouse.database import bootstrap
from tests.conftest import Warehouse
from tests.nights import Nights


@pytest.fixture
def nights(warehouse: Warehouse) -> Nights:
    bootstrap(warehouse.dsn())  # a copied database has not the template's own grants
    return Nights(warehouse)
