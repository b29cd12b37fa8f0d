"""The field's popular loader on the same pages and Postgres, in its own environment: REST source, Postgres, merge.

Run with .venv-bench's Python; uses nothing of the warehouse. Prints one JSON line. The clock runs around
`pipeline.run`: starting Python and importing are not counted, as for the other contenders."""

import argparse
import json
import os
import time
from pathlib import Path
from urllib.parse import quote, urlencode

# Before dlt is imported: it reports to its makers unless told not to.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
from dlt.sources.rest_api import rest_api_source
from psycopg2.extensions import parse_dsn

from benchmarks.loading.memory import peak_memory_mb


def main() -> None:
    """Load every page of the server once and print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--dsn", required=True, help="postgresql:// address")
    parser.add_argument("--url", required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--per-page", type=int, default=1_000)
    parser.add_argument("--work", type=Path, required=True, help="a folder for dlt's files")
    parser.add_argument("--nesting-off", action="store_true", help="keep lists as jsonb instead of child tables")
    asked = parser.parse_args()

    source = rest_api_source(
        {
            "client": {"base_url": asked.url, "paginator": {"type": "json_link", "next_url_path": "after_url"}},
            "resources": [
                {
                    "name": "tickets",
                    "primary_key": "id",
                    "write_disposition": "merge",
                    "endpoint": {
                        "path": asked.path.lstrip("/"),
                        "data_selector": "tickets",
                        "params": {"per_page": asked.per_page},
                    },
                }
            ],
        }
    )
    if asked.nesting_off:
        source.max_table_nesting = 0
    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=str(asked.work),
        dataset_name="loaded",
        destination=dlt.destinations.postgres(_address(asked.dsn)),
    )
    began, busy = time.perf_counter(), time.process_time()
    pipeline.run(source)
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    with pipeline.sql_client() as client:
        counted = client.execute_sql("select count(*) from tickets")
        tables = client.execute_sql(
            "select count(*) from pg_tables where schemaname = 'loaded' and not starts_with(tablename, '_dlt')"
        )
    assert counted is not None and tables is not None
    print(
        json.dumps(
            {
                "seconds": seconds,
                "records": counted[0][0],
                "tables": tables[0][0],
                "version": dlt.__version__,
                "cpu_seconds": busy,
                "peak_mb": peak_memory_mb(),
            }
        )
    )


def _address(dsn: str) -> str:
    """The same server as dlt wants it said: with a host, a port and a password, even where a socket needs none."""
    said = parse_dsn(dsn)
    user, database = quote(said.pop("user"), safe=""), quote(said.pop("dbname"), safe="")
    password = quote(said.pop("password", "none"), safe="")
    return f"postgresql://{user}:{password}@localhost:{said.get('port', 5432)}/{database}?{urlencode(said)}"


if __name__ == "__main__":
    main()
