"""The stack of docker-compose.yml for real: built, started, a demo night, started again; nobody is root, no leaks.

usage: python3 tests/compose/run.py [--keep]    (needs a container engine with Compose, and minutes; no virtualenv)
"""

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "cx-compose-test"
SERVICES = {"postgres", "api-server", "scheduler", "dag-processor", "triggerer", "sandbox"}
DEMO = {
    "COMPOSE_PROFILES": "demo",
    "CX_SCHEDULE": "",
    "CX_RECONCILE_SCHEDULE": "",
    "CX_RETRY_SECONDS": "5",
    "CX_ERASE_SCHEDULE": "",
}
DEMO |= {"CX_DEADLINE_MINUTES": "10", "CX_POKE_SECONDS": "5", "CX_VERSION": "test"}

# Run in a container, secrets from standard input: what a reader sees, and what it must not.
READER = """
import json, sys, psycopg
given = json.load(sys.stdin)
def ask(role, password, statement):
    try:
        with psycopg.connect(host="postgres", dbname="warehouse", user=role, password=password) as connection:
            return connection.execute(statement).fetchone()[0]
    except psycopg.Error as error:
        return type(error).__name__
print(json.dumps({
    "scores": ask("cx_reader", given["reader"], "select count(*) from marts.mart_voice__scores"),
    "people, as cx_reader": ask("cx_reader", given["reader"], "select count(*) from marts.dim_customers_personal"),
    "people, as cx_reader_pii": ask("cx_reader_pii", given["pii"], "select count(*) from marts.dim_customers_personal"),
    "raw": ask("cx_reader", given["reader"], "select count(*) from raw_zendesk.tickets"),
    "with another's password": ask("cx_reader", given["pii"], "select 1"),
    "without a password": ask("cx_reader", None, "select 1"),
}))
"""
# Run in a container: files of the volume that hold one of the words given on standard input.
FILES = """
import json, pathlib, sys
words = [word.encode() for word in json.load(sys.stdin)]
files = [path for path in pathlib.Path("/var/lib/cx").rglob("*") if path.is_file()]
print(json.dumps([len(files), [str(path) for path in files if any(word in path.read_bytes() for word in words)]]))
"""


class Stack:
    """The project of this test, with settings and secrets of its own."""

    def __init__(self, folder: Path) -> None:
        self.env_file = folder / "env"
        run([str(ROOT / "deploy" / "make-secrets.sh"), str(self.env_file)])
        made = self.env_file.read_text()
        chosen = DEMO | {"CX_AIRFLOW_PORT": str(free_port()), "CX_POSTGRES_PORT": str(free_port())}
        kept = [line for line in made.splitlines() if line.split("=")[0].lstrip("#") not in chosen]
        self.env_file.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in chosen.items()), ""]))
        self.secrets = dict(re.findall(r"^CX_SECRET_(\w+)=(.+)$", made, re.MULTILINE))

    def __call__(self, *arguments: str, given: str | None = None, fails: bool = False) -> str:
        """`docker compose` with these arguments; returns what it printed."""
        command = ["docker", "compose", "--project-name", PROJECT, "--env-file", str(self.env_file), *arguments]
        return run(command, given=given, fails=fails)

    def containers(self) -> list[dict]:
        """Each container as the engine describes it."""
        return json.loads(run(["docker", "inspect", *self("ps", "--all", "--quiet").split()]))


def main() -> int:
    if not shutil.which("docker") or not is_fine(["docker", "info"]) or not is_fine(["docker", "compose", "version"]):
        print("skipped: no container engine with Compose answers here")
        return 0
    folder = Path(tempfile.mkdtemp())
    stack = Stack(folder)
    stack("down", "--volumes")
    check = refuses_without_secrets
    try:
        for check in CHECKS:
            begins = time.monotonic()
            found = check(stack)
            print(f"ok {time.monotonic() - begins:6.1f} s  {what(check)}: {found}", flush=True)
    except AssertionError as problem:
        print(f"FAILED  {what(check)}: {problem}")
        print("\n".join(stack("logs", "--no-color", "--tail", "15").splitlines()[-60:]))
        return 1
    finally:
        if "--keep" in sys.argv:
            print(f"kept: docker compose --project-name {PROJECT} --env-file {stack.env_file} ps")
        else:
            stack("down", "--volumes")
            shutil.rmtree(folder)
    return 0


def what(check: Callable[[Stack], str]) -> str:
    """What a check proves."""
    return (check.__doc__ or "").rstrip(".")


def refuses_without_secrets(stack: Stack) -> str:
    """Without secrets nothing starts."""
    empty = stack.env_file.with_name("empty")
    text = stack.env_file.read_text()
    empty.write_text(re.sub(r"^CX_SECRET_\w+=.*\n", "", text, flags=re.MULTILINE))
    command = ["docker", "compose", "--project-name", PROJECT, "--env-file", str(empty), "up", "--detach", "postgres"]
    told = run(command, fails=True)
    stack("down", "--volumes")
    expect("CX_SECRET_POSTGRES_PASSWORD" in told, told)
    return "it names the secret that is missing"


def builds(stack: Stack) -> str:
    """The image is built."""
    stack("build")
    size = int(run(["docker", "image", "inspect", "--format", "{{.Size}}", "cx-warehouse:test"]))
    return f"{size / 1e6:.0f} MB"


def comes_up(stack: Stack) -> str:
    """Everything is healthy from empty volumes."""
    stack("up", "--detach", "--wait")
    state = {each["Config"]["Labels"]["com.docker.compose.service"]: each["State"] for each in stack.containers()}
    for service in SERVICES:
        expect(state[service].get("Health", {}).get("Status") == "healthy", f"{service}: {state[service]['Status']}")
    expect(state["init"]["ExitCode"] == 0, "init failed")
    told = stack("logs", "--no-color", "init").splitlines()
    return told[-1].partition("|")[2].strip()


def runs_a_night(stack: Stack) -> str:
    """The demo night is published."""
    told = stack("exec", "-T", "sandbox", "python", "-m", "deploy.night")
    expect("published after" in told, told[-2000:])
    return told.strip().splitlines()[-1]


def is_read(stack: Stack) -> str:
    """Readers see what they may, with their passwords."""
    given = {"reader": stack.secrets["READER_PASSWORD"], "pii": stack.secrets["READER_PII_PASSWORD"]}
    told = stack("exec", "-T", "api-server", "python", "-c", READER, given=json.dumps(given))
    seen = json.loads(told.strip().splitlines()[-1])
    expect(isinstance(seen["scores"], int) and seen["scores"] > 0, seen)
    expect(isinstance(seen["people, as cx_reader_pii"], int) and seen["people, as cx_reader_pii"] > 0, seen)
    for refused in ("people, as cx_reader", "raw"):
        expect(seen[refused] == "InsufficientPrivilege", seen)
    for refused in ("with another's password", "without a password"):
        expect(seen[refused] == "OperationalError", seen)
    return f"{seen['scores']} scores, {seen['people, as cx_reader_pii']} people"


def changes_nothing(stack: Stack) -> str:
    """A second start changes nothing."""

    def facts() -> dict:
        long_lived = [each for each in stack.containers() if each["State"]["Running"]]
        query = "select (select count(*) from ops.builds), (select count(*) from ops.ingest_runs)"
        counted = stack("exec", "-T", "postgres", "psql", "-U", "postgres", "-At", "warehouse", "-c", query)
        verifiers = "select md5(string_agg(rolname || rolpassword, ',' order by rolname)) from pg_authid"
        roles = stack("exec", "-T", "postgres", "psql", "-U", "postgres", "-At", "-c", verifiers)
        return {"containers": {each["Id"]: each["State"]["StartedAt"] for each in long_lived}, "rows": counted + roles}

    before = facts()
    stack("up", "--detach", "--wait")
    expect(facts() == before, "containers, rows or passwords differ")
    told = stack("logs", "--no-color", "init").splitlines()[-1]
    expect("already" in told, told)
    return told.partition("|")[2].strip()


def nobody_is_root(stack: Stack) -> str:
    """No process in any container is root, and none may become it."""
    count = 0
    for each in stack.containers():
        expect(each["Config"]["User"] not in ("", "0", "root"), each["Name"])
        expect(each["HostConfig"]["CapDrop"] == ["ALL"] and not each["HostConfig"]["Privileged"], each["Name"])
        expect("no-new-privileges:true" in each["HostConfig"]["SecurityOpt"], each["Name"])
        expect(each["HostConfig"]["Memory"] > 0 and each["HostConfig"]["PidsLimit"] > 0, f"{each['Name']}: no limits")
        if each["State"]["Running"]:
            owners = run(["docker", "top", each["Id"], "-eo", "uid,pid"]).split("\n")[1:]
            expect(not any(line.split()[0] == "0" for line in owners if line.strip()), each["Name"])
            count += len([line for line in owners if line.strip()])
    return f"{count} processes"


def listens_here_only(stack: Stack) -> str:
    """Ports are published on 127.0.0.1 only."""
    bound = [
        binding
        for each in stack.containers()
        for bindings in (each["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings
    ]
    expect(len(bound) == 2 and all(binding["HostIp"] == "127.0.0.1" for binding in bound), bound)
    return ", ".join(sorted(binding["HostPort"] for binding in bound))


def nothing_leaks(stack: Stack) -> str:
    """No secret in descriptions, images, arguments, logs or rendered configuration."""
    expect(len(stack.secrets) == 13, sorted(stack.secrets))
    told = stack("exec", "-T", "api-server", "cat", "/run/secrets/admin_password").strip()
    expect(told == stack.secrets["ADMIN_PASSWORD"], "the containers have other secrets than those searched for")
    containers = stack.containers()
    images = sorted({each["Image"] for each in containers})
    places = {
        "docker inspect": json.dumps(containers),
        "images": run(["docker", "image", "inspect", *images]),
        "layers": "".join(run(["docker", "history", "--no-trunc", image]) for image in images),
        "arguments": "".join(
            run(["docker", "top", each["Id"], "-eo", "pid,args"]) for each in containers if each["State"]["Running"]
        ),
        "logs": stack("logs", "--no-color"),
        "docker compose config": stack("config"),
    }
    words = [value.rstrip("=") for value in stack.secrets.values()]  # however an address may write the last sign
    for place, text in places.items():
        expect(len(text) > 100, f"{place}: nothing to look at")
        leaked = [name for name, value in stack.secrets.items() if value.rstrip("=") in text]
        expect(not leaked, f"{place} show {leaked}")
    answer = stack("exec", "-T", "scheduler", "python", "-c", FILES, given=json.dumps(words))
    count, files = json.loads(answer.strip().splitlines()[-1])
    expect(count > 20 and not files, f"{count} files; {files}")
    return f"{', '.join(places)}, {count} files of logs and docs"


def comes_back(stack: Stack) -> str:
    """A component that ended comes back by itself."""
    before = stack("ps", "--quiet", "scheduler").strip()
    stack("exec", "-T", "scheduler", "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        (each,) = json.loads(run(["docker", "inspect", before]))
        if each["RestartCount"] and each["State"]["Health"]["Status"] == "healthy":
            return "the scheduler is healthy again"
        time.sleep(1)
    raise AssertionError("the scheduler is not healthy again after two minutes")


def uses(stack: Stack) -> str:
    """What it takes."""
    form = "{{.Name}} {{.MemUsage}}"
    stats = run(["docker", "stats", "--no-stream", "--format", form, *stack("ps", "--quiet").split()])
    memory = [line.split()[:2] for line in stats.strip().splitlines()]
    volumes = run(["docker", "system", "df", "--verbose", "--format", "{{range .Volumes}}{{.Name}} {{.Size}}\n{{end}}"])
    sizes = [line for line in volumes.splitlines() if line.startswith(PROJECT)]
    return "; ".join([*(f"{name} {size}" for name, size in memory), *sizes]).replace(f"{PROJECT}-", "")


CHECKS: tuple[Callable[[Stack], str], ...] = (
    refuses_without_secrets,
    builds,
    comes_up,
    runs_a_night,
    is_read,
    changes_nothing,
    uses,
    nobody_is_root,
    listens_here_only,
    nothing_leaks,
    comes_back,
)


def expect(holds: bool, found: object) -> None:
    if not holds:
        raise AssertionError(found)


def run(command: list[str], *, given: str | None = None, fails: bool = False) -> str:
    answer = subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT, check=False)
    expect((answer.returncode != 0) == fails, f"{' '.join(command[:8])} …: {(answer.stderr + answer.stdout)[-2000:]}")
    return answer.stdout + (answer.stderr if fails else "")


def is_fine(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main())
