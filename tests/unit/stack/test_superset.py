"""Superset's secrets: made once, for their owner's eyes only, and handed over in a file."""

import json
from pathlib import Path

import pytest

from stack import superset
from stack.errors import StackError
from stack.postgres import PostgresServer


@pytest.fixture
def server(tmp_path: Path) -> PostgresServer:
    return PostgresServer(tmp_path, socket_folder=tmp_path / "socket")


def test_settings_are_private_and_stay_the_same(server: PostgresServer, tmp_path: Path) -> None:
    assert superset._write_settings(tmp_path, server)
    assert not superset._write_settings(tmp_path, server), "a second start restarts nothing"
    for name in ("settings.json", "secrets.json"):
        assert (tmp_path / "superset" / name).stat().st_mode & 0o077 == 0
    assert (tmp_path / "superset").stat().st_mode & 0o077 == 0


def test_no_secret_is_in_what_other_processes_can_see(server: PostgresServer, tmp_path: Path) -> None:
    superset._write_settings(tmp_path, server)
    made = json.loads((tmp_path / "superset" / "secrets.json").read_text())
    seen = json.dumps(superset._environment(tmp_path))
    assert not [secret for secret in (made["secret_key"], *made["passwords"].values()) if secret in seen]
    assert len({made["secret_key"], *made["passwords"].values()}) == 1 + len(superset.USERS)


def test_another_programs_settings_are_not_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SUPERSET__SQLALCHEMY_DATABASE_URI", "FLASK_APP", "PYTHONPATH", "CX_DATABASE_URL"):
        monkeypatch.setenv(name, "elsewhere")
    assert "elsewhere" not in superset._environment(tmp_path).values()


def test_without_its_environment_the_command_that_makes_it_is_named(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(superset, "PYTHON", tmp_path / "nowhere")
    with pytest.raises(StackError, match="make dashboards"):
        superset.Superset.ensure(tmp_path, server, lambda _: None)
