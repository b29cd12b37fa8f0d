"""Connectors: vendor APIs to pages of raw records. They know neither a database nor Airflow."""
