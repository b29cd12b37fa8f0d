"""The dbt project for itself: it builds on a warehouse in which nothing has landed yet, and its unit tests hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from cx_warehouse import publishing
from cx_warehouse.connectors import registry
from cx_warehouse.database import bootstrap
from cx_warehouse.identity.state import Places, create_state
from cx_warehouse.transform import builds
from cx_warehouse.voice import run as voice
from stack.postgres import PostgresServer

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
AS_OF = datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.mark.timeout(900)
def test_the_project_builds_on_an_empty_warehouse_and_its_unit_tests_hold(warehouse, tmp_path):
    bootstrap(warehouse.dsn())
    with psycopg.connect(warehouse.dsn("cx_publisher"), autocommit=True) as connection:
        number = builds.claim_build(connection, AS_OF)
        publishing.prepare_candidate(connection, full=True, build_number=number)
        builds.freeze(connection, number, registry.streams())
    with psycopg.connect(warehouse.dsn("cx_builder"), autocommit=True) as connection:
        # as identity resolution and the scoring of comments do, between the layers
        create_state(connection, Places())
        voice.create_state(connection, voice.Places())
    server: PostgresServer = warehouse.server
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "dbt.cli.main",
            "build",
            "--full-refresh",
            "--project-dir",
            str(PROJECT),
            "--profiles-dir",
            str(PROJECT),
            "--target-path",
            str(tmp_path / "target"),
            "--log-path",
            str(tmp_path / "logs"),
            "--quiet",
            "--vars",
            json.dumps({"build_number": number, "as_of": AS_OF.isoformat()}),
        ],
        capture_output=True,
        text=True,
        timeout=800,
        env={
            **os.environ,
            "CX_PG_HOST": str(server.host),
            "CX_PG_PORT": str(server.port),
            "CX_PG_DATABASE": warehouse.database,
            "CX_PG_USER": "cx_builder",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
            # another build's, which what is given by hand (the unit tests' 0 too) goes before
            "CX_BUILD_NUMBER": str(number + 1),
            "CX_AS_OF": "1999-12-31T00:00:00Z",
        },
    )
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    bad = [
        f"{one['unique_id']}: {one['message']}"
        for one in results
        if one["status"].lower() not in ("success", "pass", "warn", "no-op")
    ]
    assert not bad, "\n".join(bad)[:4000]
    assert done.returncode == 0, done.stdout[-2000:]
    kinds = [one["unique_id"].split(".")[0] for one in results]
    assert kinds.count("unit_test") >= 20, "the border cases of the metrics are unit tests"
    assert kinds.count("model") >= 50
