"""Whatever a user gets wrong ends in one line that says what to mend, and a non-zero exit."""

import subprocess
import sys
from pathlib import Path

import pytest

from stack.paths import ROOT


def run(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "CX_HOME": str(home / "cx"), **variables}
    return subprocess.run(
        [sys.executable, "-m", "stack.cli", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (["night"], {}, "make demo"),
        (["summary"], {}, "make demo"),
        (["psql", "--sql", "select 1"], {}, "make demo"),
        (["demo"], {"CX_CUSTOMERS": "many"}, "many"),
        (["demo"], {"CX_DAYS": "0"}, "days"),
        (["demo"], {"CX_DATA": "/no/such/folder"}, "/no/such/folder"),
        (["bench"], {}, "NAME="),
        (["bench"], {"CX_BENCHMARK": "speed"}, "speed"),
        (["dance"], {}, "dance"),
        (["replay"], {}, "STREAM="),
        (["replay"], {"CX_STREAM": "zendesk.tickets"}, "FROM="),
        (["replay"], {"CX_STREAM": "zendesk.letters", "CX_FROM": "2026-01-01"}, "zendesk.tickets"),
        (["replay"], {"CX_STREAM": "zendesk.tickets", "CX_FROM": "last week"}, "'last week' is not a date"),
        (["replay"], {"CX_STREAM": "zendesk.tickets", "CX_FROM": "2026-01-01"}, "make demo"),
        (["schema"], {"CX_STREAM": "letters"}, "zendesk.tickets"),
        (["schema"], {"CX_STREAM": "zendesk.tickets"}, "make demo"),
        (["reconcile"], {"CX_SOURCE": "post"}, "unknown source 'post'"),
        (["reconcile"], {}, "make demo"),
        (["psql", "--sql", "select 1"], {"CX_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"}, "CX_DATABASE_URL"),
        (["psql", "--sql", "select 1"], {"CX_DATABASE_URL": "this is no url"}, "CX_DATABASE_URL"),
    ],
)
def test_command_says_what_to_mend_when_input_is_bad(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], told: str
) -> None:
    answer = run(tmp_path, *arguments, **variables)
    assert answer.returncode != 0
    lines = answer.stderr.strip().splitlines()
    assert len(lines) == 1, answer.stderr
    assert lines[0].startswith("error: ")
    assert told in lines[0]
    assert "secret" not in lines[0]
    assert "Traceback" not in answer.stdout + answer.stderr


def test_a_home_of_real_vendors_has_no_sandbox_to_move_on(tmp_path: Path) -> None:
    (tmp_path / "cx").mkdir()
    (tmp_path / "cx" / "kind").write_text("vendors\n")
    answer = run(tmp_path, "night")
    assert answer.returncode == 1
    assert "trigger the DAG" in answer.stderr


def test_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = run(tmp_path, "demo", CX_HOME=str(tmp_path / "file" / "cx"))
    assert answer.returncode == 1
    assert str(tmp_path / "file") in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def test_home_that_others_can_read_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "cx"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    answer = run(tmp_path, "demo")
    assert answer.returncode == 1
    assert f"chmod 700 {home}" in answer.stderr
    assert home.stat().st_mode & 0o777 == 0o755


def test_clean_deletes_nothing_when_the_folder_is_not_a_home(tmp_path: Path) -> None:
    mine = tmp_path / "cx"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    answer = run(tmp_path, "clean")
    assert answer.returncode == 1
    assert (mine / "thesis.txt").exists()


def test_stop_and_clean_are_content_when_nothing_is_there(tmp_path: Path) -> None:
    assert run(tmp_path, "stop").returncode == 0
    assert run(tmp_path, "clean").returncode == 0
