"""`docker compose` on a project of the test's own, and what the checks need to ask it."""

import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "cx-compose-test"
DEMO = {
    "COMPOSE_PROFILES": "demo",
    "CX_SCHEDULE": "",
    "CX_RECONCILE_SCHEDULE": "",
    "CX_ERASE_SCHEDULE": "",
    "CX_RETRY_SECONDS": "5",
    "CX_DEADLINE_MINUTES": "10",
    "CX_POKE_SECONDS": "5",
    "CX_VERSION": "test",
}
PORTS = ("CX_AIRFLOW_PORT", "CX_POSTGRES_PORT", "CX_SUPERSET_PORT")
PATIENCE_SECONDS = 900.0
# Run in a container: files of the volume that hold one of the words given on standard input.
FILES = """
import json, pathlib, sys
words = [word.encode() for word in json.load(sys.stdin)]
files = [path for path in pathlib.Path("/var/lib/cx").rglob("*") if path.is_file()]
print(json.dumps([len(files), [str(path) for path in files if any(word in path.read_bytes() for word in words)]]))
"""


class Stack:
    """The project of this test, with settings, ports and secrets of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env_file = folder / "env"
        run([str(ROOT / "deploy" / "make-secrets.sh"), str(self.env_file)])
        self.secrets = dict(re.findall(r"^CX_SECRET_(\w+)=(.+)$", self.env_file.read_text(), re.MULTILINE))
        self.ports = {name: str(free_port()) for name in PORTS}
        self.set(**DEMO, **self.ports)

    def set(self, **chosen: str) -> None:
        """Change settings of the .env file."""
        kept = [
            line
            for line in self.env_file.read_text().splitlines()
            if line.split("=")[0].lstrip("#") not in chosen or line.startswith("# ")
        ]
        self.env_file.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in chosen.items()), ""]))

    def command(self, *arguments: str) -> list[str]:
        return ["docker", "compose", "--project-name", PROJECT, "--env-file", str(self.env_file), *arguments]

    def __call__(self, *arguments: str, given: str | None = None, fails: bool = False) -> str:
        """`docker compose` with these arguments; returns what it printed."""
        return run(self.command(*arguments), given=given, fails=fails)

    def containers(self) -> list[dict[str, Any]]:
        """Each container as the engine describes it."""
        return list(json.loads(run(["docker", "inspect", *self("ps", "--all", "--quiet").split()])))

    def ask(self, statement: str, database: str = "warehouse") -> str:
        """What Postgres answers, unaligned."""
        return self("exec", "-T", "postgres", "psql", "-U", "postgres", "-At", database, "-c", statement).strip()

    def python(self, service: str, program: str, given: str | None = None) -> Any:
        """Run a program in a container; returns the JSON of its last line."""
        told = self("exec", "-T", service, "python", "-c", program, given=given)
        return json.loads(told.strip().splitlines()[-1])

    def files_with(self, words: list[str]) -> int:
        """How many files of logs and docs there are; fails when one of them holds one of the words."""
        count, files = self.python("scheduler", FILES, json.dumps(words))
        expect(count > 20 and not files, f"{count} files; {files}")
        return int(count)

    def last_word(self, service: str) -> str:
        """The last line that a service printed."""
        return self("logs", "--no-color", "--no-log-prefix", service).strip().splitlines()[-1]

    def airflow(self, login: str) -> "Api":
        """Airflow's API, as one of the logins."""
        address = f"http://127.0.0.1:{self.ports['CX_AIRFLOW_PORT']}"
        body = {"username": login, "password": self.secrets[f"{login.upper()}_PASSWORD"]}
        return Api(address, call("POST", f"{address}/auth/token", body)[1]["access_token"])


class Api:
    """Airflow's REST API with a token."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address, token

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer."""
        return call(method, f"{self.address}/api/v2{path}", body, self.token)


def call(method: str, url: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    """Send JSON to an address of this machine; returns status and answer."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def wait_for(what: str, is_so: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Ask until the answer is true; returns it. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        expect(time.monotonic() < deadline, f"not after {seconds:.0f} s: {what}")
        time.sleep(1)
    return found


def expect(holds: object, found: object) -> None:
    if not holds:
        raise AssertionError(found)


def run(
    command: list[str],
    *,
    given: str | None = None,
    fails: bool = False,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program and return what it printed; `environment` is added to ours. Raises AssertionError with what it
    said when it fails, or with `fails` when it does not."""
    variables = {**os.environ, **(environment or {})}
    answer = subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT, env=variables, check=False)
    expect((answer.returncode != 0) == fails, f"{' '.join(command[:8])} …: {(answer.stderr + answer.stdout)[-2000:]}")
    return answer.stdout + (answer.stderr if fails else "")


def is_fine(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
