"""Processes outlive their starter, are stopped with every descendant, and nobody else's are touched."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack.processes import ProcessRecord, spawn, stop_sessions

# a leader with a child in its session and one in a session of its own, which write down their numbers
FAMILY = textwrap.dedent(
    """
    import pathlib, subprocess, sys, time
    sleep = [sys.executable, "-c", "import time; time.sleep(300)"]
    children = [subprocess.Popen(sleep), subprocess.Popen(sleep, start_new_session=True)]
    path = pathlib.Path(sys.argv[1])
    path.with_suffix(".new").write_text(" ".join(str(child.pid) for child in children))
    path.with_suffix(".new").rename(path)
    time.sleep(300)
    """
)


def start_family(home: Path, part: str = "tests") -> tuple[ProcessRecord, list[psutil.Process]]:
    numbers = home / f"children-{time.monotonic_ns()}"
    record = spawn(
        [sys.executable, "-c", FAMILY, str(numbers)],
        log=home / "logs" / "family.log",
        home=home,
        part=part,
        env=dict(os.environ),
        cwd=home,
    )
    deadline = time.monotonic() + 20
    while not numbers.exists():
        assert time.monotonic() < deadline, (home / "logs" / "family.log").read_text()
        time.sleep(0.02)
    return record, [psutil.Process(int(pid)) for pid in numbers.read_text().split()]


def are_gone(processes: list[psutil.Process]) -> bool:
    """Within a moment: a process that is being taken down has no marks any more, and is still listed."""
    _, left = psutil.wait_procs([process for process in processes if lives(process)], timeout=5)
    return not [process for process in left if lives(process)]


def lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_every_descendant_ends_when_the_session_is_stopped(tmp_path: Path) -> None:
    record, children = start_family(tmp_path)
    assert record.is_alive()
    assert os.getsid(record.pid) == record.pid != os.getsid(0)
    stop_sessions([record], tmp_path, "tests")
    assert not record.is_alive()
    assert are_gone(children)


def test_orphans_end_when_their_leader_was_killed(tmp_path: Path) -> None:
    record, children = start_family(tmp_path)
    psutil.Process(record.pid).kill()
    os.waitpid(record.pid, 0)
    assert all(lives(child) for child in children)
    begins = time.monotonic()
    stop_sessions([record], tmp_path, "tests", grace_seconds=30)
    assert time.monotonic() - begins < 10  # asked to end, not left to the grace
    assert are_gone(children)


def test_other_parts_and_homes_are_left_alone(tmp_path: Path) -> None:
    other, other_children = start_family(tmp_path, part="another part")
    stop_sessions([], tmp_path, "tests")
    stop_sessions([], tmp_path / "elsewhere", "another part")
    assert other.is_alive()
    assert all(lives(child) for child in other_children)
    stop_sessions([other], tmp_path, "another part")
    assert not other.is_alive()


def test_number_that_the_system_gave_to_another_process_is_not_signalled(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    try:
        remembered = ProcessRecord(stranger.pid, time.time() - 86_400)
        assert not remembered.is_alive()
        stop_sessions([remembered], tmp_path, "tests", grace_seconds=0.5)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_process_that_ignores_the_request_is_ended_after_the_grace(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "pathlib.Path(sys.argv[1]).touch(); time.sleep(300)"
    )
    record = spawn(
        [sys.executable, "-c", code, str(ready)],
        log=tmp_path / "logs" / "stubborn.log",
        home=tmp_path,
        part="tests",
        env=dict(os.environ),
        cwd=tmp_path,
    )
    while not ready.exists():
        time.sleep(0.02)
    stop_sessions([record], tmp_path, "tests", grace_seconds=0.5)
    assert not record.is_alive()


def test_log_is_private(tmp_path: Path) -> None:
    record, _ = start_family(tmp_path)
    stop_sessions([record], tmp_path, "tests")
    assert (tmp_path / "logs" / "family.log").stat().st_mode & 0o077 == 0


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    stop_sessions([], tmp_path, "tests", grace_seconds=0.1)
    stop_sessions([], tmp_path, "another part", grace_seconds=0.1)
