"""From records and their claims to persons: who is one customer, by which evidence, and what nobody can decide.

Works on tables of a DuckDB workspace and knows neither Postgres nor where records come from. The outcome depends on
the records, claims, pairs and settings alone, not on their order, so that a part of the population that is closed
under evidence gives what the whole gives.

In:   records      RECORDS; they become `node`
      claims       CLAIMS (values normalised; null where unusable)
      crowded      kind, value: identifiers that more records share than their rule allows
      pairs        PAIRS
Out:  membership   a row per record: customer_key (null: a browser that nobody is known to use), component, rule,
                   linked_to, confidence, match_weight, model_version, linked_at, is_thin, is_test
      suspects     what somebody has to look at: review_kind, left_identity, right_identity, by_way_of, evidence,
                   reason, since, component
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import groupby
from operator import itemgetter

import duckdb
import numpy as np

from cx_warehouse.identity import outcome
from cx_warehouse.identity.clusters import Edge, Ints, Refusal, components, link, lowest
from cx_warehouse.identity.explain import explain
from cx_warehouse.identity.names import Names
from cx_warehouse.identity.settings import Settings
from cx_warehouse.identity.sharing import (
    TWO_CRM_RECORDS,
    Decision,
    Holder,
    decide_email,
    decide_phone,
    may_not_be_one,
)
from cx_warehouse.identity.stubs import apart_nodes, hard_stubs, number_nodes, parse_names, unpack_name
from cx_warehouse.identity.workspace import Row, arrays, fill, one, rows_of

RECORDS = {
    "identity_key": "text",
    "source": "text",
    "identity_id": "text",
    "kind": "text",
    "is_deleted": "boolean",
    "created_at": "timestamptz",
    "full_name": "text",
    "given_name": "text",
    "family_name": "text",
    "email": "text",
    "birth_date": "text",
}
CLAIMS = {
    "identity_key": "text",
    "kind": "text",
    "value": "text",
    "rule": "text",
    "claimed_at": "timestamptz",
    "blocked_because": "text",
}
PAIRS = {
    "left_key": "text",
    "right_key": "text",
    "match_weight": "double",
    "probability": "double",
    "verdict": "text",
    "model_version": "text",
}


class Resolution:
    """One resolution: `link` decides by what records claim, then `conclude` adds what is probable and explains all."""

    def __init__(self, duck: duckdb.DuckDBPyConnection, settings: Settings) -> None:
        self._duck = duck
        self._settings = settings
        self._names = Names(settings.variants)
        self._size = self._values = 0
        self._stub = np.zeros(0, dtype=np.int32)  # by node
        self._stubs = np.zeros(0, dtype=np.int64)
        self._group = np.zeros(0, dtype=np.int32)  # by stub
        self._holders: dict[int, Holder] = {}  # by stub, filled as needed
        self._apart_stubs: frozenset[tuple[int, int]] = frozenset()
        self._bound: frozenset[int] = frozenset()  # stubs that a decision to keep apart names
        self._suspects: list[Row] = []

    def link(self) -> None:
        """Everything but probable pairs. Makes `thin`: identity_key of named records that no evidence links to another
        record of a person's own."""
        self._size, self._values = number_nodes(self._duck, self._settings)
        parse_names(self._duck, "node", "n", "node_name")
        apart = apart_nodes(self._duck, self._settings)
        self._stub = hard_stubs(self._duck, self._size, self._values, apart)
        self._stubs = np.flatnonzero(self._stub == np.arange(self._size))  # each is named after a record of its own
        self._describe_stubs(apart)
        self._share_identifiers()
        self._assign_browsers()
        self._group_stubs()
        self._find_thin()

    def conclude(self) -> None:
        """Add the accepted ones of `pairs`; make `membership` and `suspects`."""
        self._join_probable()
        outcome.name_customers(self._duck, self._group[self._stub])
        explain(self._duck, self._values)
        outcome.write_membership(self._duck, self._size, self._values)
        outcome.write_suspects(self._duck, self._suspects)

    # --- stubs ---
    def _describe_stubs(self, apart: frozenset[tuple[int, int]]) -> None:
        """What can stand against a link: the name of the best record, a live record that its source keeps one of."""
        self._duck.execute(
            """create or replace table stub as
               select stub_of.stub,
                      arg_min(node_name.name, (node.kind <> 'crm_contact')::bigint * 4294967296 + node.n) as name,
                      arg_min(node.birth_date, (node.kind <> 'crm_contact')::bigint * 4294967296 + node.n)
                          filter (where node.birth_date is not null) as birth_date,
                      bool_or(not node.is_deleted and list_contains($1::text[], node.source)) as is_exclusive,
                      count(*) filter (where node.kind in ('crm_contact', 'helpdesk_user')) as own_records,
                      bool_and(node.kind = 'browser') as is_browser,
                      arg_min(node.n, case node.kind when 'crm_contact' then 0 when 'helpdesk_user' then 1 else 2 end
                          ::bigint * 4294967296 + node.n) as shown
               from stub_of join node using (n) left join node_name using (n) group by stub_of.stub""",
            [sorted(self._settings.exclusive_sources)],
        )
        stubs = ((int(self._stub[a]), int(self._stub[b])) for a, b in apart)
        self._apart_stubs = frozenset((min(pair), max(pair)) for pair in stubs)
        self._bound = frozenset(stub for pair in self._apart_stubs for stub in pair)
        fill(self._duck, "bound", {"stub": "integer"}, [(stub,) for stub in sorted(self._bound)])

    def _apart(self, left: int, right: int) -> bool:
        return (min(left, right), max(left, right)) in self._apart_stubs

    def _holder(
        self,
        stub: int,
        name: Mapping[str, str | bool] | None,
        birth_date: str | None,
        is_exclusive: bool,
        is_current: bool = True,
    ) -> Holder:
        return Holder(stub, unpack_name(name), birth_date, is_exclusive, stub in self._bound, is_current)

    # --- links through what may be shared ---
    def _share_identifiers(self) -> None:
        """Which stubs each address and number links (`grouped`); people who differ and share one are suspects."""
        run = self._duck.execute
        run(
            """create or replace table holder as
               select claim.v, any_value(claim.kind) as kind, stub_of.stub,
                      bool_or(claim.rule <> 'former_email') as is_current, max(claim.weight) as weight,
                      max(claim.claimed_at) as since
               from claim join stub_of using (n)
               where not claim.is_hard and claim.rule <> 'browser_login'
               group by claim.v, stub_of.stub"""
        )
        run(
            """create or replace temp table sharing as
               select holder.v,
                      coalesce(min(stub.name.words) = max(stub.name.words), true)
                          and coalesce(min(stub.birth_date) = max(stub.birth_date), true)
                          and bool_and(holder.is_current) and count(bound.stub) = 0
                          and case any_value(holder.kind)
                              when 'email' then count(*) filter (where stub.is_exclusive) < 2
                              else coalesce(bool_and(stub.name.family <> ''), false) end as is_plain
               from holder join stub using (stub) left join bound using (stub)
               group by holder.v having count(*) > 1"""
        )
        undecided = run(
            """select holder.v, holder.kind, holder.stub, stub.name, stub.birth_date, stub.is_exclusive,
                      holder.is_current, holder.since
               from holder join sharing using (v) join stub using (stub)
               where not sharing.is_plain and (holder.kind = 'email' or stub.name is not null)
               order by holder.v, holder.stub"""
        )
        groups: list[Row] = []
        for (v, kind), rows in groupby(rows_of(undecided), key=itemgetter(0, 1)):
            holders = list(rows)
            decision = self._decide(kind, [self._holder(*row[2:7]) for row in holders])
            by_name = kind == "phone" or decision.conflict is not None
            if not by_name or f"{kind}_and_name" in self._settings.rules:
                groups += [(v, stub, g, by_name) for g, group in enumerate(decision.groups) for stub in group]
            if decision.conflict is not None:
                left, right, reason = decision.conflict
                since = max((row[7] for row in holders if row[7] is not None), default=None)
                self._suspects.append((f"shared_{kind}", left, right, None, kind, reason, since))
        fill(self._duck, "grouped", {"v": "integer", "stub": "integer", "g": "integer", "by_name": "boolean"}, groups)
        run(
            """insert into grouped
               select holder.v, holder.stub, 0, holder.kind = 'phone'
               from holder join sharing using (v) join stub using (stub)
               where sharing.is_plain and (holder.kind = 'email' or ($1 and stub.name is not null))""",
            ["phone_and_name" in self._settings.rules],
        )

    def _decide(self, kind: str, holders: Sequence[Holder]) -> Decision:
        decide = decide_phone if kind == "phone" else decide_email
        return decide(self._names, holders, self._apart)

    def _assign_browsers(self) -> None:
        """A browser belongs to the one person who ever logged in on it; one that several used, to nobody. One that
        somebody decided to be a person's is that person's, whoever else logged in."""
        run = self._duck.execute
        run(
            """create or replace temp table login as
               select distinct own.stub as browser, browser.n, browser.v, owner.stub, browser.claimed_at
               from claim as browser join stub_of as own on own.n = browser.n
               join (select distinct claim.v, stub_of.stub
                     from claim join stub_of using (n) where claim.is_hard) as owner using (v)
               where browser.rule = 'browser_login' and owner.stub <> own.stub"""
        )
        run(
            """create or replace table browser_user as
               select browser, min(user_stub) as first, max(user_stub) as last, min(n) as n, max(claimed_at) as since
               from (select browser, stub as user_stub, n, claimed_at from login
                     union all
                     select login.browser, login.browser, login.n, null
                     from login join stub on stub.stub = login.browser where not stub.is_browser) as used
               group by browser"""
        )
        run(
            """insert into grouped
               select distinct login.v, side.stub, -1 - login.browser, false
               from login join browser_user using (browser),
                   lateral (values (login.stub), (login.browser)) as side (stub)
               where browser_user.first = browser_user.last"""
        )
        shared = run("select first, last, n, since from browser_user where first < last").fetchall()
        self._suspects += [
            ("shared_browser", first, last, browser, "browser", "both logged in on one browser", since)
            for first, last, browser, since in shared
        ]

    # --- groups ---
    def _group_stubs(self) -> None:
        """Stubs that share an identifier are one person, but for those that may not be: then the strongest links
        win."""
        run = self._duck.execute
        run(
            """create or replace table tie as
               select (dense_rank() over (order by grouped.v, grouped.g) - 1)::integer as hub, grouped.v, grouped.g,
                      grouped.by_name, grouped.stub, coalesce(holder.weight, 0) as weight
               from grouped
               left join holder on holder.v = grouped.v and holder.stub = grouped.stub and grouped.g >= 0"""
        )
        stubs, hubs = arrays(run("select stub, hub from tie"))
        label = components(self._size + int(hubs.max(initial=-1)) + 1, stubs, hubs + self._size)[: self._size]
        self._group = lowest(label)
        refused: list[Row] = []
        for members in self._conflicts(self._group):
            ties = run("select weight, stub, hub from tie where stub = any($1)", [members]).fetchall()
            group, refusals = link([Edge(*tie) for tie in ties], self._forbidden)
            self._group[members] = [group.get(stub, stub) for stub in members]
            refused += [(refusal.edge.stub, refusal.edge.hub) for refusal in refusals]
            self._suspects += map(self._refused, refusals)
        fill(self._duck, "refused_tie", {"stub": "integer", "hub": "integer"}, refused)

    def _refused(self, refusal: Refusal) -> Row:
        left, right = sorted((refusal.one, refusal.other))
        by_way_of = refusal.edge.stub if refusal.edge.stub not in (left, right) else None
        ((kind, since),) = self._duck.execute(
            """select any_value(claim.kind), max(claim.claimed_at) from claim join stub_of using (n)
               where claim.v = (select any_value(v) from tie where hub = $1) and stub_of.stub = $2""",
            [refusal.edge.hub, refusal.edge.stub],
        ).fetchall()
        review = "crm_duplicates" if refusal.reason == TWO_CRM_RECORDS else "blocked_link"
        return review, left, right, by_way_of, kind, refusal.reason, since

    def _conflicts(self, group: Ints, weighed: Set[tuple[int, int]] = frozenset()) -> Iterator[list[int]]:
        """The groups, as lists of stubs, in which two may not be one person. `weighed`: see `may_not_be_one`."""
        columns = (self._stubs, group[self._stubs])
        fill(self._duck, "gathered", {"stub": "integer", "grp": "integer"}, columns=columns)
        doubtful = self._duck.execute(
            """with several as (select grp from gathered group by grp having count(*) > 1),
               doubtful as (
                   select gathered.grp
                   from gathered join several using (grp) join stub using (stub) left join bound using (stub)
                   group by gathered.grp
                   having count(*) filter (where stub.is_exclusive) > 1
                       or min(stub.name.words) < max(stub.name.words) or min(stub.birth_date) < max(stub.birth_date)
                       or count(bound.stub) > 1
               )
               select list(gathered.stub order by gathered.stub)
               from gathered join doubtful using (grp) group by gathered.grp order by 1"""
        ).fetchall()
        self._load_holders({stub for (members,) in doubtful for stub in members})
        for (members,) in doubtful:
            judged = [self._holders[stub] for stub in members if self._holders[stub].has_say]
            if any(
                may_not_be_one(self._names, [holder], judged[position + 1 :], self._apart, weighed)
                for position, holder in enumerate(judged)
            ):
                yield members

    def _forbidden(self, left: Sequence[int], right: Sequence[int]) -> tuple[int, int, str] | None:
        return may_not_be_one(
            self._names, [self._holders[stub] for stub in left], [self._holders[stub] for stub in right], self._apart
        )

    def _load_holders(self, stubs: set[int]) -> None:
        fill(self._duck, "wanted", {"stub": "integer"}, [(stub,) for stub in stubs - self._holders.keys()])
        for row in rows_of(
            self._duck.execute(
                "select stub, stub.name, stub.birth_date, stub.is_exclusive from stub join wanted using (stub)"
            )
        ):
            self._holders[row[0]] = self._holder(*row)

    # --- what is probable ---
    def _find_thin(self) -> None:
        columns = (self._stubs, self._group[self._stubs])
        fill(self._duck, "stub_group", {"stub": "integer", "grp": "integer"}, columns=columns)
        self._duck.execute(
            """create or replace table thin as
               select node.identity_key
               from node join stub_of using (n) join stub_group using (stub) join node_name using (n)
               join (select stub_group.grp from stub join stub_group using (stub)
                     group by stub_group.grp having sum(stub.own_records) = 1) as lonely using (grp)"""
        )

    def _join_probable(self) -> None:
        """Accepted pairs join groups. Where that brings together what may not be one person, the pairs contradict each
        other and none of them counts. As `cut_pair` they still bear on each other: one may go and leave another."""
        run = self._duck.execute
        run(
            """create or replace table pair as
               select (row_number() over (order by least(l.n, r.n), greatest(l.n, r.n)) - 1)::integer as p,
                      least(l.n, r.n) as left_n, greatest(l.n, r.n) as right_n, pairs.probability, pairs.match_weight,
                      pairs.model_version
               from pairs join node as l on l.identity_key = pairs.left_key
               join node as r on r.identity_key = pairs.right_key
               where pairs.verdict = 'accepted' and (pairs.left_key in (select identity_key from thin)
                   or pairs.right_key in (select identity_key from thin))"""
        )
        fill(self._duck, "cut_pair", {"left_n": "integer", "right_n": "integer"})
        if one(run("select count(*) from pair")) == 0:
            return
        left, right = arrays(run("select left_n, right_n from pair"))
        stubs = zip(self._stub[left].tolist(), self._stub[right].tolist(), strict=True)
        weighed = {(min(pair), max(pair)) for pair in stubs}
        contradicted = [stub for members in self._conflicts(self._with_pairs(), weighed) for stub in members]
        run(
            """insert into cut_pair
               select left_n, right_n from pair where left_n in (select n from stub_of where stub = any($1))
                   or right_n in (select n from stub_of where stub = any($1))""",
            [contradicted],
        )
        run("delete from pair using cut_pair as cut where pair.left_n = cut.left_n and pair.right_n = cut.right_n")
        self._group = self._with_pairs()

    def _with_pairs(self) -> Ints:
        left, right = arrays(self._duck.execute("select left_n, right_n from pair"))
        one_side = np.concatenate([self._stub[left], self._stubs])
        other_side = np.concatenate([self._stub[right], self._group[self._stubs]])
        return lowest(components(self._size, one_side, other_side))
