"""What a resolution says: whom each record belongs to and why, and what somebody has to look at."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np

from cx_warehouse.identity.clusters import Ints, components, lowest
from cx_warehouse.identity.workspace import Row, arrays, fill, one

MEMBERSHIP = {
    "identity_key": "text",
    "customer_key": "text",
    "component": "text",
    "rule": "text",
    "linked_to": "text",
    "confidence": "double",
    "match_weight": "double",
    "model_version": "text",
    "linked_at": "timestamptz",
    "is_thin": "boolean",
    "is_test": "boolean",
}
_SHARD = 1_000_000  # nodes whose keys are looked up at once
_SUSPECT = {
    "review_kind": "text",
    "left_n": "integer",
    "right_n": "integer",
    "by_way_of_n": "integer",
    "evidence": "text",
    "reason": "text",
    "since": "timestamptz",
}


def name_customers(duck: duckdb.DuckDBPyConnection, group: Ints) -> None:
    """Make `final` and `customer` of the group of each node. A customer is named after its oldest record, browsers
    aside: so evidence decides the name, and a rebuild gives the same one."""
    fill(duck, "final", {"n": "integer", "grp": "integer"}, columns=(np.arange(len(group)), group))
    duck.execute(
        """create or replace table customer as
           select final.grp, min(node.n) as anchor, count(*) as records
           from final join node using (n) where node.kind <> 'browser' group by final.grp"""
    )


def write_membership(duck: duckdb.DuckDBPyConnection, size: int, values: int) -> None:
    """Make `membership` of what `name_customers` and `explain` left, for `size` nodes and `values` identifiers."""
    n, v = arrays(duck.execute("select n, v from claim union all select n, v from cut_claim"))
    left, right = arrays(duck.execute("select left_n, right_n from pair union all from cut_pair"))
    label = components(size + values, np.concatenate([n, left]), np.concatenate([v + size, right]))
    fill(duck, "whole", {"n": "integer", "first": "integer"}, columns=(np.arange(size), lowest(label)[:size]))
    described = ", ".join(f"{name} {kind}" for name, kind in MEMBERSHIP.items())
    duck.execute(f"create or replace table membership ({described})")
    duck.execute("create or replace table thin_node as select node.n from node join thin using (identity_key)")
    duck.execute(
        """create or replace table test_node as
           select distinct node.n from node join claims using (identity_key)
           where claims.blocked_because = 'test account'"""
    )
    for low in range(0, size, _SHARD):
        _write_shard(duck, low, low + _SHARD)
    unexplained = one(duck.execute("select count(*) from membership where customer_key is not null and rule is null"))
    if unexplained:
        raise AssertionError(f"{unexplained} records belong to a customer and no evidence says why")


def _write_shard(duck: duckdb.DuckDBPyConnection, low: int, high: int) -> None:
    """The members from node `low` to before `high`: keys are long texts, and all at once they would not fit."""
    duck.execute(
        """create or replace table shard as
           select final.n, whole.first, customer.anchor, customer.records, reached.* exclude (n, round)
           from final join whole using (n) left join customer using (grp)
           left join (select * from reached where n >= $low and n < $high) as reached on reached.n = final.n
           where final.n >= $low and final.n < $high and whole.n >= $low and whole.n < $high""",
        {"low": low, "high": high},
    )
    duck.execute(
        """insert into membership
           select node.identity_key,
                  md5(length(oldest.identity_key) || ':' || oldest.identity_key) as customer_key,
                  component.identity_key as component,
                  case when oldest.n is null then null
                       when shard.records = 1 and node.n = oldest.n then 'alone'
                       when node.n = oldest.n then 'oldest'
                       else shard.rule end as rule,
                  case when oldest.n is not null then parent.identity_key end as linked_to,
                  case when oldest.n is not null then coalesce(shard.confidence, 1) end as confidence,
                  pair.match_weight, pair.model_version,
                  case when oldest.n is null then node.created_at
                       else coalesce(shard.linked_at, node.created_at) end as linked_at,
                  shard.n in (select n from thin_node) as is_thin, shard.n in (select n from test_node) as is_test
           from shard join node using (n) join node as component on component.n = shard.first
           left join node as oldest on oldest.n = shard.anchor left join node as parent on parent.n = shard.parent
           left join pair on pair.p = -1 - shard.hub"""
    )


def write_suspects(duck: duckdb.DuckDBPyConnection, found: Sequence[Row]) -> None:
    """Make `suspects` of rows in the columns of _SUSPECT: stubs become the record that stands for them."""
    fill(duck, "suspect", _SUSPECT, found)
    duck.execute(
        """create or replace table suspects as
           select suspect.review_kind, l.identity_key as left_identity, r.identity_key as right_identity,
                  min(via.identity_key) as by_way_of, suspect.evidence, suspect.reason,
                  max(suspect.since) as since, component.identity_key as component
           from suspect
           join stub as one on one.stub = suspect.left_n join node as l on l.n = one.shown
           join stub as other on other.stub = suspect.right_n join node as r on r.n = other.shown
           left join stub as third on third.stub = suspect.by_way_of_n
           left join node as via on via.n = coalesce(third.shown, suspect.by_way_of_n)
           join whole on whole.n = l.n join node as component on component.n = whole.first
           group by all"""
    )
