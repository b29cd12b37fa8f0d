"""Why each record belongs to its customer: the shortest chain of evidence to the customer's oldest record.

Every record but the oldest gets one link: to which record, by which rule, how sure it is, and since when it stood."""

from __future__ import annotations

import duckdb

from cx_warehouse.identity.workspace import one

# A record's ties: the identifiers (hubs) that link it, each with the rule under which it has it.
_TIES = """
    create or replace table record_tie as
    with ties as (
        select n, v as hub, rule, weight, claimed_at, null::double as match_weight, null as model_version
        from claim where is_hard
        union all
        select claim.n, $values + tie.hub,
               case when tie.by_name then claim.kind || '_and_name' else claim.rule end,
               case when tie.by_name then named.weight else claim.weight end, claim.claimed_at, null, null
        from claim join stub_of using (n) join tie on tie.v = claim.v and tie.stub = stub_of.stub and tie.g >= 0
        left join refused_tie on refused_tie.stub = tie.stub and refused_tie.hub = tie.hub
        left join rule as named on named.rule = claim.kind || '_and_name'
        where not claim.is_hard and refused_tie.hub is null
        union all
        select claim.n, claim.v, claim.rule, claim.weight, claim.claimed_at, null, null
        from claim join stub_of using (n)
        join (select v, stub from tie where g = -1 - stub and hub not in (select hub from refused_tie)) as login
            on login.v = claim.v and login.stub = stub_of.stub
        where claim.rule = 'browser_login'
        union all
        select unnest([left_n, right_n]), -1 - p, 'probable', probability, null, match_weight, model_version
        from pair
    )
    select distinct on (n, hub) * from ties order by n, hub, weight desc, rule"""

# The next hubs: each with the strongest, then oldest, of the records that were reached in the round before.
_HUBS = """
    create or replace table next_hub as
    select distinct on (tie.hub) tie.hub, tie.n as parent, tie.rule, tie.weight, tie.claimed_at
    from record_tie as tie join reached on reached.n = tie.n
    where reached.round = $round and not exists (select 1 from seen_hub where seen_hub.hub = tie.hub)
    order by tie.hub, tie.weight desc, tie.n"""

# The next records: each by the strongest of those hubs. The weaker of the two sides names the rule.
_RECORDS = """
    insert into reached
    select distinct on (tie.n) tie.n, next_hub.parent,
           case when tie.rule = 'own_id' or (next_hub.rule <> 'own_id' and next_hub.weight < tie.weight)
                then next_hub.rule else tie.rule end,
           least(tie.weight, next_hub.weight), greatest(tie.claimed_at, next_hub.claimed_at), tie.match_weight,
           tie.model_version, $round + 1
    from record_tie as tie join next_hub using (hub)
    where not exists (select 1 from reached where reached.n = tie.n)
    order by tie.n, least(tie.weight, next_hub.weight) desc, next_hub.parent, tie.hub"""


def explain(connection: duckdb.DuckDBPyConnection, values: int) -> None:
    """Make `reached` (n, parent, rule, confidence, linked_at, match_weight, model_version, round) of the tables that a
    resolution leaves; `values` is how many identifiers there are."""
    run = connection.execute
    run(_TIES, {"values": values})
    run(
        """create or replace table reached (n integer, parent integer, rule text, confidence double,
               linked_at timestamptz, match_weight double, model_version text, round integer)"""
    )
    run("insert into reached select anchor, null, null, null, null, null, null, 0 from customer")
    run("create or replace table seen_hub (hub integer)")
    found, turn = 1, 0
    while found:
        run(_HUBS, {"round": turn})
        run(_RECORDS, {"round": turn})
        run("insert into seen_hub select hub from next_hub")
        turn += 1
        found = one(run("select count(*) from reached where round = $1", [turn]))
