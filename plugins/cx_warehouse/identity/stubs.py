"""The first half of a resolution: records as numbered nodes, their names, and the stubs that hard evidence makes.

A stub is one or more records that ids, merges in a source or somebody's decision hold together. Its number is that of
its oldest record."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np

from cx_warehouse.identity.clusters import Edge, Ints, components, link, lowest
from cx_warehouse.identity.names import PersonName, parse_name, romanised
from cx_warehouse.identity.settings import Settings
from cx_warehouse.identity.workspace import arrays, fill, one, rows_of


def number_nodes(duck: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[int, int]:
    """Make `node` (records in order of age: by creation, source and id, whatever order they came in), `rule` and
    `claim` (claims on identifiers that two records or more share). Returns how many nodes and identifiers there are."""
    run = duck.execute
    run(
        """create or replace table node as
           select (row_number() over (
               order by created_at nulls last, source, identity_id, identity_key) - 1)::integer as n, * from records"""
    )
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
               from usable group by kind, value having count(distinct n) > 1
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


def parse_names(duck: duckdb.DuckDBPyConnection, records: str, key: str, into: str) -> dict[int, PersonName]:
    """Make `into` (`key`, name): the number of the name that each record of a person's own states. Equal names share a
    number; the numbers' names are returned."""
    duck.execute(
        f"""create or replace temp table stated as
            select {key}, coalesce(given_name, '') as given, coalesce(family_name, '') as family,
                   coalesce(full_name, '') as full_name, coalesce(split_part(email, '@', 1), '') as mailbox
            from {records}
            where kind in ('crm_contact', 'helpdesk_user')
                and coalesce(full_name, given_name, family_name) is not null"""
    )
    numbers: dict[PersonName, int] = {}
    parsed = []
    for given, family, full, mailbox in rows_of(duck.execute(f"select distinct * exclude ({key}) from stated")):
        name = own_name(given, family, full, mailbox)
        if name is not None:
            parsed.append((given, family, full, mailbox, numbers.setdefault(name, len(numbers))))
    fill(
        duck,
        "parsed",
        {"given": "text", "family": "text", "full_name": "text", "mailbox": "text", "name": "integer"},
        parsed,
    )
    duck.execute(
        f"""create or replace table {into} as
            select {key}, name from stated join parsed using (given, family, full_name, mailbox)"""
    )
    duck.execute("drop table parsed")
    duck.execute("drop table stated")
    return {number: name for name, number in numbers.items()}


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
