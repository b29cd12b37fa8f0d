"""Bring Google Analytics 4 in: every stream of it, each into its table in raw_ga4."""

from cx_warehouse.orchestration.ingest_dag import ingest_dag

dag = ingest_dag("ga4")
