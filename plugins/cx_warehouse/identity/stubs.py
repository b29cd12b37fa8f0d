"""The first half of a resolution: records as numbered nodes, their names, and the stubs that hard evidence makes.

A stub is one or more records that ids, merges in a source or somebody's decision hold together. Its number is that of
its oldest record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np

from cx_warehouse.identity.clusters import Edge, Ints, components, link, lowest
from cx_warehouse.identity.names import PersonName, parse_name, romanised
from cx_warehouse.identity.settings import Settings
from cx_warehouse.identity.workspace import append, arrays, batches_of, fill, one


def number_nodes(duck: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[int, int]:
    """Make `node` of `records` (in order of age: by creation, source and id, whatever order they came in), `rule` and
    `claim` (claims on identifiers that two records or more share). Returns how many nodes and identifiers there are."""
    run = duck.execute
    # their places are sorted, not they themselves: of everybody, they are a gigabyte
    run(
        """create or replace temp table aged as
           select (row_number() over (
                      order by created_at nulls last, source, identity_id, identity_key) - 1)::integer as n,
                  rowid as place
           from records"""
    )
    run(
        """create or replace table node as
           select aged.n, records.* from records join aged on aged.place = records.rowid"""
    )
    for done in ("records", "aged"):
        run(f"drop table {done}")
    fill(
        duck,
        "rule",
        {"rule": "text", "is_hard": "boolean", "weight": "double"},
        [(rule.name, rule.is_hard, rule.weight) for rule in settings.rules.values()],
    )
    fill(
        duck,
        "decision",
        {"value": "text", "identity_key": "text", "claimed_at": "timestamptz"},
        [(f"{o.left}|{o.right}", key, o.decided_at) for o in settings.overrides if o.link for key in (o.left, o.right)],
    )
    run(
        """create or replace table claim as
           with usable as (
               select node.n, claims.kind, claims.value, claims.rule, claims.claimed_at
               from claims join node using (identity_key)
               where claims.value is not null and claims.blocked_because is null
                   and not exists (
                       select 1 from crowded where crowded.kind = claims.kind and crowded.value = claims.value)
               union all
               select node.n, 'decision', decision.value, 'override_link', decision.claimed_at
               from decision join node using (identity_key)
           ),
           shared as (
               select kind, value, (row_number() over (order by kind, value) - 1)::integer as v
               from usable group by kind, value having min(n) < max(n)
           )
           select usable.n, shared.v, usable.kind, usable.rule, rule.weight, rule.is_hard, usable.claimed_at
           from usable join shared using (kind, value) join rule using (rule)"""
    )
    return one(run("select count(*) from node")), one(run("select coalesce(max(v) + 1, 0) from claim"))


def apart_nodes(duck: duckdb.DuckDBPyConnection, settings: Settings) -> frozenset[tuple[int, int]]:
    """The pairs of nodes (the older one first) that somebody decided are not one person."""
    decided = [override for override in settings.overrides if not override.link]
    keys = sorted({key for override in decided for key in (override.left, override.right)})
    found = dict(duck.execute("select identity_key, n from node where identity_key = any($1)", [keys]).fetchall())
    pairs = ((found.get(override.left), found.get(override.right)) for override in decided)
    return frozenset((min(a, b), max(a, b)) for a, b in pairs if a is not None and b is not None)


_PARTS = {
    "given": "text",
    "family": "text",
    "middle": "text",
    "is_structured": "boolean",
    "is_romanised": "boolean",
    "words": "text",
}
_PARSED = {f"parsed_{part}": kind for part, kind in _PARTS.items()}


def parse_names(duck: duckdb.DuckDBPyConnection, records: str, key: str, into: str) -> None:
    """Make `into` (`key`, name): the name that each record of a person's own states, as a struct of _PARTS. Names with
    the same `words` never differ, and are the same where they have a family name."""
    duck.execute(
        f"""create or replace temp table stated as
            select {key}, coalesce(given_name, '') as given, coalesce(family_name, '') as family,
                   coalesce(full_name, '') as full_name, coalesce(split_part(email, '@', 1), '') as mailbox
            from {records}
            where kind in ('crm_contact', 'helpdesk_user')
                and coalesce(full_name, given_name, family_name) is not null"""
    )
    columns = {**dict.fromkeys(("given", "family", "full_name", "mailbox"), "text"), **_PARSED}
    fill(duck, "parsed", columns)
    # a batch at a time: as Python objects, all the names of a large population would not fit into memory
    duck.execute(f"create or replace table differing as select distinct * exclude ({key}) from stated")
    for rows in batches_of(duck.cursor().execute("select * from differing")):
        named = ((row, own_name(*row)) for row in rows)
        append(duck, "parsed", columns, [(*row, *parts_of(name)) for row, name in named if name])
    packed = ", ".join(f"{name} := parsed.{column}" for name, column in zip(_PARTS, _PARSED, strict=True))
    duck.execute(
        f"""create or replace table {into} as
            select {key}, struct_pack({packed}) as name
            from stated join parsed using (given, family, full_name, mailbox)"""
    )
    for done in ("parsed", "stated", "differing"):
        duck.execute(f"drop table {done}")


def parts_of(name: PersonName) -> tuple[str | bool, ...]:
    """A name as a row keeps it (_PARTS)."""
    family, middle = " ".join(name.family), " ".join(name.middle)
    words = " ".join(part for part in (name.given, middle, family) if part)
    return name.given, family, middle, name.is_structured, name.is_romanised, words


def unpack_name(row: Mapping[str, str | bool] | None) -> PersonName | None:
    """The name that a row keeps."""
    if row is None:
        return None
    return PersonName(
        str(row["given"]),
        tuple(str(row["family"]).split()),
        bool(row["is_structured"]),
        bool(row["is_romanised"]),
        tuple(str(row["middle"]).split()),
    )


def own_name(given: str, family: str, full_name: str, mailbox: str) -> PersonName | None:
    """The name that a record states. None where it only repeats the e-mail address, as helpdesks do for strangers."""
    if not given and not family and ("@" in full_name or romanised(full_name) == romanised(mailbox)):
        return None
    return parse_name(full_name, given or None, family or None)


def hard_stubs(duck: duckdb.DuckDBPyConnection, size: int, values: int, apart: frozenset[tuple[int, int]]) -> Ints:
    """The stub of each node. Makes `stub_of` (n, stub) and takes out of `claim` what a decision cuts (`cut_claim`)."""
    n, v = arrays(duck.execute("select n, v from claim where is_hard"))
    label = components(size + values, n, v + size)[:size]
    stub = lowest(label)
    cut: list[tuple[int, int]] = []
    broken = [label[one] for one, other in apart if label[one] == label[other]]
    if broken:
        inside = np.flatnonzero(np.isin(label, broken))
        claims = duck.execute(
            "select n, v, max(weight) from claim where is_hard and n = any($1) group by n, v", [inside.tolist()]
        ).fetchall()

        def decided_apart(left: Sequence[int], right: Sequence[int]) -> tuple[int, int, str] | None:
            pairs = ((a, b) for a in left for b in right if (min(a, b), max(a, b)) in apart)
            return next(((a, b, "decided apart") for a, b in pairs), None)

        group, refusals = link([Edge(weight, node, value) for node, value, weight in claims], decided_apart)
        stub[inside] = [group.get(node, node) for node in inside.tolist()]
        cut = [(refusal.edge.stub, refusal.edge.hub) for refusal in refusals]
    fill(duck, "cut_claim", {"n": "integer", "v": "integer"}, cut)
    duck.execute("delete from claim using cut_claim where claim.n = cut_claim.n and claim.v = cut_claim.v")
    fill(duck, "stub_of", {"n": "integer", "stub": "integer"}, columns=(np.arange(size), stub))
    return stub
