"""The world behind the look-alike APIs: its clock, switches and added records, kept across restarts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.company import OPENS_AT
from sandbox.errors import SandboxError
from sandbox.world import HORIZON_DAYS, World

DAY = timedelta(days=1)


def small(home: Path | None = None, **changes: object) -> World:
    """A small company's world."""
    return World(**{"customers": 5, "days": 3, "seed": 1, "home": home, **changes})  # type: ignore[arg-type]


def test_clock_switches_records_and_secrets_survive_a_restart(tmp_path: Path):
    world = small(tmp_path)
    world.advance(2)
    world.switch("zendesk", off=True)
    world.add_record("hubspot", "contacts", b'{"id": "1",\n "x": "\xff\x00"}')
    again = small(tmp_path)
    assert again.now() == OPENS_AT + 2 * DAY
    assert again.is_off("zendesk")
    assert not again.is_off("hubspot")
    assert again.extra_records("hubspot", "contacts") == [b'{"id": "1",\n "x": "\xff\x00"}']
    assert again.credentials == world.credentials


def test_parameters_default_to_those_of_the_home(tmp_path: Path):
    small(tmp_path)
    again = World(home=tmp_path)
    assert (again.customers, again.days, again.seed) == (5, 3, 1)


@pytest.mark.parametrize("changes", [{"customers": 6}, {"days": 4}, {"seed": 2}])
def test_other_parameters_for_a_used_home_are_refused(tmp_path: Path, changes: dict[str, int]):
    small(tmp_path)
    with pytest.raises(SandboxError, match=f"was started with {next(iter(changes))}="):
        small(tmp_path, **changes)


@pytest.mark.parametrize("changes", [{"customers": 0}, {"customers": 10**9}, {"days": -1}, {"seed": -1}])
def test_parameters_out_of_range_are_refused(changes: dict[str, int]):
    with pytest.raises(SandboxError, match=f"{next(iter(changes))} must be"):
        small(**changes)


def test_damaged_home_is_named(tmp_path: Path):
    small(tmp_path)
    (tmp_path / "world.json").write_text("{")
    with pytest.raises(SandboxError, match="damaged"):
        small(tmp_path)


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path):
    small(tmp_path)
    assert (tmp_path / "credentials.json").stat().st_mode & 0o077 == 0


def test_events_end_at_the_clock():
    world = small()
    assert world.events()[-1].at <= world.now()
    before = world.events()
    world.advance(1)
    after = world.events()
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert after[-1].at <= world.now()


def test_company_lives_on_beyond_its_horizon_with_the_same_past():
    world = small()
    past = world.events()
    for _ in range(3):
        world.advance(HORIZON_DAYS)
    assert world.events()[: len(past)] == past
    assert world.events()[-1].at > OPENS_AT + (3 * HORIZON_DAYS - 1) * DAY


def test_company_far_beyond_its_horizon_is_there_after_a_restart(tmp_path: Path):
    world = small(tmp_path)
    world.advance(HORIZON_DAYS + 9)
    assert small(tmp_path).events() == world.events()


@pytest.mark.parametrize("days", [0, -1, 367])
def test_clock_only_moves_on(days: int):
    world = small()
    with pytest.raises(SandboxError, match="advance_days"):
        world.advance(days)
    assert world.now() == OPENS_AT


def test_unknown_source_or_stream_is_refused():
    world = small()
    with pytest.raises(SandboxError, match="unknown source 'zendex': it is one of zendesk"):
        world.switch("zendex", off=True)
    with pytest.raises(SandboxError, match="unknown stream 'deals' of zendesk: it is one of users"):
        world.add_record("zendesk", "deals", b"{}")
    with pytest.raises(SandboxError, match="empty"):
        world.add_record("zendesk", "users", b"")


def test_files_are_served_line_by_line_and_may_grow(tmp_path: Path):
    folder = tmp_path / "zendesk"
    folder.mkdir()
    (folder / "tickets.jsonl").write_bytes(b'{"id": 1}\n\n{"id": \xff}\n')
    world = World(data=tmp_path)
    assert world.data_dir_mode
    assert world.company.events == []
    assert world.extra_records("zendesk", "tickets") == [b'{"id": 1}', b'{"id": \xff}']
    assert world.extra_records("zendesk", "users") == []
    revision = world.revision
    (folder / "tickets.jsonl").write_bytes(b'{"id": 1}\n{"id": 2}\n{"id": 3}\n')
    assert len(world.extra_records("zendesk", "tickets")) == 3
    assert world.revision > revision


def test_folder_of_files_with_a_mistake_is_refused(tmp_path: Path):
    with pytest.raises(SandboxError, match="is not a folder"):
        World(data=tmp_path / "nowhere")
    with pytest.raises(SandboxError, match="holds no"):
        World(data=tmp_path)
    (tmp_path / "zendesk").mkdir()
    (tmp_path / "zendesk" / "tikets.jsonl").write_text("{}\n")
    with pytest.raises(SandboxError, match="unknown stream 'tikets'"):
        World(data=tmp_path)


def test_home_of_a_company_is_not_used_for_files(tmp_path: Path):
    home, data = tmp_path / "home", tmp_path / "data"
    (data / "ga4").mkdir(parents=True)
    (data / "ga4" / "daily_users.jsonl").write_text("{}\n")
    small(home)
    with pytest.raises(SandboxError, match="was started with a made company"):
        small(home, data=data)


def test_log_keeps_the_newest_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sandbox.world.LOG_ENTRIES_KEPT", 3)
    world = small(tmp_path)
    for number in range(8):
        world.log("ga4" if number % 2 else "zendesk", "GET", f"/{number}", 200)
    assert [entry["path"] for entry in world.requests()] == ["/5", "/6", "/7"]
    assert [entry["path"] for entry in world.requests("zendesk")] == ["/6"]
    kept = [len(file.read_text().splitlines()) for file in sorted(tmp_path.glob("requests.jsonl*"))]
    assert sum(kept) <= 6
