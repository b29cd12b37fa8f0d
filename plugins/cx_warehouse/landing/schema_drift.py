"""What the vendor's records look like, and noticing when they begin to look otherwise: new fields, and types that flip.

A record that fits what is known costs a few microseconds: it is decoded into a struct made from the known fields, which
forbids all others. One that does not fit is looked at closely, and the struct is made anew with what was found.
Fields of a record and of the objects in it are watched; what lies deeper flows by."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Union

import msgspec
import psycopg
from msgspec import UNSET, UnsetType
from psycopg import sql

from cx_warehouse.landing.raw_tables import raw_table

log = logging.getLogger(__name__)

Path = tuple[str, ...]  # (field,) or (object, field)
Types = frozenset[str]  # JSON types met; null is none of them, since any field may be empty

MOST_IN_OBJECT = 300  # an object of more different fields is a map, whose keys are data
LONGEST_NAME = 200
_PLAIN = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]+')


class _Object(msgspec.Struct, gc=False):
    """Any JSON object: its inside is skipped, not decoded."""


class _Array(msgspec.Struct, array_like=True, gc=False):
    """Any JSON array: its inside is skipped, not decoded."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A field that was not known (`before` is None), or that holds another type than it held before. `after` is None
    for a field that is known only empty. `is_change` is false for what is no news: part of the baseline, or of
    something that is reported itself."""

    path: Path
    before: Types | None
    after: str | None
    key: str | None
    is_change: bool

    @property
    def kind(self) -> str:
        """As ops.schema_changes has it."""
        return "new_field" if self.before is None else "type_change"

    def __str__(self) -> str:
        name = ".".join(self.path)
        if self.before is None:
            return f"new field {name} ({self.after or 'empty so far'})"
        return f"{name} was {' or '.join(sorted(self.before))} and is now {self.after}"


class Shape:
    """The known fields of one stream. `is_baseline`: nothing was known before, so what is found is no change."""

    def __init__(self, known: Mapping[Path, Types], *, is_baseline: bool) -> None:
        self._known: dict[Path, Types] = dict(known)
        self._is_baseline = is_baseline
        self._decoder = self._build()

    def look(self, records: Iterable[tuple[bytes, str | None]]) -> list[Finding]:
        """Look at each (record, key); what is found counts as known from then on. Bytes that are no JSON object, or
        that hold what this decoder cannot, tell nothing."""
        decode, found = self._decoder.decode, list[Finding]()
        for raw, key in records:
            try:
                decode(raw)
            except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
                fresh = self._closely(raw, key)
                if fresh:
                    found += fresh
                    self._decoder = self._build()
                    decode = self._decoder.decode
        return found

    def _closely(self, raw: bytes, key: str | None) -> list[Finding]:
        try:
            record = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
            return []
        if not isinstance(record, dict):
            return []
        found: list[Finding] = []
        for name, value in record.items():
            # The fields of an object that was never met before are told by the object itself.
            was_object = "object" in self._known.get((name,), frozenset())
            found += self._take((name,), value, key, is_news=True)
            if isinstance(value, dict) and _is_plain(name):
                for inner, held in value.items():
                    found += self._take((name, inner), held, key, is_news=was_object)
        return found

    def _take(self, path: Path, value: Any, key: str | None, *, is_news: bool) -> list[Finding]:
        if not _is_plain(path[-1]) or (len(path) == 2 and path not in self._known and self._is_map(path[0])):
            return []
        before, after = self._known.get(path), _type_of(value)
        if before is not None and (after is None or after in before):
            return []
        self._known[path] = (before or frozenset()) | ({after} if after else frozenset())
        is_news = is_news and not self._is_baseline and before != frozenset()
        return [Finding(path, before, after, key, is_news)]

    def _is_map(self, parent: str) -> bool:
        return sum(path[0] == parent and len(path) == 2 for path in self._known) >= MOST_IN_OBJECT

    def _build(self) -> msgspec.json.Decoder[Any]:
        inside: dict[str, dict[str, Any]] = {}
        for path, types in self._known.items():
            if len(path) == 2:
                inside.setdefault(path[0], {})[path[1]] = _annotation(types, _Object)
        return msgspec.json.Decoder(
            _struct(
                {
                    path[0]: _annotation(
                        types,
                        _Object
                        if path[0] not in inside or len(inside[path[0]]) >= MOST_IN_OBJECT
                        else _struct(inside[path[0]]),
                    )
                    for path, types in self._known.items()
                    if len(path) == 1
                }
            )
        )


def _struct(fields: Mapping[str, Any]) -> type[msgspec.Struct]:
    """A struct with these fields and no others, each of which may be missing. The decoder never makes Python names of
    the vendor's, so they may be anything."""
    named = {f"f{number}": name for number, name in enumerate(fields)}
    return msgspec.defstruct(
        "Known",
        [(place, fields[name], UNSET) for place, name in named.items()],
        rename=named,
        forbid_unknown_fields=True,
        gc=False,
    )


def _annotation(types: Types, as_object: type[msgspec.Struct]) -> Any:
    possible: list[Any] = [None, UnsetType]
    if "boolean" in types:
        possible.append(bool)
    if "number" in types:
        possible.append(float)
    if "string" in types:
        possible.append(str)
    if "object" in types:
        possible.append(as_object)
    if "array" in types:  # two structs cannot stand in one union
        possible.append(list[msgspec.Raw] if "object" in types else _Array)
    return Union[tuple(possible)]  # noqa: UP007 (made at run time)


def _type_of(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _is_plain(name: str) -> bool:
    return len(name) <= LONGEST_NAME and _PLAIN.fullmatch(name) is not None


def load_shape(connection: psycopg.Connection, source: str, stream: str, *, was_whole: bool) -> Shape:
    """The stream's shape as the runs before knew it. `was_whole`: a run came to its end before; until then, all that is
    found is the baseline."""
    rows = connection.execute(
        "select parent, name, types from ops.stream_fields where source = %s and stream = %s", [source, stream]
    ).fetchall()
    known: dict[Path, Types] = {
        ((parent, name) if parent else (name,)): frozenset(types) for parent, name, types in rows
    }
    return Shape(known, is_baseline=not was_whole or not known)


def keep_findings(
    connection: psycopg.Connection,
    source: str,
    stream: str,
    findings: Iterable[Finding],
    *,
    as_of: datetime,
    run_id: str,
) -> None:
    """Write what a page's records showed, in the page's transaction and after its records."""
    rows = list(findings)
    with connection.cursor() as cursor:
        cursor.executemany(
            """insert into ops.stream_fields as kept
                   (source, stream, parent, name, types, is_baseline, first_seen_at, run_id)
               values (%s, %s, %s, %s, %s, %s, %s, %s)
               on conflict (source, stream, parent, name) do update
               set types = array(select distinct unnest(kept.types || excluded.types) order by 1)""",
            [
                (
                    source,
                    stream,
                    finding.path[0] if len(finding.path) == 2 else "",
                    finding.path[-1],
                    [finding.after] if finding.after else [],
                    not finding.is_change,
                    as_of,
                    run_id,
                )
                for finding in rows
            ],
        )
    for finding in rows:
        if not finding.is_change:
            continue
        before = sorted(finding.before) if finding.before else _no_longer_served(connection, source, stream, finding)
        connection.execute(
            """insert into ops.schema_changes (source, stream, path, kind, before, after, as_of, run_id, key)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing""",
            [
                source,
                stream,
                ".".join(finding.path),
                finding.kind,
                ", ".join(before) or None,
                finding.after or "null",
                as_of,
                run_id,
                finding.key,
            ],
        )


def _no_longer_served(connection: psycopg.Connection, source: str, stream: str, finding: Finding) -> list[str]:
    """Fields that the record had before the new one came: one of them may have been renamed to it."""
    if finding.key is None:
        return []
    inside = list(finding.path[:-1])
    row = connection.execute(
        sql.SQL("""
        with versions as (
            select case when jsonb_typeof(record #> %(inside)s) = 'object' then record #> %(inside)s end as fields,
                row_number() over (order by sequence desc) as age
            from (select record, sequence from {} where key = %(key)s order by sequence desc limit 2) as latest
        )
        select array(
            select jsonb_object_keys(fields) from versions where age = 2
            except select jsonb_object_keys(fields) from versions where age = 1
            order by 1)""").format(raw_table(source, stream)),
        {"inside": inside, "key": finding.key},
    ).fetchone()
    return [".".join([*inside, name]) for name in row[0]] if row else []


def tell(source: str, stream: str, findings: Iterable[Finding]) -> None:
    """Say in the task's log what changed; a type that flipped may break what is built on it, so loudly."""
    for finding in findings:
        if finding.is_change:
            level = logging.WARNING if finding.kind == "type_change" else logging.INFO
            log.log(level, "%s.%s: the vendor's schema changed: %s", source, stream, finding)
