"""Runs of streams as processes of their own, forked from one that has everything imported.

Each is a real process that can be killed with -9, without the second that a start of Python takes. Jobs come as lines
of JSON on standard input; what becomes of them goes to standard output: {"job", "pid"} when one starts, {"job",
"verdict", "error"} from the run itself, {"job", "code"} when its process has ended (-9 for a killed one)."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from datetime import datetime
from typing import Any

from chaos import haste  # first: what waits takes the clock that it finds
from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import CxError, RetryableError
from cx_warehouse.connectors.ga4 import auth as google
from cx_warehouse.connectors.http import client
from cx_warehouse.landing import ingest
from cx_warehouse.landing.ingest import describe
from cx_warehouse.landing.reconcile import NothingToReconcileError, reconcile

# To connect, and between two pieces of an answer, in seconds: else a vendor that hangs would take minutes.
TIMEOUT = (5.0, 4.0)


def serve() -> None:
    """Start jobs and tell of them until standard input closes; then no job is left behind."""
    registry.streams()  # imports every connector
    _shorten_timeouts()
    running: dict[int, int] = {}
    unread = b""
    while True:
        if select.select([0], [], [], 0.01)[0]:
            read = os.read(0, 65536)
            if not read:
                break
            *lines, unread = (unread + read).split(b"\n")
            for line in lines:
                job = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    os._exit(_run(job))
                running[pid] = job["job"]
                _tell(job=job["job"], pid=pid)
        while running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            _tell(job=running.pop(pid), code=os.waitstatus_to_exitcode(status))
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def _shorten_timeouts() -> None:
    """For every client of the vendors: ours, and Google's own of the token endpoint."""
    defaults = client.HttpClient.__init__.__kwdefaults__
    assert defaults is not None and haste.SPEED
    defaults["timeout"] = TIMEOUT
    google.TIMEOUT_SECONDS = TIMEOUT


def _run(job: dict[str, Any]) -> int:
    """One run, judged as the ingest DAG judges it: what no retry can mend is not tried again."""
    os.close(0)
    as_of, stream, dsn = datetime.fromisoformat(job["as_of"]), job["stream"], job["dsn"]
    try:
        connector = registry.connect(job["source"], job["config"])
        if job["task"] == "reconcile":
            reconcile(connector, stream, as_of, dsn)
        else:
            ingest(connector, stream, Window(as_of), dsn, lock_wait_seconds=job["lock_wait_seconds"])
    except NothingToReconcileError:
        verdict, said = "landed", ""
    except RetryableError as error:
        verdict, said = "again", describe(error)
    except CxError as error:
        verdict, said = "refused", describe(error)
    except Exception as error:
        verdict, said = "again", describe(error)
    else:
        verdict, said = "landed", ""
    _tell(job=job["job"], verdict=verdict, error=said[:500])
    return 0


def _tell(**what: Any) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")  # shorter than a pipe's buffer, so whole lines stay whole


if __name__ == "__main__":
    try:
        serve()
    except KeyboardInterrupt:
        sys.exit(130)
