"""Give readers the night before back."""

from cx_warehouse.orchestration.rollback_dag import rollback_dag

dag = rollback_dag()
