"""From raw to published: freeze, check raw, build, check the marts, publish."""

from cx_warehouse.orchestration.transform_dag import transform_dag

dag = transform_dag()
