"""Faults on demand: which kinds there are, which are asked for now, and what was injected where.

A fault waits for the requests of one source that it matches; the gate before the vendor's application (`sandbox.gate`)
asks for it and does what its kind says. All that is random in it comes from its seed, so the same fault on the same
requests spoils the same byte, record or instant."""

from __future__ import annotations

import json
import random
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sandbox.credentials import write_private
from sandbox.errors import SandboxError

INJECTED_KEPT = 20_000
LONGEST_SECONDS = 7 * 86_400.0


@dataclass(frozen=True)
class Kind:
    """One way to go wrong. `acts_on`: any request; list pages; list pages that go on from another; requests with a
    bearer token; or the source as long as the fault stands. `seconds` is that option's default."""

    name: str
    does: str
    acts_on: Literal["request", "page", "next page", "token", "source"] = "request"
    seconds: float = 0.0


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("rate_limited", "429 in the vendor's form, without Retry-After"),
        Kind("rate_limited_seconds", "429 with Retry-After in SECONDS", seconds=1),
        Kind("rate_limited_date", "429 with Retry-After as an HTTP date, SECONDS from now", seconds=1),
        Kind("server_error_500", "500 Internal Server Error"),
        Kind("server_error_502", "502 Bad Gateway"),
        Kind("server_error_503", "503 Service Unavailable"),
        Kind("reset_before", "the TCP connection is reset before the answer"),
        Kind("reset_in_body", "the TCP connection is reset in the middle of the body"),
        Kind("truncated", "the body ends early, with a Content-Length that fits"),
        Kind("malformed_json", "a byte that JSON does not have, somewhere in the body"),
        Kind("wrong_content_type", "200 with a web page in place of the data"),
        Kind("slow_drip", "the body comes in drops over SECONDS", seconds=2),
        Kind("hang", "no answer until the fault is cleared or the client leaves"),
        Kind("duplicate_page", "a page is answered with the page before it, as by a stale cache", "next page"),
        Kind("page_edge_duplicates", "a page begins with the last rows of the page before it", "next page"),
        Kind("stuck_cursor", "the token of the next page is the one just asked for", "next page"),
        Kind("empty_page_with_more", "a page without records that says that there is more", "page"),
        Kind("new_field", "a record is served with a field that no record had", "page"),
        Kind("type_flip", "a record is served with a field of another type", "page"),
        Kind("renamed_field", "a record is served with a field under another name", "page"),
        Kind("reused_id", "another record is served under an id that was given out", "page"),
        Kind("changed_during_walk", "a record changes right after its page was served", "page"),
        Kind("deleted_during_walk", "a record is deleted right after its page was served", "page"),
        Kind("same_timestamp_10k", "COUNT records (10001) come in at one instant, as by a bulk import", "page"),
        Kind("clock_skew", "the vendor's clock is SECONDS ahead, or behind if negative", "source", seconds=-300),
        Kind("token_expired", "the access token in use has ended: 401 until the client has another", "token"),
    )
}


@dataclass(frozen=True)
class Fault:
    """What is asked for. `where` is searched in "METHOD path?query"; the first `after` matching requests are let
    through; `times` 0 means until cleared. `seconds` and `count` are options of some kinds (see KINDS)."""

    kind: str
    source: str
    where: str = ""
    times: int = 1
    after: int = 0
    seed: int = 0
    seconds: float | None = None
    count: int | None = None

    @classmethod
    def parse(cls, given: dict[str, Any]) -> Fault:
        """From JSON. Raises SandboxError that names the wrong field."""
        known = {one.name for one in fields(cls)}
        for name in given:
            if name not in known:
                raise SandboxError(f"a fault has no {name!r}: it has {', '.join(sorted(known))}")
        for name in ("kind", "source"):
            if name not in given:
                raise SandboxError(f"a fault needs {name!r}")
        for name in ("kind", "source", "where"):
            if not isinstance(given.get(name, ""), str):
                raise SandboxError(f"{name} must be text")
        for name in ("times", "after", "seed", "count"):
            value = given.get(name, 0)
            if not (isinstance(value, int) and not isinstance(value, bool)) and not (name == "count" and value is None):
                raise SandboxError(f"{name} must be a whole number")
        seconds = given.get("seconds")
        if seconds is not None and (not isinstance(seconds, (int, float)) or isinstance(seconds, bool)):
            raise SandboxError("seconds must be a number")
        return cls(**given)

    def check(self, applicable: Callable[[str], dict[str, str]]) -> None:
        """Raise SandboxError unless this can be done. `applicable`: a source's kinds that cannot, with the reason."""
        if self.kind not in KINDS:
            raise SandboxError(f"unknown kind of fault {self.kind!r}: it is one of {', '.join(KINDS)}")
        reason = applicable(self.source).get(self.kind)
        if reason is not None:
            raise SandboxError(f"{self.kind} does not apply to {self.source}: {reason}")
        try:
            re.compile(self.where)
        except re.error as error:
            raise SandboxError(f"where is not a regular expression: {error}") from None
        for name, value, least, most in (
            ("times", self.times, 0, 1_000_000),
            ("after", self.after, 0, 1_000_000),
            ("seconds", self.seconds or 0, -LONGEST_SECONDS if self.kind == "clock_skew" else 0, LONGEST_SECONDS),
            ("count", 1 if self.count is None else self.count, 1, 100_000),
        ):
            if not least <= value <= most:
                raise SandboxError(f"{name} must be {least:g} to {most:g}, not {value:g}")


@dataclass
class Active:
    """A fault that was asked for: how many matching requests it saw, and how many it spoilt."""

    number: int
    fault: Fault
    seen: int = 0
    spoilt: int = 0

    @property
    def is_spent(self) -> bool:
        return 0 < self.fault.times <= self.spoilt


@dataclass(frozen=True)
class Hit:
    """One request that a fault takes. `dice` are its own: the same for the same seed and turn."""

    number: int
    fault: Fault
    turn: int

    @property
    def kind(self) -> Kind:
        return KINDS[self.fault.kind]

    @property
    def seconds(self) -> float:
        return self.kind.seconds if self.fault.seconds is None else float(self.fault.seconds)

    def dice(self) -> random.Random:
        return random.Random(f"{self.fault.seed}/{self.fault.kind}/{self.turn}")


@dataclass
class FaultPlan:
    """The faults of one sandbox. Thread-safe; kept in `home` across restarts, as the switches are.

    `unfit` gives a source's kinds that cannot be done there, with the reason; `clock` the sandbox's clock."""

    clock: Callable[[], datetime]
    unfit: Callable[[str], dict[str, str]]
    home: Path | None = None
    _active: dict[int, Active] = field(default_factory=dict)
    _expired: dict[str, list[str]] = field(default_factory=dict)
    _aliases: dict[str, list[str]] = field(default_factory=dict)
    _injected: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=INJECTED_KEPT))
    _numbers: int = 0
    _injections: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._load()

    # --- what is asked for ---
    def add(self, fault: Fault) -> int:
        """Ask for a fault; returns its number. Raises SandboxError for one that cannot be done."""
        fault.check(self.unfit)
        with self._lock:
            self._numbers += 1
            self._active[self._numbers] = Active(self._numbers, fault)
            self._store()
            if KINDS[fault.kind].acts_on == "source":
                hit = Hit(self._numbers, fault, 1)
                self.record(hit, "", "", f"the clock is {hit.seconds:+g} s")
            return self._numbers

    def clear(self, source: str | None = None, number: int | None = None) -> int:
        """End the faults of a source (of all), or one by number; returns how many. What hangs is answered then, and
        an ended token is good again."""
        with self._lock:
            ended = [
                one.number
                for one in self._active.values()
                if source in (None, one.fault.source) and number in (None, one.number)
            ]
            for one in ended:
                del self._active[one]
            if number is None:
                for name in [source] if source else list(self._expired):
                    self._expired.pop(name, None)
            self._store()
            return len(ended)

    def active(self, source: str | None = None) -> list[dict[str, Any]]:
        """The faults that are asked for, the spent ones until they are cleared."""
        with self._lock:
            return [
                {"number": one.number, **asdict(one.fault), "seen": one.seen, "spoilt": one.spoilt}
                for one in self._active.values()
                if source in (None, one.fault.source)
            ]

    @property
    def injected(self) -> list[dict[str, Any]]:
        """What was injected, oldest first: number, at (real time), clock, source, kind, method, path, seed, fault
        (its number) and what."""
        with self._lock:
            return list(self._injected)

    # --- what the gate asks ---
    def concerns(self, source: str) -> bool:
        """Whether a request of this source has to be looked at."""
        with self._lock:
            return (
                source in self._expired
                or any(key.startswith(f"{source} ") for key in self._aliases)
                or any(one.fault.source == source and not one.is_spent for one in self._active.values())
            )

    def pick(self, source: str, target: str, fits: Callable[[Kind], bool]) -> Hit | None:
        """The first fault that takes this request ("METHOD path?query"); `fits` says whether its kind can."""
        with self._lock:
            for one in self._active.values():
                fault = one.fault
                if fault.source != source or one.is_spent or not re.search(fault.where, target):
                    continue
                if not fits(KINDS[fault.kind]):
                    continue
                one.seen += 1
                if one.seen <= fault.after:
                    continue
                one.spoilt += 1
                self._store()
                return Hit(one.number, fault, one.spoilt)
        return None

    def give_back(self, hit: Hit) -> None:
        """The fault could not be done on this request: it waits for the next."""
        with self._lock:
            if one := self._active.get(hit.number):
                one.spoilt -= 1
                self._store()

    def record(self, hit: Hit, method: str, path: str, what: str) -> None:
        """Remember an injection."""
        with self._lock:
            self._injections += 1
            entry = {
                "number": self._injections,
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "clock": self.clock().isoformat(),
                "source": hit.fault.source,
                "kind": hit.fault.kind,
                "method": method,
                "path": path,
                "seed": hit.fault.seed,
                "fault": hit.number,
                "what": what,
            }
            self._injected.append(entry)
            if self.home is not None:
                with (self.home / "injected.jsonl").open("a") as lines:
                    lines.write(json.dumps(entry) + "\n")

    def stands(self, hit: Hit) -> bool:
        """Whether the fault was not cleared yet."""
        return hit.number in self._active

    def skew(self, source: str) -> timedelta:
        """How far the source's clock is ahead."""
        with self._lock:
            found = [one for one in self._active.values() if one.fault.kind == "clock_skew"]
            return sum(
                (timedelta(seconds=Hit(0, one.fault, 0).seconds) for one in found if one.fault.source == source),
                timedelta(0),
            )

    def expire(self, source: str, proof: str) -> None:
        """From now on this Authorization (its hash) is refused."""
        with self._lock:
            self._expired.setdefault(source, []).append(proof)
            self._store()

    def is_expired(self, source: str, proof: str) -> bool:
        """Whether this Authorization (its hash) has ended."""
        return proof in self._expired.get(source, ())

    def remember_alias(self, source: str, listed: str, token: str, query: str, body: bytes) -> None:
        """A made-up token of a list stands for a request that is still to be answered."""
        with self._lock:
            self._aliases[f"{source} {listed} {token}"] = [query, body.decode("latin-1")]
            self._store()

    def alias(self, source: str, listed: str, token: str) -> tuple[str, bytes] | None:
        """What a made-up token stands for: the query and the body."""
        found = self._aliases.get(f"{source} {listed} {token}")
        return (found[0], found[1].encode("latin-1")) if found else None

    # --- keeping ---
    def _store(self) -> None:
        if self.home is None:
            return
        state = {
            "numbers": self._numbers,
            "active": [
                {"number": one.number, "seen": one.seen, "spoilt": one.spoilt, "fault": asdict(one.fault)}
                for one in self._active.values()
            ],
            "expired": self._expired,
            "aliases": self._aliases,
        }
        write_private(self.home / "faults.json", json.dumps(state, indent=1))

    def _load(self) -> None:
        if self.home is None:
            return
        file, log = self.home / "faults.json", self.home / "injected.jsonl"
        if log.exists():
            self._injected.extend(json.loads(line) for line in log.read_text().splitlines())
            self._injections = self._injected[-1]["number"] if self._injected else 0
        if not file.exists():
            return
        try:
            stored = json.loads(file.read_text())
            for one in stored["active"]:
                active = Active(one["number"], Fault.parse(one["fault"]), one["seen"], one["spoilt"])
                self._active[active.number] = active
            self._numbers, self._expired, self._aliases = (stored[name] for name in ("numbers", "expired", "aliases"))
        except (ValueError, KeyError, TypeError, SandboxError) as error:
            raise SandboxError(f"{file} is damaged ({error}): delete it") from None
