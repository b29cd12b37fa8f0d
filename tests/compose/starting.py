"""Images are built, everything comes up, and a second start repeats nothing."""

import re

from engine import PROJECT, Stack, expect, run, wait_for

SERVICES = ("postgres", "api-server", "scheduler", "dag-processor", "triggerer", "superset", "sandbox")
ONCE = ("init", "superset-init")
IMAGES = ("cx-warehouse", "cx-warehouse-superset", "cx-warehouse-redis")


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
    """The images are built."""
    stack("--profile", "scale", "build")
    form = ["docker", "image", "inspect", "--format", "{{.Size}}"]
    return ", ".join(f"{name} {int(run([*form, f'{name}:test'])) / 1e6:.0f} MB" for name in IMAGES)


def comes_up(stack: Stack) -> str:
    """Everything is healthy from empty volumes."""
    stack("up", "--detach", "--wait")
    state = {each["Config"]["Labels"]["com.docker.compose.service"]: each["State"] for each in stack.containers()}
    for service in SERVICES:
        expect(state[service].get("Health", {}).get("Status") == "healthy", f"{service}: {state[service]['Status']}")
    for service in ONCE:
        expect(state[service]["ExitCode"] == 0, f"{service} failed")
    return ", ".join(f"{service} {stack.last_word(service)}" for service in ONCE)


def changes_nothing(stack: Stack) -> str:
    """A second start changes nothing."""

    def facts() -> dict[str, object]:
        running = [each for each in stack.containers() if each["State"]["Running"]]
        return {
            "containers": {each["Id"]: each["State"]["StartedAt"] for each in running},
            "rows": stack.ask("select (select count(*) from ops.builds), (select count(*) from ops.ingest_runs)"),
            "passwords": stack.ask("select md5(string_agg(rolname || rolpassword, ',' order by 1)) from pg_authid"),
            "charts": stack.ask("select md5(string_agg(slices::text, ',' order by id)) from slices", "superset"),
            "logins": stack.ask("select md5(string_agg(password, ',' order by id)) from ab_user", "airflow"),
        }

    before = facts()
    stack("up", "--detach", "--wait")
    after = facts()
    expect(after == before, [name for name in before if before[name] != after[name]])
    for service in ONCE:
        expect("already" in stack.last_word(service), f"{service}: {stack.last_word(service)}")
    return "no container, row, password or chart differs"


def comes_back(stack: Stack) -> str:
    """A component that ended comes back by itself."""
    before = stack("ps", "--quiet", "scheduler").strip()
    stack("exec", "-T", "scheduler", "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")

    def is_back() -> bool:
        (each,) = [one for one in stack.containers() if one["Id"] == before]
        return bool(each["RestartCount"] and each["State"]["Health"]["Status"] == "healthy")

    wait_for("the scheduler is healthy again", is_back, 120)
    return "the scheduler is healthy again"


def uses(stack: Stack) -> str:
    """What it takes."""
    form = "{{.Name}} {{.MemUsage}}"
    stats = run(["docker", "stats", "--no-stream", "--format", form, *stack("ps", "--quiet").split()])
    memory = [line.split()[:2] for line in stats.strip().splitlines()]
    volumes = run(["docker", "system", "df", "--verbose", "--format", "{{range .Volumes}}{{.Name}} {{.Size}}\n{{end}}"])
    sizes = [line for line in volumes.splitlines() if line.startswith(PROJECT)]
    return "; ".join([*(f"{name} {size}" for name, size in memory), *sizes]).replace(f"{PROJECT}-", "")
