"""The campaign: night after night of a small company, then calm ones in which everything must have caught up."""

from __future__ import annotations

import base64
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from chaos import blows
from chaos.accounts import PLANS, connections
from chaos.changes import change_records
from chaos.compare import Difference, Malformed, compare
from chaos.errors import CampaignError
from chaos.night import Night, run_night, streams_of
from chaos.plan import NightPlan, Stream, plan
from chaos.workers import Workers
from cx_warehouse.connectors import registry
from cx_warehouse.database import bootstrap
from sandbox.company import generate
from sandbox.ledger import Ledger, ledgers
from sandbox.model import Company
from sandbox.testing import Running, running
from stack.paths import private_directory, write_private
from stack.postgres import PostgresServer, remove_outside

DATABASE = "chaos"
DAYS = 40  # of history at the first night
CALM_NIGHTS = 4  # at the end; with them Typeform reads every form whole
QUIET = timedelta(hours=1)  # before the last night, so that what vendors show late has been shown
SEEN_OF_PLANNED = 0.75  # part of the planned faults that meet the requests they wait for


@dataclass(frozen=True)
class Terms:
    """What was asked for. `only`: play just this night again, after a calm one."""

    seed: int = 1
    nights: int = 40
    faults: int = 1_000
    customers: int = 120
    only: int | None = None

    @property
    def a_night(self) -> int:
        """Faults planned for each night."""
        return round(self.faults / self.nights / SEEN_OF_PLANNED)

    @property
    def last(self) -> int:
        return (self.only or self.nights) + CALM_NIGHTS


@dataclass
class Progress:
    """What is kept from night to night, so that a campaign that was killed goes on."""

    done: int = 0  # nights
    injected: Counter[str] = field(default_factory=Counter)  # by "source kind"
    blows: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    given_up: int = 0
    stuck: list[tuple[str, int]] = field(default_factory=list)  # stream and night
    seconds: float = 0.0
    first_seen: dict[str, int] = field(default_factory=dict)  # a difference → the night after which it showed
    malformed: list[Malformed] = field(default_factory=list)
    before_reconcile: list[Difference] = field(default_factory=list)
    left_to_reconcile: int = 0

    @property
    def total(self) -> int:
        """Everything that was done to the nights: faults at the vendors and blows."""
        return self.injected.total() + self.blows.total()

    def dumped(self) -> dict[str, Any]:
        bodies = [[one.source, one.stream, base64.b64encode(one.body).decode()] for one in self.malformed]
        before = [[*one.__dict__.values()] for one in self.before_reconcile]
        return {**self.__dict__, "malformed": bodies, "before_reconcile": before}

    @classmethod
    def loaded(cls, stored: dict[str, Any]) -> Progress:
        counters = {name: Counter(stored[name]) for name in ("injected", "blows", "verdicts")}
        bodies = [Malformed(source, stream, base64.b64decode(body)) for source, stream, body in stored["malformed"]]
        before = [Difference(*fields) for fields in stored["before_reconcile"]]
        return cls(**{**stored, **counters, "malformed": bodies, "before_reconcile": before})


@dataclass(frozen=True)
class NightOver:
    """A night that was played. `differences` of a night that went wrong may still be caught up."""

    number: int
    night: Night
    injected: Counter[str]  # faults at the vendors, by "source kind"
    differences: list[Difference]
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.injected.total() + self.night.blows.total()} faults, {len(self.night.given_up)} streams given up, "
            f"{len(self.differences)} differences still to be caught up, {self.seconds:.1f} s"
        )


class Campaign:
    """One campaign in its home folder. Times are the made company's; the real ones are in `progress.seconds`."""

    def __init__(self, home: Path, terms: Terms, say: Callable[[str], None]) -> None:
        self.home, self.terms, self._say = home, terms, say
        # a night that is played again comes after one calm night, which brings in all that there is
        self.progress = Progress(done=max(0, (terms.only or 0) - 2))
        self._file = home / "campaign.json"
        self._take_up()

    def _take_up(self) -> None:
        """Go on with the campaign of this home if it is the same one and not finished; else begin anew."""
        if self._file.exists():
            stored = json.loads(self._file.read_text())
            if stored["terms"] == self.terms.__dict__ and stored["progress"]["done"] < self.terms.last:
                self.progress = Progress.loaded(stored["progress"])
                self._say(f"going on after night {self.progress.done}")
                return
            discard(self.home)
        private_directory(self.home)

    def save(self) -> None:
        """Keep what is known, at the end of a night."""
        state = {"terms": self.terms.__dict__, "progress": self.progress.dumped()}
        write_private(self._file, json.dumps(state))

    @contextmanager
    def opened(self) -> Iterator[Stage]:
        """Postgres, the sandbox and the workers, running."""
        database = self.home / "postgres"
        is_new = not (database / "postgres.json").exists()
        server = blows.prepare_disk(database) if is_new else PostgresServer.ensure(database)
        try:
            server.create_databases(DATABASE)
            bootstrap(server.dsn(DATABASE))
            blows.grow_tables(server.dsn(DATABASE))
            with running(
                home=self.home / "sandbox", seed=self.terms.seed, company=company(self.terms), plans=PLANS
            ) as sandbox:
                workers = Workers(server.dsn(DATABASE, "cx_loader"), connections(sandbox), self.home / "runs.log")
                try:
                    yield Stage(self.home, self.terms, server, sandbox, workers)
                finally:
                    workers.close()
        finally:
            server.stop()

    def play(self, stage: Stage) -> Iterator[NightOver]:
        """Play the nights that are left, one by one."""
        for number in range(self.progress.done + 1, self.terms.last + 1):
            began = time.monotonic()
            self.progress.malformed += stage.begin(number)
            self.save()
            night, injected = stage.play(stage.planned(number))
            differences = stage.compare(self.progress.malformed)
            seconds = time.monotonic() - began
            if number == self.terms.last - 1:
                differences = self._reconcile(stage, differences)
            if number == self.terms.last:
                differences = self.progress.before_reconcile + differences
            self._note(night, injected, differences, seconds)
            yield NightOver(number, night, injected, differences, seconds)

    def _reconcile(self, stage: Stage, differences: list[Difference]) -> list[Difference]:
        """The reconcile that is due: what nobody can see in increments it has to find. Nothing else may be left to it:
        whatever is lost, stale or doubled by now stays a failure."""
        progress = self.progress
        progress.before_reconcile = [one for one in differences if one.kind != "unnoticed"]
        progress.left_to_reconcile = len(differences) - len(progress.before_reconcile)
        night = stage.reconcile()
        progress.stuck += [(".".join(stream), self.terms.last - 1) for stream in night.stuck]
        return stage.compare(progress.malformed)

    def _note(self, night: Night, injected: Counter[str], differences: list[Difference], seconds: float) -> None:
        """The end of a night: add it up and keep it."""
        progress = self.progress
        progress.done += 1
        progress.injected += injected
        progress.blows += night.blows
        progress.verdicts += night.verdicts
        progress.given_up += len(night.given_up)
        progress.stuck += [(".".join(stream), progress.done) for stream in night.stuck]
        progress.seconds += seconds
        now = {one.name for one in differences}
        progress.first_seen = {name: progress.first_seen.get(name, progress.done) for name in now}
        self.save()


@dataclass
class Stage:
    """What a night is played on."""

    home: Path
    terms: Terms
    server: PostgresServer
    sandbox: Running
    workers: Workers

    @property
    def dsn(self) -> str:
        """As the owner of everything."""
        return self.server.dsn(DATABASE)

    def streams(self) -> tuple[Stream, ...]:
        """Every stream of every registered source that has a ledger."""
        known = registry.streams()
        return streams_of(known, [source for source in self.ledgers() if source in known])

    def ledgers(self) -> dict[str, Ledger]:
        """What the vendors hold now."""
        return ledgers(self.sandbox.world)

    def begin(self, number: int) -> list[Malformed]:
        """Bring the clock to the night's, with everything that people did by hand up to it."""
        world, terms = self.sandbox.world, self.terms
        blows.tidy_catalog(self.dsn)
        world.faults.clear()
        opens = world.company.opens_at
        malformed = []
        while (day := (world.now() - opens).days) < number:
            world.advance(1)
            if day + 1 <= (terms.only or terms.nights):
                malformed += change_records(world, self.ledgers(), terms.seed, day + 1)
        return malformed

    def planned(self, number: int) -> NightPlan:
        """What goes wrong in a night."""
        terms = self.terms
        is_calm = number > terms.nights if terms.only is None else number != terms.only
        return plan(terms.seed, number, self.streams(), 0 if is_calm else terms.a_night)

    def play(self, planned: NightPlan) -> tuple[Night, Counter[str]]:
        """Run the night; what became of it, and the faults that were injected, by source and kind."""
        world = self.sandbox.world
        before = world.faults.injected[-1]["number"] if world.faults.injected else 0
        for fault in planned.faults:
            world.faults.add(fault)
        database = self.home / "postgres"
        night = run_night(
            self.workers,
            planned,
            world.now(),
            crash=lambda: blows.crash(database),
            fill_disk=lambda seconds: blows.fill_disk(self.dsn, seconds),
        )
        world.faults.clear()
        injected = (one for one in world.faults.injected if one["number"] > before)
        return night, Counter(f"{one['source']} {one['kind']}" for one in injected)

    def reconcile(self) -> Night:
        """Reconcile every stream, as the weekly DAG does."""
        calm = plan(self.terms.seed, self.terms.last, self.streams(), 0)
        now = self.sandbox.world.now()
        return run_night(self.workers, calm, now, crash=lambda: None, fill_disk=lambda seconds: None, task="reconcile")

    def compare(self, malformed: list[Malformed]) -> list[Difference]:
        """Raw against the ledgers."""
        return compare(self.dsn, self.ledgers(), malformed)


def company(terms: Terms) -> Company:
    """A small company that falls silent an hour before the last night."""
    made = generate(terms.seed, terms.customers, DAYS, terms.last + 1)
    silent = made.opens_at + timedelta(days=terms.last) - QUIET
    return replace(made, events=[event for event in made.events if event.at < silent])


def discard(home: Path) -> None:
    """Delete a campaign with its Postgres."""
    if not home.exists():
        return
    if not (home / "campaign.json").exists() and any(home.iterdir()):
        raise CampaignError(f"{home} holds something that is not a campaign: name another folder")
    database = home / "postgres"
    if (database / "postgres.json").exists():
        server = PostgresServer.find(database)
        if server is not None:
            server.stop()
        remove_outside(database)
    shutil.rmtree(home)
