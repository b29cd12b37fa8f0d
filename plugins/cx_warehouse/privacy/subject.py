"""Whom an erasure is about: from one e-mail address, phone number or source id to all records of the person.

The identity bridge of the published set says which records are one customer. From there raw is asked, again and again
until nothing new turns up: what is about these records (a ticket's events), and what landed since the set was built."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

import psycopg
from psycopg import sql

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.errors import CxError
from cx_warehouse.connectors.persons import (
    BROWSER,
    CONTACT,
    EMAIL,
    NAME,
    PERSONS,
    PHONE,
    USER,
    PersonField,
    normalised,
)
from cx_warehouse.landing.raw_tables import raw_table

# Which records an identity of the bridge stands for, by its source.
RECORDS = {
    "hubspot": CONTACT,
    "zendesk": USER,
    "typeform": "typeform.responses",
    "ga4": CONTACT,
    "matomo": BROWSER,
}
SHORTEST_NAME = 5  # a shorter one is part of too many other words
_NORMAL = {
    EMAIL: "lower(btrim({}, e' \\t\\n\\r'))",
    PHONE: "regexp_replace(regexp_replace({}, '\\D', '', 'g'), '^00', '')",
}


class NobodyFoundError(CxError):
    """Nothing in the warehouse is known by this id."""


class EmployeeError(CxError):
    """The person answers tickets: what an employee did on others' tickets is no customer's record."""


class SharedIdError(CxError):
    """Several customers have this id: which of them is meant, only a source id can say."""


@dataclass(frozen=True)
class GivenId:
    """What was asked for, read: `kind` is email, phone, or identity."""

    kind: str
    value: str


@dataclass
class Subject:
    """A person, by everything that the warehouse knows them by. Values are in normal form; `shared` has those that
    others have too: they are nobody's in particular, so they stay."""

    identities: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)
    records: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # stream → keys
    emails: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    shared: set[tuple[str, str]] = field(default_factory=set)

    def values(self, kind: str) -> set[str]:
        """What a field that names `kind` may hold when it names this person."""
        named = {EMAIL: self.emails, PHONE: self.phones, NAME: self.names}
        return named[kind] if kind in named else self.records[kind]

    @property
    def size(self) -> int:
        """How much is known; stops growing when everything is found."""
        return sum(map(len, (self.identities, self.emails, self.phones, self.names, *self.records.values())))


def parse_id(text: str) -> GivenId:
    """Read an id as people write it. Raises NobodyFoundError for what can be no id."""
    given = text.strip()
    source = given.partition(":")[0].lower()
    if source in RECORDS and given.partition(":")[2]:
        return GivenId("identity", f"{source}:{given.partition(':')[2].strip()}")
    if "@" in given:
        return GivenId(EMAIL, normalised(EMAIL, given))
    if re.fullmatch(r"[+\d][\d\s().-]{6,}", given) and (digits := normalised(PHONE, given)):
        return GivenId(PHONE, digits)
    raise NobodyFoundError(
        f"this is no e-mail address, no phone number and no source id ({', '.join(f'{name}:…' for name in RECORDS)})"
    )


def find_subject(connection: psycopg.Connection, given: GivenId) -> Subject:
    """The person of an id. Raises SharedIdError, which names one record of each, when it is several customers', and
    NobodyFoundError."""
    bridge = Bridge(connection)
    subject = Subject()
    known = bridge.identities_of(given)
    customers = {customer for customer in known.values() if customer}
    if len(customers) > 1:
        examples = sorted({customer: key for key, customer in sorted(known.items()) if customer}.values())
        raise SharedIdError(
            f"{len(customers)} customers share this {given.kind}: nothing was erased. Say which of them is meant by "
            f"the source id of a record of theirs: {', '.join(examples[:10])}"
        )
    if given.kind == "identity":
        subject.identities.add(given.value)
    elif not customers:
        subject.values(given.kind).add(given.value)  # it landed after the last build, or was refused
    subject.identities |= set(known)
    subject.customers |= customers
    subject.identities |= bridge.members(customers)
    complete(connection, subject, bridge)
    if not any(subject.records.values()) or not (known or is_anything_landed(connection, subject)):
        raise NobodyFoundError("nobody is known by this id, neither in raw nor among the customers")
    if agents := bridge.agents(subject):
        raise EmployeeError(
            f"{', '.join(sorted(agents))} is an agent of the helpdesk: nothing was erased, since others' tickets name "
            "who answered them. Take the role away at the vendor first; after the next night it is a customer's record"
        )
    return subject


def complete(connection: psycopg.Connection, subject: Subject, bridge: Bridge) -> None:
    """Add all that raw has of the person, until nothing new turns up."""
    before = -1
    while subject.size != before:
        before = subject.size
        for identity in subject.identities:
            source, _, key = identity.partition(":")
            subject.records[RECORDS[source]].add(key)
        for stream in registered():
            _follow(connection, subject, bridge, stream)
    subject.names = bridge.own_names(subject)


def registered() -> list[str]:
    """Every stream, in the order in which builds take their locks."""
    return [f"{source}.{stream}" for source, streams in registry.streams().items() for stream in streams]


def is_anything_landed(connection: psycopg.Connection, subject: Subject) -> bool:
    """Whether raw has a record of the person."""
    return any(
        connection.execute(
            sql.SQL("select 1 from {} where key = any(%s) limit 1").format(raw_table(*stream.split("."))), [list(keys)]
        ).fetchone()
        for stream, keys in subject.records.items()
        if keys and stream in PERSONS
    )


def _follow(connection: psycopg.Connection, subject: Subject, bridge: Bridge, stream: str) -> None:
    """Add the stream's records about the person, and what these add to the names of the person."""
    matches, parameters = named_in(subject, stream, "about")
    found = connection.execute(
        sql.SQL("select distinct key, record from {} where {}").format(
            raw_table(*stream.split(".")), sql.SQL(" or ").join([sql.SQL("key = any(%s)"), *matches])
        ),
        [list(subject.records[stream]), *parameters],
    ).fetchall()
    source = next((name for name, records in RECORDS.items() if records == stream and name != "ga4"), None)
    foreign = bridge.foreign({f"{source}:{key}" for key, _ in found}, subject.customers) if source else set()
    for key, record in found:
        if f"{source}:{key}" in foreign:
            continue
        subject.records[stream].add(key)
        if source:
            subject.identities.add(f"{source}:{key}")
        for one in PERSONS[stream]:
            if one.role == "alias" or one.names in (EMAIL, PHONE):
                for value in one.values(record):
                    if one.names in (EMAIL, PHONE) and bridge.is_shared(one.names, value, subject.customers):
                        subject.shared.add((one.names, value))
                        subject.values(one.names).discard(value)
                    elif (one.names, value) not in subject.shared:
                        subject.values(one.names).add(value)


def named_in(
    subject: Subject, stream: str, role: Literal["about", "mention"]
) -> tuple[list[sql.Composable], list[list[str]]]:
    """Conditions under which a record of the stream names the person in a field of the role, with a parameter each."""
    named = [one for one in PERSONS[stream] if one.role == role and subject.values(one.names)]
    return [_match_sql(one) for one in named], [list(subject.values(one.names)) for one in named]


def _match_sql(one: PersonField) -> sql.Composable:
    """A condition on `record`: the field holds one of the values of its parameter."""
    value = "part" if one.splits else "found #>> array[]::text[]"
    normal = _NORMAL.get(one.names, "btrim({})").format(value)
    parts = ", regexp_split_to_table(found #>> array[]::text[], ';') as part" if one.splits else ""
    return sql.SQL(
        f"exists (select from jsonb_path_query(record, {{path}}) as found{parts} where {normal} = any(%s))"
    ).format(path=sql.Literal(one.sql_path))


class Bridge:
    """What the published set says of who is who; nothing before the first night."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._has = {
            name: connection.execute("select to_regclass(%s)", [name]).fetchone() != (None,)
            for name in (
                "marts_identity.membership",
                "marts_intermediate.int_person__claims",
                "marts_intermediate.int_person__identities",
            )
        }
        # in the form in which identity compares them, and as the sources have them
        self._claims = """(
            select identity_key, kind, value, blocked_because from marts_identity.claims"""
        if self._has["marts_intermediate.int_person__claims"]:
            self._claims += (
                " union all select identity_key, kind, value, null from marts_intermediate.int_person__claims"
            )
        self._claims += ") as claim"
        self._shared: dict[tuple[str, str], bool] = {}

    def identities_of(self, given: GivenId) -> dict[str, str | None]:
        """The identities that an id leads to, each with its customer."""
        if not self._has["marts_identity.membership"]:
            return {}
        if given.kind == "identity":
            where = "identity_key = %(value)s"
        else:
            where = f"identity_key in (select identity_key from {self._claims} where kind = %(kind)s and {{}})".format(
                "lower(btrim(value)) = %(value)s"
                if given.kind == EMAIL
                # as people write it at home, without the country
                else "right(regexp_replace(value, '\\D', '', 'g'), greatest(length(%(value)s), 9)) = %(value)s"
            )
        return dict(
            self._connection.execute(
                sql.SQL(f"select identity_key, customer_key from marts_identity.membership where {where}"),
                {"kind": given.kind, "value": given.value},
            ).fetchall()
        )

    def customers_of(self, identity: str) -> set[str]:
        """The customer of an identity, if it has one."""
        return {customer for customer in self.identities_of(GivenId("identity", identity)).values() if customer}

    def members(self, customers: Collection[str]) -> set[str]:
        """All identities of these customers."""
        if not customers:
            return set()
        found = self._connection.execute(
            "select identity_key from marts_identity.membership where customer_key = any(%s)", [list(customers)]
        )
        return {row[0] for row in found}

    def foreign(self, identities: Iterable[str], customers: Collection[str]) -> set[str]:
        """Those identities that are another customer's."""
        if not self._has["marts_identity.membership"]:
            return set()
        found = self._connection.execute(
            """select identity_key from marts_identity.membership
               where identity_key = any(%s) and customer_key is not null and customer_key <> all(%s)""",
            [list(identities), list(customers)],
        )
        return {row[0] for row in found}

    def is_shared(self, kind: str, value: str, customers: Collection[str]) -> bool:
        """Whether others have this address or number too, or it is one that identifies nobody (an office's)."""
        if not self._has["marts_identity.membership"]:
            return False
        if (kind, value) not in self._shared:
            same = "lower(btrim(value)) = %s" if kind == EMAIL else "regexp_replace(value, '\\D', '', 'g') = %s"
            row = self._connection.execute(
                sql.SQL(
                    f"""select exists (
                        select from {self._claims}
                        left join marts_identity.membership as member using (identity_key)
                        where claim.kind = %s and {same}
                            and (claim.blocked_because is not null
                                or member.customer_key is not null and member.customer_key <> all(%s)))"""
                ),
                [kind, value, list(customers)],
            ).fetchone()
            self._shared[kind, value] = row == (True,)
        return self._shared[kind, value]

    def agents(self, subject: Subject) -> set[str]:
        """Those of the person's identities that answer tickets."""
        if not self._has["marts_intermediate.int_person__identities"]:
            return set()
        found = self._connection.execute(
            """select identity_key from marts_intermediate.int_person__identities
               where is_agent and identity_key = any(%s)""",
            [list(subject.identities)],
        )
        return {row[0] for row in found}

    def own_names(self, subject: Subject) -> set[str]:
        """The person's names that nobody else has: a namesake's records are not theirs."""
        names = {name for name in subject.names if len(name) >= SHORTEST_NAME and " " in name}
        if not names or not self._has["marts_intermediate.int_person__identities"]:
            return names
        found = self._connection.execute(
            """select distinct lower(full_name) from marts_intermediate.int_person__identities
               where lower(full_name) = any(%s) and identity_key <> all(%s)""",
            [list(names), list(subject.identities)],
        )
        return names - {row[0] for row in found}
