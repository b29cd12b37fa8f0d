"""What docker-compose.yml asks for, what .env.example offers and what `make secrets` writes fit together."""

import re
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.superset import start
from stack import superset

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "deploy" / "make-secrets.sh"
SECRET = re.compile(r"^(CX_SECRET_\w+)=(.*)$", re.MULTILINE)


@pytest.fixture
def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_secrets_are_strong_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    made = tmp_path / "env"
    subprocess.run([SCRIPT, made], check=True, capture_output=True)
    values = [value for _, value in SECRET.findall(made.read_text())]
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert len(set(values)) == len(values) > 0
    assert all(re.fullmatch(r"[\w-]{43}=", value) for value in values)
    assert list(tmp_path.iterdir()) == [made]


def test_secrets_are_never_overwritten(tmp_path: Path) -> None:
    made = tmp_path / "env"
    made.write_text("mine")
    answer = subprocess.run([SCRIPT, made], capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: ")
    assert made.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [made]


def test_secrets_of_a_newer_release_are_added_and_nothing_else_changes(tmp_path: Path) -> None:
    made = tmp_path / "env"
    subprocess.run([SCRIPT, made], check=True, capture_output=True)
    older = [line for line in made.read_text().splitlines() if not line.startswith("CX_SECRET_REDIS_PASSWORD=")]
    made.write_text("\n".join([*older, "CX_PARALLELISM=9"]))
    answer = subprocess.run([SCRIPT, made], check=True, capture_output=True, text=True, env={"MISSING": "1"})
    assert answer.stdout.strip().endswith(": added CX_SECRET_REDIS_PASSWORD")
    *kept, added = made.read_text().splitlines()
    assert kept == [*older, "CX_PARALLELISM=9"]
    assert re.fullmatch(r"CX_SECRET_REDIS_PASSWORD=[\w-]{43}=", added)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_the_example_has_each_secret_and_no_value_for_it(compose: dict) -> None:
    example = SECRET.findall((ROOT / ".env.example").read_text())
    wanted = {f"CX_SECRET_{name.upper()}": secret["environment"] for name, secret in compose["secrets"].items()}
    assert all(name == variable for name, variable in wanted.items())
    assert {name for name, _ in example} == set(wanted)
    assert [value for _, value in example if value] == []


def test_every_setting_of_the_compose_file_is_documented() -> None:
    used = set(re.findall(r"\$\{(CX_\w+)", (ROOT / "docker-compose.yml").read_text())) - {"CX_VERSION"}
    offered = set(re.findall(r"^#?(CX_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used <= offered


def test_no_container_gets_a_secret_by_its_environment(compose: dict) -> None:
    for name, service in compose["services"].items():
        assert "CX_SECRET" not in str(service), name
        assert "env_file" not in service, name


def test_the_images_packages_are_those_of_the_lock() -> None:
    def packages(name: str) -> dict[str, set[str]]:
        text = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
        return {line.split()[0]: set(re.findall(r"sha256:\w+", line)) for line in text.splitlines() if "==" in line}

    lock, programs = packages("lock.txt"), packages("postgres-programs.txt")
    server = packages("server.txt")
    assert len(server) > 50
    shared = {name.split("==")[0] for name in lock} & {name.split("==")[0] for name in server}
    differing = [name for name, hashes in server.items() if name.split("==")[0] in shared and lock.get(name) != hashes]
    assert differing == []
    assert {name: hashes for name, hashes in programs.items() if lock.get(name) != hashes} == {}


def test_superset_in_its_container_has_the_logins_and_readers_of_the_local_one() -> None:
    assert {name: role for name, (role, _) in start.LOGINS.items()} == superset.USERS
    assert set(start.READERS) == set(superset.READERS)
