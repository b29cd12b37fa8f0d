"""The sandbox as its users meet it: served on ports, moved by the control API and by commands."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import SandboxError
from sandbox.server import HOST, Servers
from sandbox.testing import Running, running
from sandbox.world import SOURCES, World


@pytest.fixture(scope="module")
def own() -> Iterator[Running]:
    """A sandbox whose clock and switches these tests may change."""
    with running(customers=5, days=3) as started:
        yield started


def ask(url: str, **headers: str) -> int:
    """The status of a GET."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_every_source_is_served(own: Running):
    assert set(own.urls) == set(SOURCES)
    assert set(own.connections) == set(SOURCES)
    for source, connection in own.connections.items():
        assert connection["base_url"] == own.urls[source]
        # whoever is not known there sees Matomo's login page
        assert ask(f"{own.urls[source]}/") in ((200,) if source == "matomo" else (401, 403, 404))


def test_source_that_is_off_answers_503_to_everything_and_the_others_go_on(own: Running):
    own.control.off("zendesk")
    try:
        assert ask(f"{own.urls['zendesk']}/api/v2/users.json") == 503
        assert ask(f"{own.urls['typeform']}/forms") == 401
    finally:
        own.control.on("zendesk")
    assert ask(f"{own.urls['zendesk']}/api/v2/users.json") == 401
    log = [(entry["path"], entry["status"]) for entry in own.control.log("zendesk", limit=2)]
    assert log == [("/api/v2/users.json", 503), ("/api/v2/users.json", 401)]


def test_clock_moves_by_days_and_the_truth_with_it(own: Running):
    before = own.control.truth()
    clock = own.control.advance(1)
    after = own.control.truth()
    assert after["as_of"] == clock == own.control.clock()
    assert before["as_of"] < after["as_of"]
    assert len(after["tickets"]) >= len(before["tickets"])
    assert json.loads(json.dumps(after)) == after


def test_truth_is_told_under_the_customers_that_are_sent(own: Running):
    persons = own.control.truth()["persons"]
    given = {record: f"c{one['person_id']}" for one in persons for record in one["records"]}
    told = own.control.truth(given)
    assert (told["who"]["precision"], told["who"]["recall"]) == (1.0, 1.0)
    assert {ticket["customer"] for ticket in told["tickets"].values()} <= set(given.values())
    assert "who" not in own.control.truth()
    nobody = own.control.truth({})
    assert nobody["who"]["pairs_found"] == 0 and nobody["who"]["recall"] == 0.0


@pytest.mark.parametrize("body", [b"{}", b'{"customers": ["a"]}', b'{"customers": {"hubspot:1": 7}}', b"hubspot:1"])
def test_customers_that_are_none_are_refused(own: Running, body: bytes):
    with pytest.raises(SandboxError, match=r"customers|JSON object"):
        own.control._call("POST", "/truth", body)


def test_added_record_is_kept_byte_for_byte(own: Running):
    own.control.add_record("typeform", "responses", b"\x00\xff not json")
    assert own.world.extra_records("typeform", "responses") == [b"\x00\xff not json"]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/clock", b'{"advance_days": 0}', "advance_days must be 1 to 366"),
        ("/clock", b'{"advance_days": "1"}', "whole number"),
        ("/clock", b"[1]", "JSON object"),
        ("/clock", b"\xff", "JSON object"),
        ("/sources/nowhere", b'{"off": true}', "unknown source"),
        ("/sources/ga4", b'{"off": "yes"}', '"off": true'),
        ("/records/ga4/nothing", b"x", "unknown stream"),
        ("/records/ga4/daily_users", b"", "empty"),
    ],
)
def test_bad_input_to_the_control_api_gets_one_line(own: Running, path: str, body: bytes, says: str):
    with pytest.raises(SandboxError) as error:
        own.control._call("POST", path, body)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_taken_port_is_named_and_another_is_used():
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        servers = Servers(World(customers=1, days=1), {"zendesk": port})
        try:
            assert f"port {port} (zendesk) is taken" in servers.notices[0]
            assert servers.urls["zendesk"] != f"http://{HOST}:{port}"
        finally:
            servers.close()


# --- commands ---
def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the sandbox's commands."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    """`python -m sandbox serve` in a process of its own, with its state."""
    home = tmp_path_factory.mktemp("sandbox") / "home"
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "serve", "--home", str(home), "--customers", "5", "--days", "3"],
        stdout=subprocess.DEVNULL,
    )
    state = home / "state.json"
    deadline = time.monotonic() + 60
    while not state.exists():
        assert process.poll() is None, "the sandbox ended"
        assert time.monotonic() < deadline, "the sandbox did not get ready"
        time.sleep(0.05)
    yield home, json.loads(state.read_text())
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert not state.exists()


def test_state_says_where_everything_is_and_only_its_owner_reads_it(served: tuple[Path, dict[str, Any]]):
    home, state = served
    assert (home / "state.json").stat().st_mode & 0o077 == 0
    assert os.kill(state["pid"], 0) is None
    assert set(state["urls"]) == set(state["credentials"]) == set(SOURCES)
    assert ask(f"{state['control_url']}/health") == 200
    token = state["credentials"]["typeform"]["token"]
    assert ask(f"{state['urls']['typeform']}/forms", Authorization=f"Bearer {token}") == 200


def test_commands_move_the_running_sandbox(served: tuple[Path, dict[str, Any]]):
    home, state = served
    before = command("clock", "--home", str(home)).stdout.strip()
    after = command("advance", "--home", str(home)).stdout.strip()
    assert before < after
    assert json.loads(command("truth", "--home", str(home)).stdout)["as_of"] == after
    assert command("off", "ga4", "--home", str(home)).returncode == 0
    assert ask(f"{state['urls']['ga4']}/x") == 503
    assert command("on", "ga4", "--home", str(home)).returncode == 0
    assert "/x 503" in command("log", "--home", str(home), "--source", "ga4").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("clock", "--home", "/nonexistent"), "no sandbox runs from /nonexistent"),
        (("off", "zendex"), "invalid choice: 'zendex'"),
        (("advance", "--days", "x"), "invalid int value: 'x'"),
        (("serve", "--customers", "0", "--home", "{tmp}"), "customers must be 1 to"),
        (("serve", "--data", "/nonexistent", "--home", "{tmp}"), "/nonexistent is not a folder"),
        (("serve", "--home", "/dev/null/x"), "Not a directory"),
        (("dance",), "invalid choice: 'dance'"),
        ((), "required: command"),
    ],
)
def test_bad_command_gets_one_line_and_fails(tmp_path: Path, arguments: tuple[str, ...], says: str):
    result = command(*(argument.replace("{tmp}", str(tmp_path / "home")) for argument in arguments))
    assert result.returncode != 0
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_second_sandbox_of_a_home_is_refused(served: tuple[Path, dict[str, Any]]):
    home, state = served
    result = command("serve", "--home", str(home))
    assert result.returncode == 1
    assert f"already runs from {home} (process {state['pid']})" in result.stderr
