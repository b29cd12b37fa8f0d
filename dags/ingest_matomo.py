"""Bring Matomo in: every stream of it, each into its table in raw_matomo."""

from cx_warehouse.orchestration.ingest_dag import ingest_dag

dag = ingest_dag("matomo")
