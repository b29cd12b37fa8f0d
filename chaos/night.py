"""One night: every stream brought in by runs of its own, tried again as Airflow does, while the plan goes wrong."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

from chaos.blows import SAYS_FULL
from chaos.plan import NightPlan, Stream
from chaos.workers import Run, Workers

TRIES = 3  # retries=2 in the ingest DAGs
AT_ONCE = 6
LONGEST_RUN_SECONDS = 60.0
DISK_FULL_SECONDS = 2.0


@dataclass
class Night:
    """What became of a night. `blows` counts what was done to runs and Postgres, `given_up` names the streams that
    the next night has to take up, `stuck` the runs that did not end by themselves."""

    blows: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    given_up: list[Stream] = field(default_factory=list)
    stuck: list[Stream] = field(default_factory=list)


def run_night(
    workers: Workers,
    plan: NightPlan,
    as_of: datetime,
    *,
    crash: Callable[[], None],
    fill_disk: Callable[[float], None],
    task: str = "ingest",
) -> Night:
    """Bring every stream in once (or reconcile it), or give it up after three tries."""
    return _Driver(workers, plan, as_of, crash, fill_disk, task).run()


class _Driver:
    def __init__(
        self,
        workers: Workers,
        plan: NightPlan,
        as_of: datetime,
        crash: Callable[[], None],
        fill_disk: Callable[[float], None],
        task: str,
    ) -> None:
        self._workers, self._plan, self._as_of = workers, plan, as_of
        self._crash, self._fill_disk, self._task = crash, fill_disk, task
        self._night = Night()
        self._waiting: deque[Stream] = deque(plan.order)
        self._running: list[Run] = []
        self._tries: Counter[Stream] = Counter()
        self._landed: set[Stream] = set()
        self._begun = 0
        self._due: list[tuple[float, int, Callable[[], None]]] = []  # what happens when, in monotonic seconds
        self._tick = count()
        self._is_up = threading.Event()
        self._is_up.set()
        self._threads: list[threading.Thread] = []

    def run(self) -> Night:
        while self._waiting or self._running:
            self._begin()
            self._strike()
            for run in self._workers.finished(self._until_due()):
                self._ended(run)
        for thread in self._threads:
            thread.join()
        return self._night

    def _begin(self) -> None:
        while self._waiting and len(self._running) < AT_ONCE and self._is_up.is_set():
            stream = self._waiting.popleft()
            self._tries[stream] += 1
            first = self._tries[stream] == 1
            times = 2 if first and stream in self._plan.doubles else 1
            for _ in range(times):
                run = self._workers.start(*stream, self._as_of, task=self._task)
                self._running.append(run)
                self._at(LONGEST_RUN_SECONDS, lambda run=run: self._give_up_waiting(run))
            self._night.blows["double start"] += times - 1
            if first:
                self._begun += 1
                if stream in self._plan.kills:
                    self._at(self._plan.kills[stream], lambda run=run: self._kill(run))
                for at, blow in ((self._plan.crash, self._crash_now), (self._plan.full_disk, self._fill_now)):
                    if at is not None and at.runs == self._begun:
                        self._at(at.seconds, blow)

    def _at(self, seconds: float, what: Callable[[], None]) -> None:
        heappush(self._due, (time.monotonic() + seconds, next(self._tick), what))

    def _until_due(self) -> float:
        return min(0.2, max(0.0, self._due[0][0] - time.monotonic())) if self._due else 0.2

    def _strike(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            heappop(self._due)[2]()

    def _kill(self, run: Run) -> None:
        if self._workers.kill(run):
            self._night.blows["kill -9"] += 1

    def _give_up_waiting(self, run: Run) -> None:
        if self._workers.kill(run):
            self._night.stuck.append((run.source, run.stream))

    def _crash_now(self) -> None:
        self._is_up.clear()
        self._night.blows["Postgres crash"] += 1

        def crash() -> None:
            try:
                self._crash()
            finally:
                self._is_up.set()

        self._in_background(crash)

    def _fill_now(self) -> None:
        self._in_background(lambda: self._fill_disk(DISK_FULL_SECONDS))

    def _in_background(self, what: Callable[[], None]) -> None:
        thread = threading.Thread(target=what, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _ended(self, run: Run) -> None:
        """Judge a run as Airflow would: tried again unless it landed, or said that no retry can help."""
        self._running.remove(run)
        stream = (run.source, run.stream)
        self._night.verdicts[run.verdict] += 1
        if run.error:
            self._night.errors[f"{run.source}.{run.stream}: {run.error}"] += 1
        if SAYS_FULL in run.error:
            self._night.blows["disk full"] += 1
        if run.verdict == "landed":
            self._landed.add(stream)
        if stream in self._landed or any((other.source, other.stream) == stream for other in self._running):
            return
        if run.verdict != "refused" and self._tries[stream] < TRIES:
            self._waiting.append(stream)
        else:
            self._night.given_up.append(stream)


def streams_of(registered: Mapping[str, Sequence[str]], sources: Sequence[str]) -> tuple[Stream, ...]:
    """The streams of these sources, in a fixed order."""
    return tuple((source, stream) for source in sorted(sources) for stream in registered[source])
