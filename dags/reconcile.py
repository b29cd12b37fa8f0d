"""Compare raw with the vendors, and mend what the nights could not see."""

from cx_warehouse.orchestration.reconcile_dag import reconcile_dag

dag = reconcile_dag()
