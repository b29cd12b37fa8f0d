"""The campaign in short: nights that go wrong lose nothing, and the comparison would see it if they did."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from chaos.campaign import DATABASE, Campaign, NightOver, Stage, Terms, discard
from chaos.compare import Difference, compare
from chaos.plan import plan
from chaos.report import figures
from sandbox.ledger import Ledger

TERMS = Terms(seed=11, nights=2, faults=60, customers=40)


class Played:
    """A campaign that was played, with its stage still standing."""

    def __init__(self, campaign: Campaign, stage: Stage, nights: list[NightOver]) -> None:
        self.campaign, self.stage, self.nights = campaign, stage, nights
        self.ledgers: dict[str, Ledger] = stage.ledgers()

    def differences(self, *statements: str) -> Counter[str]:
        """What the comparison finds, by kind, after these statements were run behind everybody's back."""
        with self.copy() as dsn:
            with psycopg.connect(dsn, autocommit=True) as connection:
                for statement in statements:
                    assert connection.execute(statement).rowcount == 1
            return Counter(one.kind for one in compare(dsn, self.ledgers, self.campaign.progress.malformed))

    @contextmanager
    def copy(self) -> Iterator[str]:
        name = f"copy_{uuid4().hex[:8]}"
        with psycopg.connect(self.stage.server.admin_dsn, autocommit=True) as connection:
            create = sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(DATABASE))
            connection.execute(create)
            yield self.stage.server.dsn(name)
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    home = Path(tempfile.mkdtemp(prefix="cx-chaos-")) / "campaign"
    campaign = Campaign(home, TERMS, print)
    try:
        with campaign.opened() as stage:
            nights = list(campaign.play(stage))
            yield Played(campaign, stage, nights)
    finally:
        discard(home)
        shutil.rmtree(home.parent, ignore_errors=True)


def test_nothing_is_lost_when_everything_goes_wrong(played: Played) -> None:
    last: list[Difference] = played.nights[-1].differences
    told = figures(TERMS, played.campaign.progress, last)
    assert [f"{one.name}: {one.fact}" for one in last] == []
    assert (told["lost"], told["stale"], told["duplicated"], told["unnoticed"], told["stuck"]) == (0, 0, 0, 0, 0)
    assert told["faults"] >= TERMS.faults
    assert told["blows"]["kill -9"] > 0 and told["blows"]["double start"] > 0
    # the nights that went wrong were not whole: the comparison had something to see, and the calm ones caught up
    assert any(over.differences for over in played.nights[: TERMS.nights])


def test_the_ledgers_know_every_stream_and_what_is_gone(played: Played) -> None:
    streams = {(source, stream) for source, ledger in played.ledgers.items() for stream in ledger}
    assert set(played.stage.streams()) <= streams
    gone = Counter(
        source
        for source, ledger in played.ledgers.items()
        for entries in ledger.values()
        for entry in entries.values()
        if entry.is_deleted
    )
    assert {"zendesk", "hubspot", "typeform"} <= gone.keys()


def test_a_row_that_went_missing_is_seen(played: Played) -> None:
    assert played.differences(
        "delete from raw_typeform.forms where key = (select min(key) from raw_typeform.forms)"
    ) == {"lost": 1}


def test_a_version_that_is_not_the_vendors_is_seen(played: Played) -> None:
    stale = """insert into raw_zendesk.sla_policies (key, record, run_id, content_hash, is_deleted)
        select key, record || '{"title": "of yesterday"}', run_id, content_hash, false from raw_zendesk.sla_policies
        order by sequence desc limit 1"""
    assert played.differences(stale) == {"stale": 1}


def test_a_version_that_is_there_twice_is_seen(played: Played) -> None:
    twice = """insert into raw_hubspot.deals (key, record, changed_at, run_id, content_hash, is_deleted, scope)
        select key, record, changed_at, run_id, content_hash, is_deleted, scope from raw_hubspot.deals
        order by sequence desc limit 1"""
    assert played.differences(twice) == {"duplicated": 1}


def test_a_deletion_that_was_not_noticed_is_seen(played: Played) -> None:
    tombstone = """delete from raw_hubspot.contacts where sequence = (
        select max(sequence) from raw_hubspot.contacts as gone where is_deleted and exists (
            select from raw_hubspot.contacts as before where before.key = gone.key and not before.is_deleted)
        and not exists (
            select from raw_hubspot.contacts as later where later.key = gone.key and later.sequence > gone.sequence))"""
    assert played.differences(tombstone) == {"unnoticed": 1}


def test_a_malformed_record_that_nobody_kept_is_seen(played: Played) -> None:
    record = played.campaign.progress.malformed[0]
    with played.copy() as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                sql.SQL("delete from {} where position(%s in body) > 0").format(
                    sql.Identifier(f"raw_{record.source}", "quarantine")
                ),
                [record.body],
            )
        assert {one.kind for one in compare(dsn, played.ledgers, [record])} == {"unnoticed"}


def test_a_run_whose_end_nobody_knows_is_seen(played: Played) -> None:
    running = """update ops.ingest_runs set status = 'running' where run_id = (
        select run_id from ops.ingest_runs order by started_at desc limit 1)"""
    silent = """update ops.ingest_runs set error = '' where run_id = (
        select run_id from ops.ingest_runs where status = 'failed' limit 1)"""
    assert played.differences(running) == {"unnoticed": 1}
    assert played.differences(silent) == {"unnoticed": 1}


def test_a_night_goes_wrong_in_the_same_way_when_it_is_played_again() -> None:
    streams = [("ga4", "daily_users"), ("zendesk", "users"), ("zendesk", "tickets"), ("hubspot", "deals")]
    assert plan(5, 3, streams, 20) == plan(5, 3, streams, 20)
    assert plan(5, 3, streams, 20) != plan(5, 4, streams, 20) != plan(6, 4, streams, 20)
    assert plan(5, 3, streams, 0).faults == () and plan(5, 3, streams, 0).crash is None


def test_a_campaign_goes_on_after_its_last_finished_night_when_it_was_stopped(tmp_path: Path) -> None:
    home = tmp_path / "campaign"
    stopped = Campaign(home, TERMS, print)
    stopped.progress.done = 1
    stopped.progress.blows["kill -9"] = 3
    stopped.save()
    assert Campaign(home, TERMS, print).progress == stopped.progress
    assert Campaign(home, Terms(seed=12), print).progress.done == 0
