"""The local stack: an embedded Postgres, Airflow and the commands that run a night on one machine."""
