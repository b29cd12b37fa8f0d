"""Whether this container's component is healthy, as Airflow's own report sees it: exit code 0 or 1.

A heartbeat outlives the process that sent it. One from before this container's start does not count.
"""

import json
import sys
import urllib.request
from datetime import datetime
from pathlib import Path

REPORT = "http://{}:8080/api/v2/monitor/health"
STARTED = Path("/run/cx/airflow/airflow.cfg")  # written when the container starts


def main(component: str) -> int:
    host = "127.0.0.1" if component == "api_server" else "api-server"
    try:
        with urllib.request.urlopen(REPORT.format(host), timeout=5) as answer:
            report = json.load(answer)
    except (OSError, ValueError) as error:
        print(f"the api-server does not answer: {error}")
        return 1
    if component == "api_server":
        state = report["metadatabase"]
        print(f"metadata database: {state['status']}")
        return 0 if state["status"] == "healthy" else 1
    state = report.get(component) or {}
    beat = state.get(f"latest_{component}_heartbeat")
    print(f"{component}: {state.get('status')}, last heartbeat {beat}")
    if state.get("status") != "healthy" or not beat:
        return 1
    return 0 if datetime.fromisoformat(beat).timestamp() >= STARTED.stat().st_mtime else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
