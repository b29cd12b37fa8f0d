"""The only code that imports Airflow: assets, task factories, connections and alerts. The DAG files merely call it."""
