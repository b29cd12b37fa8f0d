"""The world that the look-alike APIs serve: the made company, its clock, what was switched or added."""

from __future__ import annotations

import json
import re
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from sandbox import model
from sandbox.company import generate
from sandbox.credentials import Credentials, write_private
from sandbox.errors import SandboxError
from sandbox.faults import FaultPlan
from sandbox.model import Company, Event
from sandbox.vendor_faults import unfit

STREAMS: dict[str, tuple[str, ...]] = {
    "zendesk": (
        "users",
        "tickets",
        "organizations",
        "ticket_events",
        "metric_events",
        "ticket_metrics",
        "satisfaction_ratings",
        "survey_responses",
        "groups",
        "schedules",
        "holidays",
        "sla_policies",
    ),
    "hubspot": (
        "contacts",
        "companies",
        "deals",
        "owners",
        "contact_companies",
        "deal_contacts",
        "deal_companies",
    ),
    "typeform": ("forms", "responses"),
    "ga4": ("daily_traffic", "daily_users"),
    "matomo": ("visits",),
}
SOURCES = tuple(STREAMS)

DEFAULT_CUSTOMERS = 400
DEFAULT_DAYS = 120
DEFAULT_SEED = 7
LARGEST_CUSTOMERS = 200_000
LARGEST_DAYS = 3_650

LOG_ENTRIES_KEPT = 20_000
HORIZON_DAYS = 40
FIRST_HAPPENED_ID = 10**12  # events beyond the made company's own


class World:
    """One running sandbox. Thread-safe: handlers may run in worker threads.

    Times are UTC. Vendor modules read `company`, `now()`/`events()`, `extra_records()`, `data_dir_mode` and
    `credentials`; the server in front of them answers for switched-off sources and writes the request log, so
    a vendor module does neither."""

    def __init__(
        self,
        *,
        customers: int | None = None,
        days: int | None = None,
        seed: int | None = None,
        home: Path | None = None,
        data: Path | None = None,
        company: Company | None = None,
    ) -> None:
        """`home` keeps clock, switches, added records, log and secrets across restarts; None keeps nothing.
        `company` serves a ready-made company (tests); `data` serves files instead of a company."""
        self._lock = threading.RLock()
        self._home = home
        self._data = data
        self._generated = company is None and data is None
        self._added: dict[tuple[str, str], list[bytes]] = {}
        self._files: dict[Path, tuple[int, int, list[bytes]]] = {}
        self._log: deque[dict[str, Any]] = deque(maxlen=LOG_ENTRIES_KEPT)
        self._log_lines = 0
        self._folded: tuple[datetime, list[Event]] | None = None

        stored = self._read_stored()
        self._take_parameters(stored, customers, days, seed)
        self._off: set[str] = set(stored.get("off", ()))
        if company is not None:
            self._company = company
        elif data is not None:
            _check_data_dir(data)
            start = datetime.now(UTC).replace(microsecond=0)  # people's own records have real dates
            self._company = Company(
                seed=self.seed,
                starts_at=start,
                opens_at=start,
                ends_at=start,
                people={},
                accounts={},
                agents={},
                events=[],
            )
        else:
            self._company = generate(self.seed, self.customers, self.days, HORIZON_DAYS)
        clock = stored.get("clock")
        self._clock = datetime.fromisoformat(clock) if clock else self._company.opens_at
        self._happened: list[Event] = self._load_happened()
        self._join_happened()
        self._reach(self._clock)
        self._load_added()
        self.faults = FaultPlan(self.now, unfit, home)
        self.revision = 0
        self.credentials = Credentials.load_or_create(home / "credentials.json") if home else Credentials.create()
        self._store()

    # --- what vendor modules read ---
    @property
    def company(self) -> Company:
        """The made company (empty when files are served). Do not keep it: it grows with the clock."""
        return self._company

    @property
    def data_dir_mode(self) -> bool:
        """True: serve only `extra_records`, which come from files in the vendors' shape."""
        return self._data is not None

    def now(self) -> datetime:
        """The sandbox's clock."""
        return self._clock

    def events(self) -> list[Event]:
        """The company's events up to the clock, in order. Cached; do not change the list."""
        with self._lock:
            if self._folded is None or self._folded[0] != self._clock:
                events = self._company.events
                end = bisect_right(events, self._clock, key=lambda event: event.at)
                self._folded = (self._clock, events[:end])
            return self._folded[1]

    def is_off(self, source: str) -> bool:
        """Whether the source was switched off by hand."""
        return source in self._off

    def extra_records(self, source: str, stream: str) -> list[bytes]:
        """Raw records beyond the company's, exactly as given: they need not be valid JSON, or even UTF-8."""
        with self._lock:
            records = self._file_records(source, stream) if self._data is not None else []
            return records + self._added.get((source, stream), [])

    # --- what the control API does ---
    def advance(self, days: int) -> datetime:
        """Move the clock on by whole days and return it."""
        if not 1 <= days <= 366:
            raise SandboxError(f"advance_days must be 1 to 366, not {days}")
        with self._lock:
            clock = self._clock + timedelta(days=days)
            self._reach(clock)
            self._clock = clock
            self.revision += 1
            self._store()
            return clock

    def switch(self, source: str, off: bool) -> None:
        """Switch a source off (every request is answered 503) or on again."""
        _check_source(source)
        with self._lock:
            (self._off.add if off else self._off.discard)(source)
            self._store()

    def add_record(self, source: str, stream: str, record: bytes) -> None:
        """Serve one more raw record in a stream from now on."""
        self.add_records(source, stream, [record])

    def add_records(self, source: str, stream: str, added: Sequence[bytes]) -> None:
        """Serve more raw records in a stream, all of them from the same moment on."""
        _check_stream(source, stream)
        if not all(added):
            raise SandboxError("the record is empty: send its bytes as the request's body")
        with self._lock:
            records = self._added.setdefault((source, stream), [])
            if self._home is not None:
                folder = self._home / "records" / source / stream
                folder.mkdir(parents=True, exist_ok=True)
                for number, record in enumerate(added, start=len(records)):
                    # one file a record: a record may hold line breaks or bytes that no text file can
                    (folder / f"{number:06d}").write_bytes(record)
            records += added
            self.revision += 1

    def happen(self, event: Event) -> None:
        """Let something happen in the company now, beyond what was made: all vendors and the truth tell of it."""
        with self._lock:
            event = replace(event, at=self._clock, event_id=FIRST_HAPPENED_ID + len(self._happened))
            self._happened.append(event)
            if self._home is not None:
                with (self._home / "happened.jsonl").open("ab") as lines:
                    lines.write(msgspec.json.encode({"is": type(event).__name__, "event": event}) + b"\n")
            self._join_happened([event])
            self.revision += 1

    def purge(self, source: str, stream: str, key: str) -> None:
        """Remove a record for good, without a trace: no increment of any client can see that."""
        _check_stream(source, stream)
        self.happen(model.RecordPurged(event_id=0, at=self._clock, source=source, stream=stream, key=key))

    def purged(self, source: str, stream: str) -> frozenset[str]:
        """The keys of the stream's records that were removed for good."""
        with self._lock:
            return frozenset(
                event.key
                for event in self._happened
                if isinstance(event, model.RecordPurged) and (event.source, event.stream) == (source, stream)
            )

    def log(self, source: str, method: str, path: str, status: int) -> None:
        """Remember one answered request: the newest 20,000 in memory, up to 40,000 in `home`."""
        entry = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "clock": self._clock.isoformat(),
            "source": source,
            "method": method,
            "path": path,
            "status": status,
        }
        with self._lock:
            self._log.append(entry)
            if self._home is None:
                return
            file = self._home / "requests.jsonl"
            if self._log_lines >= LOG_ENTRIES_KEPT:
                file.replace(file.with_suffix(".jsonl.1"))
                self._log_lines = 0
            with file.open("a") as lines:
                lines.write(json.dumps(entry) + "\n")
            self._log_lines += 1

    def requests(self, source: str | None = None, limit: int = 1_000) -> list[dict[str, Any]]:
        """The newest logged requests, oldest first."""
        with self._lock:
            entries = [entry for entry in self._log if source in (None, entry["source"])]
        return entries[-limit:]

    def status(self) -> dict[str, Any]:
        """What the sandbox is and where its clock stands."""
        return {
            "clock": self._clock.isoformat(),
            "opens_at": self._company.opens_at.isoformat(),
            "customers": self.customers,
            "days": self.days,
            "seed": self.seed,
            "data": str(self._data) if self._data else None,
            "off": sorted(self._off),
            "events": len(self.events()),
        }

    # --- keeping ---
    def _reach(self, clock: datetime) -> None:
        """Make the company live on beyond `clock`. Its past does not change with the horizon."""
        if self._generated and clock >= self._company.ends_at:
            horizon = (clock - self._company.opens_at).days + HORIZON_DAYS
            self._company = generate(self.seed, self.customers, self.days, horizon)
            self._join_happened()

    def _join_happened(self, events: Sequence[Event] | None = None) -> None:
        """Put what happened beyond the made events among them, behind those of the same instant."""
        joined = list(self._company.events)
        for event in self._happened if events is None else events:
            joined.insert(bisect_right(joined, event.at, key=lambda other: other.at), event)
        self._company = replace(self._company, events=joined)
        self._folded = None

    def _load_happened(self) -> list[Event]:
        file = self._home / "happened.jsonl" if self._home else None
        if file is None or not file.exists():
            return []
        stored = [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]
        return [msgspec.convert(one["event"], getattr(model, one["is"])) for one in stored]

    def _read_stored(self) -> dict[str, Any]:
        if self._home is None:
            return {}
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._home / "world.json"
        if not file.exists():
            return {}
        try:
            stored: dict[str, Any] = json.loads(file.read_text())
        except ValueError as error:
            raise SandboxError(f"{file} is damaged ({error}): delete it, or use another --home") from None
        return stored

    def _take_parameters(
        self, stored: dict[str, Any], customers: int | None, days: int | None, seed: int | None
    ) -> None:
        data = str(self._data.resolve()) if self._data else None
        if stored and stored["data"] != data:
            before = f"the files in {stored['data']}" if stored["data"] else "a made company"
            raise SandboxError(f"{self._home} was started with {before}: use another --home, or make clean")
        values = {}
        for name, asked, default, largest in (
            ("customers", customers, DEFAULT_CUSTOMERS, LARGEST_CUSTOMERS),
            ("days", days, DEFAULT_DAYS, LARGEST_DAYS),
            ("seed", seed, DEFAULT_SEED, 2**63),
        ):
            value = asked if asked is not None else stored.get(name, default)
            if not (0 if name == "seed" else 1) <= value <= largest:
                raise SandboxError(f"{name} must be 1 to {largest}, not {value}")
            if stored and value != stored[name]:
                raise SandboxError(
                    f"{self._home} was started with {name}={stored[name]}, not {value}: "
                    "use the same, another --home, or make clean"
                )
            values[name] = value
        self.customers, self.days, self.seed = values["customers"], values["days"], values["seed"]

    def _store(self) -> None:
        if self._home is None:
            return
        state = {
            "customers": self.customers,
            "days": self.days,
            "seed": self.seed,
            "data": str(self._data.resolve()) if self._data else None,
            "clock": self._clock.isoformat(),
            "off": sorted(self._off),
        }
        write_private(self._home / "world.json", json.dumps(state, indent=1))

    def _load_added(self) -> None:
        if self._home is None:
            return
        for source, streams in STREAMS.items():
            for stream in streams:
                folder = self._home / "records" / source / stream
                if folder.is_dir():
                    files = sorted(file for file in folder.iterdir() if re.fullmatch(r"\d{6,}", file.name))
                    self._added[source, stream] = [file.read_bytes() for file in files]

    def _file_records(self, source: str, stream: str) -> list[bytes]:
        """The lines of the user's file, read again when it changed, so that it can grow between nights."""
        assert self._data is not None
        file = self._data / source / f"{stream}.jsonl"
        try:
            stat = file.stat()
        except FileNotFoundError:
            return []
        known = self._files.get(file)
        if known is None or known[:2] != (stat.st_mtime_ns, stat.st_size):
            lines = [line for line in file.read_bytes().split(b"\n") if line.strip()]
            known = (stat.st_mtime_ns, stat.st_size, lines)
            self._files[file] = known
            self.revision += 1
        return known[2]


def _check_source(source: str) -> None:
    if source not in STREAMS:
        raise SandboxError(f"unknown source {source!r}: it is one of {', '.join(SOURCES)}")


def _check_stream(source: str, stream: str) -> None:
    _check_source(source)
    if stream not in STREAMS[source]:
        known = ", ".join(STREAMS[source])
        raise SandboxError(f"unknown stream {stream!r} of {source}: it is one of {known}")


def _check_data_dir(data: Path) -> None:
    """Files that would be ignored are a mistake: a source or stream with a typo must not vanish."""
    if not data.is_dir():
        raise SandboxError(f"{data} is not a folder: it must hold <source>/<stream>.jsonl")
    files = sorted(file for file in data.glob("*/*.jsonl") if not file.name.startswith("."))
    if not files:
        raise SandboxError(f"{data} holds no <source>/<stream>.jsonl (for example zendesk/tickets.jsonl)")
    for file in files:
        _check_stream(file.parent.name, file.stem)
