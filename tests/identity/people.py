"""Records and claims made by hand, and what identity resolution makes of them: what its tests share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.identity.places import shipped_rules
from cx_warehouse.identity.resolve import CLAIMS, PAIRS, RECORDS, Resolution
from cx_warehouse.identity.settings import Override, Settings
from cx_warehouse.identity.workspace import fill, workspace

START = datetime(2025, 1, 1, tzinfo=UTC)
KINDS = {
    "hubspot": "crm_contact",
    "zendesk": "helpdesk_user",
    "typeform": "survey_respondent",
    "ga4": "web_user",
    "matomo": "browser",
}


def settings(*overrides: Override, **changed: Any) -> Settings:
    """The shipped rules, HubSpot keeping one record a person."""
    given: dict[str, Any] = {"rules": shipped_rules(), "exclusive_sources": frozenset({"hubspot"})}
    return Settings(**{**given, "overrides": overrides, **changed})


def link(left: str, right: str, day: int = 100) -> Override:
    """Somebody decided that they are one."""
    return Override(*sorted((left, right)), True, START + timedelta(days=day))


def part(left: str, right: str, day: int = 100) -> Override:
    """Somebody decided that they are two."""
    return Override(*sorted((left, right)), False, START + timedelta(days=day))


@dataclass
class People:
    """Records and what they claim. `day` counts from START."""

    records: list[tuple[Any, ...]] = field(default_factory=list)
    claims: list[tuple[Any, ...]] = field(default_factory=list)
    pairs: list[tuple[Any, ...]] = field(default_factory=list)

    def record(
        self,
        key: str,
        name: str | tuple[str, str] | None = None,
        *,
        day: int | None = 0,
        is_deleted: bool = False,
        born: str | None = None,
        **claimed: str | Iterable[str],
    ) -> str:
        """A record and its claims: email="a@x", former_email=…, phone="+48…", survey_contact_id="hubspot:1", …"""
        source, _, number = key.partition(":")
        created = None if day is None else START + timedelta(days=day)
        full, given, family = (name, None, None) if isinstance(name, str) or name is None else (" ".join(name), *name)
        self.records.append((key, source, number, KINDS[source], is_deleted, created, full, given, family, None, born))
        if source in ("hubspot", "zendesk"):
            self.claim(key, "own_id", key, day=day)
        for rule, values in claimed.items():
            for value in [values] if isinstance(values, str) else values:
                self.claim(key, "phone_and_name" if rule == "phone" else rule, value, day=day)
        return key

    def claim(self, key: str, rule: str, value: str, *, day: int | None = 0, blocked: str | None = None) -> None:
        """One claim."""
        kind = "email" if rule.endswith("email") else "phone" if rule == "phone_and_name" else "record"
        at = None if day is None else START + timedelta(days=day)
        self.claims.append((key, kind, value, rule, at, blocked))

    def pair(self, left: str, right: str, *, weight: float = 12.0, verdict: str = "accepted") -> None:
        """A probable pair, as the model would score it."""
        self.pairs.append((*sorted((left, right)), weight, 1 - 2**-weight, verdict, "test-1"))


@dataclass
class Found:
    """What came out."""

    members: dict[str, dict[str, Any]]
    suspects: list[dict[str, Any]]
    thin: set[str]

    def groups(self) -> set[frozenset[str]]:
        """Who is one customer with whom."""
        found = defaultdict(set)
        for key, row in self.members.items():
            if row["customer_key"] is not None:
                found[row["customer_key"]].add(key)
        return {frozenset(group) for group in found.values()}

    def together(self, *keys: str) -> bool:
        """Whether all of them are one customer."""
        customers = {self.members[key]["customer_key"] for key in keys}
        return len(customers) == 1 and None not in customers

    def kinds(self) -> set[str]:
        """The kinds of cases to review."""
        return {row["review_kind"] for row in self.suspects}


def found(people: People, given: Settings | None = None) -> Found:
    """Resolve."""
    given = given or settings()
    with workspace() as duck:
        fill(duck, "records", RECORDS, people.records)
        fill(duck, "claims", CLAIMS, people.claims)
        fill(duck, "pairs", PAIRS, people.pairs)
        fill(duck, "crowded", {"kind": "text", "value": "text"}, crowded(people, given))
        resolution = Resolution(duck, given)
        resolution.link()
        thin = {key for (key,) in duck.execute("select identity_key from thin").fetchall()}
        resolution.conclude()
        members = {row["identity_key"]: row for row in _dicts(duck, "select * from membership")}
        return Found(members, _dicts(duck, "select * from suspects order by all"), thin)


def crowded(people: People, given: Settings) -> list[tuple[str, str]]:
    """Identifiers that more records of a person's own share than is allowed."""
    kinds = {record[0]: record[3] for record in people.records}
    holders = defaultdict(set)
    for key, kind, value, _, _, blocked in people.claims:
        if blocked is None and kinds.get(key) in ("crm_contact", "helpdesk_user"):
            holders[kind, value].add(key)
    limits = given.limits()
    return sorted(one for one, keys in holders.items() if len(keys) > limits.get(one[0], len(keys)))


def _dicts(duck: Any, statement: str) -> list[dict[str, Any]]:
    cursor = duck.execute(statement)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
