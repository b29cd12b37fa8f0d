"""What Airflow is told in a container: who logs in how, who runs the tasks, and nothing that others could read."""

import configparser
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import entrypoint, given
from stack.errors import StackError

SECRETS = ("airflow_password", "fernet_key", "jwt_secret", "api_secret", "redis_password")
Configured = Callable[[str], configparser.RawConfigParser]


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configured:
    """`configured(profiles)`: the configuration of a container that was given these profiles."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in SECRETS:
        (secrets / name).write_text(f"the-{name}=\n")
    monkeypatch.setattr(given, "SECRETS", secrets)
    monkeypatch.setattr(entrypoint, "CONFIGURATION", tmp_path)

    def configure(profiles: str) -> configparser.RawConfigParser:
        monkeypatch.setenv("COMPOSE_PROFILES", profiles)
        entrypoint.configure()
        parser = configparser.RawConfigParser()
        parser.read(tmp_path / "airflow" / "airflow.cfg")
        return parser

    return configure


@pytest.mark.parametrize("profiles", ["", "demo", "upscale"])
def test_the_scheduler_runs_the_tasks_by_default(configured: Configured, profiles: str) -> None:
    found = configured(profiles)
    assert found["core"]["executor"] == "LocalExecutor"
    assert not found.has_section("celery")


@pytest.mark.parametrize("profiles", ["scale", "demo,scale"])
def test_with_the_profile_scale_workers_do(configured: Configured, profiles: str) -> None:
    found = configured(profiles)
    assert found["core"]["executor"] == "CeleryExecutor"
    assert found["celery"]["broker_url"] == "redis://:the-redis_password=@redis:6379/0"
    assert found["celery"]["worker_prefetch_multiplier"] == "1"


def test_people_log_in_with_a_role_and_no_password_file_is_left(configured: Configured, tmp_path: Path) -> None:
    found = configured("")
    assert found["core"]["auth_manager"].endswith(".FabAuthManager")
    assert not any("simple" in name for name in found["core"])
    assert {path.name for path in (tmp_path / "airflow").iterdir()} == {"airflow.cfg", "config", "webserver_config.py"}


def test_only_the_container_s_user_reads_the_configuration(configured: Configured, tmp_path: Path) -> None:
    configured("scale")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "airflow").rglob("*") if path.is_file()]
    assert set(modes) == {0o600}


def test_a_secret_that_is_missing_is_named(configured: Configured, tmp_path: Path) -> None:
    (tmp_path / "secrets" / "fernet_key").unlink()
    with pytest.raises(StackError, match="was not given the secret fernet_key"):
        configured("")
    (tmp_path / "secrets" / "fernet_key").write_text("\n")
    with pytest.raises(StackError, match="CX_SECRET_FERNET_KEY is empty"):
        configured("")


def test_a_release_is_told_by_its_files_and_its_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "other.txt").write_text("1")
    first = given.release(["*.py"], {"password": "x"})
    (tmp_path / "other.txt").write_text("2")
    assert given.release(["*.py"], {"password": "x"}) == first
    assert given.release(["*.py"], {"password": "y"}) != first
    (tmp_path / "a.py").write_text("2")
    assert given.release(["*.py"], {"password": "x"}) != first
