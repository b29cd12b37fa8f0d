"""The rules by which records become one customer, as analysts keep them in the settings seeds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from cx_warehouse.connectors.errors import ConfigError


@dataclass(frozen=True)
class Rule:
    """A kind of evidence. `weight` is how sure it is (0–1) and decides which link wins where not all can stand;
    `max_records` is how many CRM and helpdesk records may share one identifier before it is nobody's."""

    name: str
    is_hard: bool
    weight: float
    max_records: int | None = None


@dataclass(frozen=True)
class Provider:
    """How a mail provider reads addresses: domains that are one, dots and tags (anna+shop@) that it ignores."""

    domain: str
    canonical_domain: str
    is_dot_ignored: bool
    tag_separator: str | None


@dataclass(frozen=True)
class Settings:
    """Everything that is decided by people, not by evidence."""

    rules: Mapping[str, Rule]  # those that are switched on
    providers: tuple[Provider, ...] = ()
    blocklist: tuple[tuple[str, str, str], ...] = ()  # identifier, LIKE pattern, reason
    variants: Mapping[str, str] = field(default_factory=dict)  # short given name → full one
    exclusive_sources: frozenset[str] = frozenset()  # sources that keep one live record a person
    phone_regions: Mapping[str, str] = field(default_factory=dict)  # source → country of numbers without a prefix
    overrides: tuple[Override, ...] = ()

    def limits(self) -> dict[str, int]:
        """How many CRM and helpdesk records may share an identifier, by its kind."""
        kinds = {"email": "email", "phone": "phone_and_name"}
        found = {kind: self.rules[rule].max_records for kind, rule in kinds.items() if rule in self.rules}
        return {kind: most for kind, most in found.items() if most is not None}

    def fingerprint(self) -> str:
        """Changes when anything but the overrides does; then everybody has to be looked at again."""
        parts = [
            sorted((r.name, r.is_hard, r.weight, r.max_records) for r in self.rules.values()),
            sorted(map(str, self.providers)),
            sorted(self.blocklist),
            sorted(self.variants.items()),
            sorted(self.exclusive_sources),
            sorted(self.phone_regions.items()),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Override:
    """Somebody's decision that two identities are one person (`link`), or are not."""

    left: str
    right: str
    link: bool
    decided_at: datetime


def read_settings(connection: psycopg.Connection, schema: str) -> Settings:
    """The seeds of `schema`. Raises ConfigError for a setting that cannot be meant."""

    def rows(table: str) -> list[dict[str, Any]]:
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, table))).fetchall()

    rules = {
        row["rule"]: Rule(row["rule"], row["strength"] == "hard", float(row["weight"] or 0), row["max_records"])
        for row in rows("identity_rules")
        if row["is_on"] or row["rule"] == "own_id"
    }
    sources = rows("sources")
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows("link_overrides"):
        left, right = sorted((str(row["left_identity"]), str(row["right_identity"])))
        if left == right:
            raise ConfigError(f"link_overrides: {left} is named on both sides of one decision; take the row out")
        known = latest.get((left, right))
        if known is None or row["decided_at"] > known["decided_at"]:
            latest[left, right] = row
    return Settings(
        rules=rules,
        providers=tuple(
            Provider(row["domain"], row["canonical_domain"], row["is_dot_ignored"], row["tag_separator"])
            for row in rows("email_providers")
        ),
        blocklist=tuple((row["identifier"], row["pattern"], row["reason"]) for row in rows("identity_blocklist")),
        variants={row["variant"]: row["given_name"] for row in rows("given_name_variants")},
        exclusive_sources=frozenset(row["source"] for row in sources if row["is_one_record_per_person"]),
        phone_regions={row["source"]: row["phone_region"] for row in sources if row["phone_region"]},
        overrides=tuple(
            Override(left, right, row["decision"] == "link", row["decided_at"])
            for (left, right), row in sorted(latest.items())
        ),
    )
