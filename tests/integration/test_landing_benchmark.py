"""The landing benchmark tells the truth about what it ran, and ends in one line of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from benchmarks.loading.page_server import PATH, serving
from benchmarks.loading.records import template, write_records
from stack.paths import ROOT


def run(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.landing", *options],
        cwd=ROOT,
        env={**os.environ, "CX_HOME": str(home)},
        capture_output=True,
        text=True,
    )


def test_the_last_line_is_the_figures_when_it_ran(tmp_path):
    done = run(tmp_path, "--sizes", "1500", "--dlt-sizes", "none", "--repeats", "1")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert set(figures["sizes"]["1500"]["pages_of_1000"]) == {
        "limit",
        "landing",
        "landing_unchanged",
        "landing_changed_1_percent",
    }
    assert set(figures["sizes"]["1500"]["pages_of_100"]) == {"limit", "landing"}
    measured = figures["sizes"]["1500"]["pages_of_1000"]
    assert figures["share_of_limit"]["1500"] == pytest.approx(
        measured["limit"]["seconds"] / measured["landing"]["seconds"], rel=0.05
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [("--sizes", "many"), ("--sizes", "0"), ("--sizes", ""), ("--sizes", "10", "--dlt-sizes", "20")]
)
def test_a_bad_size_is_named_in_a_line_when_given(tmp_path, options):
    done = run(tmp_path, *options)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "sizes" in done.stderr or "whole numbers" in done.stderr


def test_every_record_is_served_once_whatever_the_page_size(tmp_path):
    write_records(tmp_path / "first", 2_345)
    write_records(tmp_path / "changed", 2_345, changed=True)
    served = {}
    for name, per_page in (("first", 1_000), ("first", 100), ("changed", 1_000)):
        with serving(tmp_path / name) as base_url:
            tickets, url = [], f"{base_url}{PATH}?per_page={per_page}"
            while url:
                page = requests.get(url, timeout=10).json()
                tickets += page["tickets"]
                url = page["after_url"]
                assert page["end_of_stream"] == (url is None)
            served[name, per_page] = tickets
    first = served["first", 1_000]
    assert first == served["first", 100]
    assert len({ticket["id"] for ticket in first}) == 2_345
    differing = [a["id"] for a, b in zip(first, served["changed", 1_000], strict=True) if a != b]
    assert len(differing) == 24
    assert all(ticket["url"].endswith(f"/{ticket['id']}.json") for ticket in first)


def test_the_record_is_a_ticket_of_1_4_kilobytes():
    assert 1_350 <= len(template()) <= 1_450
