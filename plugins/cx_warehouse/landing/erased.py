"""Keeps erased people out: what a page says of them is dropped or blanked before it lands, and only counted.

An erased person is remembered by tombstones: keyed hashes (HMAC-SHA-256) of their addresses, numbers and records' keys.
Without the key, which is not in the database, nobody can tell from a tombstone whom it is about, nor try addresses out.
While there is no tombstone, a page costs one look at an empty table."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import msgspec
import psycopg

from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.persons import EMAIL, PersonField, fields_of, normalised, places
from cx_warehouse.landing.versions import Reject, Version, with_record

BLANK = "[erased]"
MIN_KEY_BYTES = 32
_REMEMBERED = 50_000  # marks: the same requesters come again and again
EMAIL_TOKEN = re.compile(r"[a-z0-9._%+'-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
# The same from its @ on: looked for around each @, a record without one costs nothing.
_LOCAL_PART = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+'-"
_DOMAIN = re.compile(rb"[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+")
_LONGEST_LOCAL_PART = 64
# One look a page: whether anybody was erased at all, and which of the page's marks are tombstones.
LOOK = """select exists (select from ops.erasure_tombstones),
    array(select mark from ops.erasure_tombstones where mark = any(%s::bytea[]))"""


@dataclass(frozen=True)
class ErasureKey:
    """The secret of the tombstones."""

    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str) -> ErasureKey:
        """The key as it is kept. Raises ConfigError for one that could be guessed."""
        secret = text.strip().encode()
        if len(secret) < MIN_KEY_BYTES:
            raise ConfigError(f"the erasure key is shorter than {MIN_KEY_BYTES} characters (docs/erasure.md)")
        return cls(secret)

    @property
    def key_id(self) -> str:
        """Tells this key from another one, and nothing else of it."""
        return hmac.digest(self.secret, b"key id", "sha256").hex()[:12]

    def mark(self, kind: str, value: str) -> bytes:
        """The tombstone of one value in its normal form: HMAC-SHA-256."""
        told = self._keyed.copy()
        told.update(f"{kind}\0{value}".encode("utf-8", "surrogatepass"))
        return told.digest()

    @cached_property
    def _keyed(self) -> hmac.HMAC:
        """With the key hashed already: each of hundreds of thousands of marks would hash it again."""
        return hmac.new(self.secret, digestmod="sha256")


@dataclass(frozen=True, slots=True)
class Marks:
    """Of one record: marks of those whom it is about, and of all whom it names."""

    about: frozenset[bytes]
    every: frozenset[bytes]


NO_MARKS = Marks(frozenset(), frozenset())


class Marker:
    """Reads out of a stream's records whom they name, as marks."""

    def __init__(self, source: str, stream: str, key: ErasureKey) -> None:
        self._fields, self._own, self._key = fields_of(source, stream), f"{source}.{stream}", key
        self._known = lru_cache(_REMEMBERED)(key.mark)

    def marks(self, raw: bytes, record_key: str | None) -> Marks:
        """Marks of one record; of one that cannot be read, what its key and the addresses in its bytes tell."""
        mark = self._known
        about = {self._key.mark(self._own, record_key)} if record_key else set()
        every = {mark(EMAIL, address) for address in addresses_in(raw)}
        try:
            record = msgspec.json.decode(raw) if self._fields else None
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            record = None
        if record is not None:
            for one in self._fields:
                if one.role != "alias":
                    into = about if one.role == "about" else every
                    for value in one.values(record):
                        into.add(mark(one.names, value))
        return Marks(frozenset(about), frozenset(every | about))

    def blanked(self, raw: bytes, erased: frozenset[bytes]) -> bytes:
        """The record without what it tells of erased people. `raw` has to be JSON."""

        def is_erased(kind: str, value: str) -> bool:
            return self._key.mark(kind, value) in erased

        def clean(text: str) -> str:
            return EMAIL_TOKEN.sub(lambda found: BLANK if is_erased(EMAIL, found[0].lower()) else found[0], text)

        return msgspec.json.encode(blank(msgspec.json.decode(raw), self._fields, is_erased, clean))


def addresses_in(raw: bytes) -> set[str]:
    """Whatever looks like an e-mail address, in lower case."""
    found = set()
    at = raw.find(b"@")
    while at >= 0:
        before = raw[max(0, at - _LONGEST_LOCAL_PART) : at]
        local = before[len(before.rstrip(_LOCAL_PART)) :]
        domain = _DOMAIN.match(raw, at + 1)
        if local and domain:
            found.add((local + b"@" + domain[0]).decode().lower())
        at = raw.find(b"@", at + 1)
    return found


def blank(
    record: Any,
    fields: Sequence[PersonField],
    is_erased: Callable[[str, str], bool],
    clean: Callable[[str], str],
) -> Any:
    """`record`, somebody else's, without what its mentions tell of those who are erased, every text cleaned."""
    for one in fields:
        if one.role != "mention":
            continue
        for holder, step in list(places(record, one.path.split("."))):
            if isinstance(holder[step], str | int) and is_erased(one.names, normalised(one.names, str(holder[step]))):
                holder[step] = None
                for word in one.words:
                    if isinstance(holder, dict) and word in holder:
                        holder[word] = BLANK if isinstance(holder[word], str) else None
    return _cleaned(record, clean)


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item, clean) for item in value]
    if isinstance(value, dict):
        return {name: _cleaned(item, clean) for name, item in value.items()}
    return value


@dataclass
class Sifted:
    """What is left of a page. `erased` counts what was dropped; `dropped` has the keys of that."""

    versions: list[Version]
    rejects: list[Reject]
    erased: int = 0
    dropped: frozenset[str | None] = frozenset()
    is_key_unknown: bool = False  # one of the dropped had no readable key


class Guard:
    """Stands before raw for one stream of one run."""

    def __init__(self, source: str, stream: str, key: ErasureKey | None) -> None:
        self._name, self._key = f"{source}.{stream}", key
        self._marker = Marker(source, stream, key) if key else None
        self._is_on = False  # nobody was erased, as far as is known

    def marks(self, versions: Iterable[Version], rejects: Iterable[Reject]) -> list[Marks] | None:
        """Marks of each record, the rejects' last; None as long as nobody was erased."""
        return self._read(versions, rejects) if self._is_on else None

    def _read(self, versions: Iterable[Version], rejects: Iterable[Reject]) -> list[Marks]:
        assert self._marker is not None
        read = self._marker.marks
        return [read(version.raw, version.key) for version in versions] + [
            read(reject.raw, reject.key) for reject in rejects
        ]

    def look(self, connection: psycopg.Connection, marks: list[Marks] | None) -> psycopg.Cursor[Any]:
        """Ask, within the page's transaction and under its writers' lock, for tombstones among the marks."""
        every = list(frozenset().union(*(one.every for one in marks))) if marks else []
        return connection.execute(LOOK, [every], binary=True)

    def sift(
        self,
        connection: psycopg.Connection,
        answer: psycopg.Cursor[Any],
        versions: list[Version],
        rejects: list[Reject],
        marks: list[Marks] | None,
    ) -> Sifted:
        """The page without erased people. Raises ConfigError when there are tombstones and no key that fits them:
        rather nothing than somebody who was erased."""
        is_anybody, hits = answer.fetchone() or (False, [])
        if not is_anybody:
            return Sifted(versions, rejects)
        if not self._is_on:
            self._switch_on(connection)
        if marks is None:
            marks = self._read(versions, rejects)
            _, hits = self.look(connection, marks).fetchone() or (False, [])
        if not hits:
            return Sifted(versions, rejects)
        return self._sifted(versions, rejects, marks, frozenset(bytes(hit) for hit in hits))

    def _switch_on(self, connection: psycopg.Connection) -> None:
        kept = {row[0] for row in connection.execute("select distinct key_id from ops.erasure_tombstones")}
        if self._key is None or kept != {self._key.key_id}:
            given = "another erasure key was given" if self._key else "no erasure key was given"
            raise ConfigError(
                f"{self._name}: people were erased from this warehouse, and {given}: nothing lands that might bring "
                "them back; mend the Airflow connection 'cx_erasure' (docs/erasure.md)"
            )
        self._is_on = True

    def _sifted(
        self, versions: list[Version], rejects: list[Reject], marks: list[Marks], hits: frozenset[bytes]
    ) -> Sifted:
        assert self._marker is not None
        left = Sifted([], [])
        dropped: set[str | None] = set()
        for version, marked in zip(versions, marks, strict=False):
            if marked.about & hits:
                dropped.add(version.key)
            elif marked.every & hits:
                left.versions.append(with_record(version, self._marker.blanked(version.raw, hits)))
            else:
                left.versions.append(version)
        for reject, marked in zip(rejects, marks[len(versions) :], strict=True):
            if marked.every & hits:  # broken, so nothing can be cut out of it
                dropped.add(reject.key)
                left.is_key_unknown |= reject.key is None
            else:
                left.rejects.append(reject)
        left.erased = len(versions) + len(rejects) - len(left.versions) - len(left.rejects)
        return replace(left, dropped=frozenset(dropped))
