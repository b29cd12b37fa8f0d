"""The last night in one screen: what landed, what was checked, the scores, and how old each source is."""

from pathlib import Path

from rich.console import Console

from stack.airflow import Airflow
from stack.postgres import PostgresServer


def show_night(console: Console, dsn: str) -> None:
    console.print("(summary)")


def show_places(console: Console, home: Path, postgres: PostgresServer, airflow: Airflow) -> None:
    console.print(f"Airflow {airflow.url} {airflow.user} / {airflow.password}")
