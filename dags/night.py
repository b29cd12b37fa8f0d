"""The night: start every enabled source with one clock; go on without the late ones at the deadline."""

from cx_warehouse.orchestration.night_dag import night_dag

dag = night_dag()
