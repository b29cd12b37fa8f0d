"""Long-lived processes in sessions of their own: started detached, recognised later, stopped whole.

A process is remembered as its id and its start time, so a number that the system has given to somebody else
is never signalled.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from stack.paths import ROOT

# Set in every process that the stack starts: a child that opened a session of its own is known by them.
HOME_MARK = "CX_STACK_HOME"
PART_MARK = "CX_STACK_PART"


@dataclass(frozen=True)
class ProcessRecord:
    """A process that leads a session of its own.

    `started` is seconds since the epoch as the system counts them.
    """

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Self:
        return cls(int(fields["pid"]), float(fields["started"]))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def is_alive(self) -> bool:
        try:
            status = psutil.Process(self.pid).status()
            return self.is_same() and status != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def is_same(self) -> bool:
        """Whether the number is still, or again, nobody else's: a process that ended keeps it until it is reaped."""
        try:
            return bool(abs(psutil.Process(self.pid).create_time() - self.started) < 1.5)
        except psutil.NoSuchProcess:
            return True


def run_logged(command: Sequence[str], *, log: Path, env: Mapping[str, str], keep: bool = False) -> bool:
    """Run a command of the checkout to its end, with all that it says in a private file, behind what is there if `keep`
    is set; whether it went well."""
    mode = os.O_APPEND if keep else os.O_TRUNC
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | mode, 0o600), "w") as output:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, cwd=ROOT, check=False
        )
    return answer.returncode == 0


def last_line(log: Path) -> str:
    """What a program said last: most often why it ended."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1].strip() if lines else "it said nothing"


def spawn(
    command: Sequence[str], *, log: Path, home: Path, part: str, env: Mapping[str, str], cwd: Path
) -> ProcessRecord:
    """Start `command` in a session of its own, so that it outlives its starter.

    Output goes to the file `log`.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # SPT_NOENV: a process that renames itself would otherwise overwrite the marks
            env={**env, HOME_MARK: str(home), PART_MARK: part, "SPT_NOENV": "1"},
            cwd=cwd,
        )
    finally:
        os.close(descriptor)
    return ProcessRecord.of(process.pid)


def _members(records: Sequence[ProcessRecord], home: Path, part: str) -> list[psutil.Process]:
    """Who is left of the sessions, leaders or not, and of sessions that their members opened in turn."""
    # a session outlives its leader, and keeps the leader's number from being given away
    sessions = {record.pid for record in records if record.is_same()}
    oldest = min((record.started for record in records), default=0.0) - 1.5
    members = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.create_time() < oldest:
                continue
            if os.getsid(process.pid) in sessions or _mark(process) == (str(home), part):
                members.append(process)
        except (psutil.Error, OSError):
            continue
    return members


def _mark(process: psutil.Process) -> tuple[str | None, str | None]:
    try:
        environment = process.environ()
    except (psutil.Error, OSError):
        return None, None
    return environment.get(HOME_MARK), environment.get(PART_MARK)


def stop_sessions(records: Sequence[ProcessRecord], home: Path, part: str, *, grace_seconds: float = 15.0) -> None:
    """Ask every process of the sessions to end, all at once; after `grace_seconds`, end what is left."""
    asked = {record.pid for record in records if record.is_alive()}
    for pid in asked:
        _signal_group(pid, signal.SIGTERM)
    for process in _members(records, home, part):
        if _group(process.pid) not in asked:
            _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while left := _members(records, home, part):
        if time.monotonic() > deadline:
            for process in left:
                _signal(process, signal.SIGKILL)
            deadline = time.monotonic() + 5
        time.sleep(0.2)
        _reap(records)
    _reap(records)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _signal(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.Error):
        process.send_signal(number)


def _reap(records: Sequence[ProcessRecord]) -> None:
    for record in records:
        with contextlib.suppress(ChildProcessError):  # started by an earlier command: no child of this one
            os.waitpid(record.pid, os.WNOHANG)
