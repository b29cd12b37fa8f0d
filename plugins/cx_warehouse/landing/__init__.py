"""Landing: pages into raw tables, and the cursor, in one transaction. It knows Postgres and knows no vendor."""

from cx_warehouse.landing.ingest import RunResult, ingest

__all__ = ["RunResult", "ingest"]
