"""Why each record belongs to its customer: the shortest chain of evidence to the customer's oldest record.

Every record but the oldest gets one link: to which record, by which rule, how sure it is, and since when it stood."""

from __future__ import annotations

import duckdb

from cx_warehouse.identity.workspace import one

# Names of rules as numbers of one byte: there are tens of millions of ties.
_RULES = """
    create type tie_rule as enum (
        select distinct rule from (
            select rule from claim union all select kind || '_and_name' from claim
            union all select unnest(['own_id', 'probable'])) order by rule)"""

# A record's ties: the identifiers (hubs) that link it, each with the rule under which it has it. Rows are numbered
# rather than taken by `distinct on`: that keeps all of them in memory, a window does not.
_TIES = """
    create table record_tie as
    with ties as (
        select n, v as hub, rule::tie_rule as rule, weight, claimed_at from claim where is_hard
        union all
        select claim.n, $values + tie.hub,
               (case when tie.by_name then claim.kind || '_and_name' else claim.rule end)::tie_rule,
               case when tie.by_name then named.weight else claim.weight end, claim.claimed_at
        from claim join stub_of using (n) join tie on tie.v = claim.v and tie.stub = stub_of.stub and tie.g >= 0
        left join refused_tie on refused_tie.stub = tie.stub and refused_tie.hub = tie.hub
        left join rule as named on named.rule = claim.kind || '_and_name'
        where not claim.is_hard and refused_tie.hub is null
        union all
        select claim.n, claim.v, claim.rule::tie_rule, claim.weight, claim.claimed_at
        from claim join stub_of using (n)
        join (select v, stub from tie where g = -1 - stub and hub not in (select hub from refused_tie)) as login
            on login.v = claim.v and login.stub = stub_of.stub
        where claim.rule = 'browser_login'
        union all
        select unnest([left_n, right_n]), -1 - p, 'probable'::tie_rule, probability, null from pair
    )
    select * from ties qualify row_number() over (partition by n, hub order by weight desc, rule) = 1"""

# The next hubs: each with the strongest, then oldest, of the records that were reached in the round before.
_HUBS = """
    create or replace table next_hub as
    select tie.hub, tie.n as parent, tie.rule, tie.weight, tie.claimed_at
    from record_tie as tie join reached on reached.n = tie.n
    where reached.round = $round and not exists (select 1 from seen_hub where seen_hub.hub = tie.hub)
    qualify row_number() over (partition by tie.hub order by tie.weight desc, tie.n) = 1"""

# The next records: each by the strongest of those hubs. The weaker of the two sides names the rule.
_RECORDS = """
    insert into reached
    select tie.n, next_hub.parent, tie.hub,
           case when tie.rule = 'own_id' or (next_hub.rule <> 'own_id' and next_hub.weight < tie.weight)
                then next_hub.rule else tie.rule end,
           least(tie.weight, next_hub.weight), greatest(tie.claimed_at, next_hub.claimed_at), $round + 1
    from record_tie as tie join next_hub using (hub)
    where not exists (select 1 from reached where reached.n = tie.n)
    qualify row_number() over (
        partition by tie.n order by least(tie.weight, next_hub.weight) desc, next_hub.parent, tie.hub) = 1"""


def explain(connection: duckdb.DuckDBPyConnection, values: int) -> None:
    """Make `reached` (n, parent, hub, rule, confidence, linked_at, round) of the tables that a resolution leaves;
    `values` is how many identifiers there are. A hub below 0 is the pair -1 - hub."""
    run = connection.execute
    for leftover in ("table if exists reached", "table if exists next_hub", "table if exists record_tie"):
        run(f"drop {leftover}")
    run("drop type if exists tie_rule")
    run(_RULES)
    run(_TIES, {"values": values})
    run(
        """create table reached (n integer, parent integer, hub bigint, rule tie_rule, confidence double,
               linked_at timestamptz, round integer)"""
    )
    run("insert into reached select anchor, null, null, null, null, null, 0 from customer")
    run("create or replace table seen_hub (hub bigint)")
    found, turn = 1, 0
    while found:
        run(_HUBS, {"round": turn})
        run(_RECORDS, {"round": turn})
        run("insert into seen_hub select hub from next_hub")
        turn += 1
        found = one(run("select count(*) from reached where round = $1", [turn]))
