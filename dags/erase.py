"""Remove people who asked for it from everything that is kept."""

from cx_warehouse.orchestration.erase_dag import erase_dag

dag = erase_dag()
