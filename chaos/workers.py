"""The campaign's end of the fork server: start a run, kill it, hear what became of it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from chaos.errors import CampaignError


@dataclass
class Run:
    """One process that brings one stream in."""

    source: str
    stream: str
    began: float
    pid: int | None = None
    verdict: str = "killed"  # landed | again | refused: what the run itself said, if it came to it
    error: str = ""
    code: int | None = None


class Workers:
    """Starts runs against one warehouse; `finished` hands over those that have ended."""

    def __init__(self, dsn: str, connections: dict[str, dict[str, Any]], log: Path) -> None:
        """`log` takes what the runs say."""
        self._dsn, self._connections = dsn, connections
        self._runs: dict[int, Run] = {}
        self._ended: queue.Queue[Run] = queue.Queue()
        self._last = 0
        with log.open("ab") as said:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "chaos.forkserver"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
            )
        threading.Thread(target=self._listen, name="workers", daemon=True).start()

    def start(self, source: str, stream: str, as_of: datetime, *, task: str = "ingest", lock_wait: float = 30.0) -> Run:
        """Begin a run. `task`: ingest or reconcile; `lock_wait` is in seconds of the runs' own time."""
        self._last += 1
        run = self._runs[self._last] = Run(source, stream, time.monotonic())
        job = {
            "job": self._last,
            "source": source,
            "stream": stream,
            "config": self._connections[source],
            "as_of": as_of.isoformat(),
            "task": task,
            "dsn": self._dsn,
            "lock_wait_seconds": lock_wait,
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(job).encode() + b"\n")
        self._server.stdin.flush()
        return run

    def kill(self, run: Run) -> bool:
        """kill -9, at once; whether there was still a process to kill."""
        if run.pid is None or run.code is not None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(run.pid, signal.SIGKILL)
            return True
        return False

    def finished(self, timeout: float) -> Iterator[Run]:
        """The runs that have ended; waits up to `timeout` seconds for the first."""
        try:
            yield self._ended.get(timeout=timeout)
            while True:
                yield self._ended.get_nowait()
        except queue.Empty:
            if self._server.poll() is not None:
                raise CampaignError("the process that starts the runs has died") from None

    def close(self) -> None:
        """End the server, and with it what still runs."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(10)

    def _listen(self) -> None:
        assert self._server.stdout is not None
        for line in self._server.stdout:
            told = json.loads(line)
            run = self._runs[told["job"]]
            if "pid" in told:
                run.pid = told["pid"]
            elif "verdict" in told:
                run.verdict, run.error = told["verdict"], told["error"]
            else:
                run.code = told["code"]
                del self._runs[told["job"]]
                self._ended.put(run)
