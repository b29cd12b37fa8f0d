"""The assets that DAGs hand on to each other. An event on one only wakes the transform; ops tables decide."""

from __future__ import annotations

from airflow.sdk import Asset, AssetAny

from cx_warehouse.connectors import registry

RAW = {source: Asset(name=f"raw_{source}", uri=f"cx://raw/{source}") for source in registry.SOURCES}
NIGHT_DEADLINE = Asset(name="night_deadline", uri="cx://night/deadline")
MARTS = Asset(name="marts", uri="cx://marts")
WAKES_TRANSFORM = AssetAny(*RAW.values(), NIGHT_DEADLINE)
