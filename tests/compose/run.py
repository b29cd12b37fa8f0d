"""The stack of docker-compose.yml for real: built, started, demo nights, dashboards, started again; who may what,
nobody is root, no leaks; restarted and killed in the middle of a night; a person erased; backed up and restored.

usage: python3 tests/compose/run.py [--keep]   (a container engine with Compose; no virtualenv)
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from copies import is_restored
from engine import PROJECT, Stack, is_fine
from nights import charts_answer, runs_a_night, survives_a_killed_worker, survives_a_restart
from people import dashboards_are_drawn, erases, logins_of_airflow, logins_of_superset, readers
from safety import listens_here_only, nobody_is_root, nothing_leaks
from starting import builds, changes_nothing, comes_back, comes_up, refuses_without_secrets, uses

Check = Callable[[Stack], str]
CHECKS: tuple[Check, ...] = (
    refuses_without_secrets,
    builds,
    comes_up,
    runs_a_night,
    charts_answer,
    dashboards_are_drawn,
    changes_nothing,
    uses,
    runs_a_night,
    charts_answer,
    dashboards_are_drawn,
    readers,
    logins_of_airflow,
    logins_of_superset,
    nobody_is_root,
    listens_here_only,
    nothing_leaks,
    comes_back,
    survives_a_restart,
    survives_a_killed_worker,
    erases,
    is_restored,
)


def main() -> int:
    if not shutil.which("docker") or not is_fine(["docker", "info"]) or not is_fine(["docker", "compose", "version"]):
        print("skipped: no container engine with Compose answers here")
        return 0
    folder = Path(tempfile.mkdtemp())
    stack = Stack(folder)
    stack("--profile", "scale", "--profile", "tools", "down", "--volumes")
    check = CHECKS[0]
    try:
        for check in CHECKS:
            begins = time.monotonic()
            found = check(stack)
            print(f"ok {time.monotonic() - begins:6.1f} s  {what(check)}: {found}", flush=True)
    except AssertionError as problem:
        print(f"FAILED  {what(check)}: {problem}")
        print("\n".join(stack("logs", "--no-color", "--tail", "15").splitlines()[-90:]))
        return 1
    finally:
        if "--keep" in sys.argv:
            print(f"kept: docker compose --project-name {PROJECT} --env-file {stack.env_file} ps")
        else:
            stack("--profile", "scale", "--profile", "tools", "down", "--volumes")
            shutil.rmtree(folder)
    return 0


def what(check: Check) -> str:
    """What a check proves."""
    return (check.__doc__ or "").rstrip(".")


if __name__ == "__main__":
    raise SystemExit(main())
