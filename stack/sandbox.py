"""The sandbox of vendor APIs as a process of the local stack: started, found again, asked, stopped."""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.control import Control
from sandbox.errors import SandboxError
from stack.errors import StackError
from stack.paths import ROOT, private_directory, write_private
from stack.processes import ProcessRecord, spawn, stop_sessions

PART = "sandbox"
READY_SECONDS = 180.0


@dataclass(frozen=True)
class Wishes:
    """What the user asked of the made company; None leaves the sandbox's default, or what was asked first."""

    customers: int | None = None
    days: int | None = None
    data: Path | None = None

    def arguments(self) -> list[str]:
        asked = {"--customers": self.customers, "--days": self.days, "--data": self.data}
        return [part for name, value in asked.items() if value is not None for part in (name, str(value))]


@dataclass(frozen=True)
class Sandbox:
    """The running sandbox. `connections` is what a client needs of each source: base_url and its secrets."""

    control: Control
    connections: dict[str, dict[str, Any]]
    control_url: str

    @classmethod
    def find(cls, home: Path) -> "Sandbox | None":
        """The sandbox of `home` when it answers."""
        try:
            state = json.loads((_folder(home) / "state.json").read_text())
            control = Control(state["control_url"])
            control.health()
            return cls(control, state["credentials"], state["control_url"])
        except (OSError, ValueError, KeyError, SandboxError):
            return None

    @classmethod
    def was_made(cls, home: Path) -> bool:
        """Whether this home ever had a sandbox, running or not."""
        return (_folder(home) / "world.json").exists()

    @classmethod
    def ensure(cls, home: Path, wishes: Wishes) -> "Sandbox":
        """The running sandbox, started if needed. Raises StackError when it is of another kind than wished."""
        found = cls.find(home)
        if found is not None:
            found._must_match(wishes)
            return found
        cls.stop(home)
        folder = private_directory(_folder(home))
        log = home / "logs" / "sandbox.log"
        begins = log.stat().st_size if log.exists() else 0
        data = _remembered_data(folder) if wishes.data is None else wishes.data.resolve()
        record = spawn(
            [
                *(sys.executable, "-m", "sandbox", "serve", "--home", str(folder)),
                *Wishes(wishes.customers, wishes.days, data).arguments(),
            ],
            log=log,
            home=home,
            part=PART,
            env=dict(os.environ),
            cwd=ROOT,
        )
        write_private(home / "sandbox.json", json.dumps(record.as_dict()))
        deadline = time.monotonic() + READY_SECONDS
        while True:
            found = cls.find(home)
            if found is not None:
                return found
            if not record.is_alive():
                raise StackError(f"the sandbox did not start: {_said(log, begins)}")
            if time.monotonic() > deadline:
                raise StackError(f"the sandbox does not answer after {READY_SECONDS:.0f} s; see {log}")
            time.sleep(0.1)

    @classmethod
    def stop(cls, home: Path) -> None:
        """End the sandbox; its company, clock and secrets stay."""
        try:
            records = [ProcessRecord.parse(json.loads((home / "sandbox.json").read_text()))]
        except (OSError, ValueError, KeyError):
            records = []
        stop_sessions(records, home, PART)
        (home / "sandbox.json").unlink(missing_ok=True)

    def _must_match(self, wishes: Wishes) -> None:
        is_like = self.control.health()
        wished = {
            "customers": wishes.customers,
            "days": wishes.days,
            "data": str(wishes.data.resolve()) if wishes.data else None,
        }
        for name, value in wished.items():
            if value is not None and value != is_like.get(name):
                raise StackError(
                    f"the sandbox runs with {name}={is_like.get(name) or 'none'}, not {value}: "
                    "leave it out, or `make clean` first (that deletes the nights so far)"
                )


def _folder(home: Path) -> Path:
    return home / "sandbox"


def _remembered_data(folder: Path) -> Path | None:
    """The folder of records that an earlier start was given: later commands need not name it again."""
    try:
        data = json.loads((folder / "world.json").read_text()).get("data")
    except (OSError, ValueError):
        return None
    return Path(data) if data else None


def _said(log: Path, begins: int) -> str:
    with log.open(errors="replace") as file:
        file.seek(begins)
        lines = [line.strip() for line in file if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else f"it said nothing ({log})"
