"""One build's identities: read what changed, resolve what it reaches, write what differs. All of it or nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import psycopg
from psycopg import sql

from cx_warehouse.identity import state
from cx_warehouse.identity.identifiers import normalise
from cx_warehouse.identity.outcome import MEMBERSHIP
from cx_warehouse.identity.pairing import HOMES, Pairing
from cx_warehouse.identity.resolve import PAIRS, RECORDS, Resolution
from cx_warehouse.identity.settings import Settings, read_settings
from cx_warehouse.identity.state import Places, compose
from cx_warehouse.identity.workspace import fill, one, pull, push, workspace

log = logging.getLogger(__name__)

_STATED = {
    "identity_key": "text",
    "origin": "text",
    "kind": "text",
    "value": "text",
    "rule": "text",
    "claimed_at": "timestamptz",
    "country": "text",
}
_COLUMNS = {**RECORDS, **HOMES}
_CLAIMS = "identity_key, origin, kind, value, rule, claimed_at, blocked_because"
_CROWDED = {"kind": "text", "value": "text"}
_MEMBERSHIP = ", ".join(MEMBERSHIP)
_HELD = {**MEMBERSHIP, "build_number": "bigint"}
_VISIBLE = ("customer_key", "rule", "linked_to", "confidence", "match_weight", "model_version", "linked_at", "is_test")
_SUSPECTS = "review_kind, left_identity, right_identity, by_way_of, evidence, reason, since, component"


def _differ(columns: Sequence[str]) -> str:
    """Whether a row of held and one of fresh differ."""
    pairs = " or ".join(f"fresh.{name} is distinct from held.{name}" for name in columns)
    return f"({pairs})"


@dataclass(frozen=True)
class Report:
    """What a run looked at and what came of it."""

    is_whole: bool
    looked_at: int
    changed: int

    def __str__(self) -> str:
        which = "all" if self.is_whole else "the affected"
        return f"{which} {self.looked_at:,} identities resolved, {self.changed:,} changed"


def resolve_identities(dsn: str, build_number: int, *, target: str = "candidate") -> Report:
    """Resolve the identities of the set `target` in one transaction; running it again changes nothing more.

    The set is resolved as a whole where it was not yet, and where the settings are not those it was resolved with;
    otherwise what this build's changes reach is. Raises ConfigError for settings that cannot be meant."""
    places = Places(target)
    with psycopg.connect(dsn) as connection, workspace() as duck:
        connection.execute("set local timezone = 'UTC'")
        connection.execute("set local work_mem = '256MB'")
        connection.execute("set local maintenance_work_mem = '512MB'")
        # a night looks a few rows up in tables of millions: at the default price it would read them whole
        connection.execute("set local random_page_cost = 1.1")
        settings = read_settings(connection, places.settings)
        state.create_state(connection, places)
        run = _Run(connection, duck, places, settings, build_number)
        return run.affected() if state.is_basis(connection, places, run.fingerprint) else run.whole()


class _Run:
    def __init__(
        self,
        connection: psycopg.Connection,
        duck: duckdb.DuckDBPyConnection,
        places: Places,
        settings: Settings,
        build_number: int,
    ) -> None:
        self._pg, self._duck, self._places, self._settings = connection, duck, places, settings
        self._build = build_number
        self._pairing = Pairing(connection, duck, places, settings.variants)
        self.fingerprint = settings.fingerprint()

    def whole(self) -> Report:
        """Resolve everybody."""
        self._pull_held("true")
        state.empty_state(self._pg, self._places)
        self._pull_records("true")
        self._pull_stated("true")
        normalise(self._duck, self._settings, "stated", "claims")
        self._count_crowded()
        self._push("claims", _CLAIMS)
        self._push("crowded", "kind, value, records, left_identity, right_identity, since")
        resolution = Resolution(self._duck, self._settings)
        resolution.link()
        if "probable" in self._settings.rules:
            self._pairing.of_all()
        else:
            self._no_pairs()
        resolution.conclude()
        changed = self._write()
        state.make_indexes(self._pg, self._places)
        state.note_basis(self._pg, self._places, self._settings, self.fingerprint)
        return Report(True, one(self._duck.execute("select count(*) from node")), changed)

    def affected(self) -> Report:
        """Resolve what this build's changes reach."""
        state.find_touched(self._pg, self._places, self._settings, self._build)
        self._pull_stated(f"stated.build_number = {self._build}")
        normalise(self._duck, self._settings, "stated", "fresh_claims")
        self._pg.execute(compose(self._places, "create temp table fresh_claims (like {claims}) on commit drop"))
        push(self._duck, f"select {_CLAIMS} from fresh_claims", self._pg, sql.Identifier("fresh_claims"))
        self._pg.execute("analyze fresh_claims")
        state.replace_claims(self._pg, self._places)
        state.recount_crowded(self._pg, self._places, self._settings)
        state.find_affected(self._pg, self._places)
        resolution = self._linked()
        if "probable" in self._settings.rules:
            if self._pairing.of_affected():
                resolution = self._linked()
            self._pairing.pull()
        else:
            self._no_pairs()
        resolution.conclude()
        self._drop_suspects()
        changed = self._write()
        state.note_basis(self._pg, self._places, self._settings, self.fingerprint)
        return Report(False, one(self._duck.execute("select count(*) from node")), changed)

    def _linked(self) -> Resolution:
        """The affected, linked by what they claim."""
        self._pull_held("held.identity_key in (select identity_key from affected)")
        self._pull_records("identity.identity_key in (select identity_key from affected)")
        self._pull_claims()
        resolution = Resolution(self._duck, self._settings)
        resolution.link()
        return resolution

    # --- in ---
    def _pull_held(self, condition: str) -> None:
        """What the set says of them until now."""
        pull(
            self._pg,
            compose(
                self._places,
                "select {columns}, build_number from {membership} as held where {condition}",
                columns=sql.SQL(_MEMBERSHIP),
                condition=sql.SQL(condition),
            ),
            self._duck,
            "held",
            _HELD,
        )

    def _drop_suspects(self) -> None:
        """The components that are resolved anew bring their suspects with them."""
        self._pg.execute("create temp table resolved (component text) on commit drop")
        push(self._duck, "select distinct component from held", self._pg, sql.Identifier("resolved"))
        self._pg.execute(
            compose(self._places, "delete from {suspects} where component in (select component from resolved)")
        )

    def _pull_records(self, condition: str) -> None:
        pull(
            self._pg,
            compose(
                self._places,
                "select {columns} from {identities} as identity where {condition} and " + state.TAKES_PART,
                columns=sql.SQL(", ").join(sql.Identifier("identity", name) for name in _COLUMNS),
                condition=sql.SQL(condition),
            ),
            self._duck,
            "records",
            _COLUMNS,
        )

    def _pull_stated(self, condition: str) -> None:
        pull(
            self._pg,
            compose(
                self._places,
                """select stated.identity_key, stated.origin, stated.kind, stated.value, stated.rule, stated.claimed_at,
                          identity.country
                   from {stated} as stated left join {identities} as identity
                       on case when stated.kind = 'phone' then stated.identity_key end = identity.identity_key
                   where {condition}""",
                condition=sql.SQL(condition),
            ),
            self._duck,
            "stated",
            _STATED,
        )

    def _pull_claims(self) -> None:
        columns = {name: "timestamptz" if name == "claimed_at" else "text" for name in _CLAIMS.split(", ")}
        pull(
            self._pg,
            compose(
                self._places,
                # those of the touched are at hand
                """select {columns} from held_claims as held
                   where not exists (select from lost_claims as lost where lost.row_id = held.row_id)
                   union all select {columns} from new_claims
                   union all
                   select {columns} from {claims} as claims
                   join (select identity_key from affected except select identity_key from touched) as other
                       using (identity_key)""",
                columns=sql.SQL(_CLAIMS),
            ),
            self._duck, "claims", columns,
        )  # fmt: skip
        # all of them: they are few beside the claims, and to find those of the affected costs another look at these
        pull(self._pg, compose(self._places, "select kind, value from {crowded}"), self._duck, "crowded", _CROWDED)

    def _count_crowded(self) -> None:
        limits = self._settings.limits()
        # most identifiers have one record: to count a hash of them first, and then look at the others, fits into memory
        self._duck.execute(
            """create or replace table crowded as
               with usable as (
                   select claims.identity_key, claims.kind, claims.value, claims.claimed_at, allowed.most
                   from claims join (select unnest($1::text[]) as kind, unnest($2::bigint[]) as most) as allowed
                       using (kind)
                   where claims.value is not null and claims.blocked_because is null
               ),
               often as (
                   select hash(kind, value) as hashed from usable group by hashed having count(*) > min(most)
               )
               select usable.kind, usable.value, count(distinct records.identity_key) as records,
                      min(records.identity_key) as left_identity, max(records.identity_key) as right_identity,
                      max(usable.claimed_at) as since
               from usable join records using (identity_key)
               where hash(usable.kind, usable.value) in (select hashed from often)
                   and records.kind in ('crm_contact', 'helpdesk_user')
               group by usable.kind, usable.value, usable.most
               having count(distinct records.identity_key) > usable.most""",
            [list(limits), list(limits.values())],
        )

    def _no_pairs(self) -> None:
        fill(self._duck, "pairs", PAIRS)

    # --- out ---
    def _push(self, table: str, columns: str) -> None:
        push(self._duck, f"select {columns} from {table}", self._pg, self._places.table(table))

    def _write(self) -> int:
        """Write what differs from `held`, and return how many identities changed in what readers see of them."""
        pg, places, duck = self._pg, self._places, self._duck
        duck.execute(
            f"""create or replace view written as
                select fresh.*, case when held.identity_key is not null and not {_differ(_VISIBLE)}
                                     then held.build_number else {self._build} end as build_number
                from membership as fresh left join held using (identity_key)
                where held.identity_key is null or {_differ(list(MEMBERSHIP)[1:])}"""
        )
        if one(duck.execute("select count(*) from held")):
            pg.execute("create temp table rewritten (identity_key text) on commit drop")
            gone = "select identity_key from held where identity_key not in (select identity_key from membership)"
            rewritten = f"select identity_key from written union all {gone}"
            push(duck, f"{rewritten} order by identity_key", pg, sql.Identifier("rewritten"))
            pg.execute(
                compose(places, "delete from {membership} where identity_key in (select identity_key from rewritten)")
            )
            self._note_changes()
        push(duck, f"select {_MEMBERSHIP}, build_number from written", pg, places.table("membership"))
        self._push("suspects", _SUSPECTS)
        return one(duck.execute(f"select count(*) from written where build_number = {self._build}"))

    def _note_changes(self) -> None:
        """Keep which identities went from one customer to another in this build; a run that is repeated adds to it."""
        self._pg.execute(
            compose(
                self._places,
                "delete from {changes} where build_number <> {build}",
                build=sql.Literal(self._build),
            )
        )
        self._pg.execute(compose(self._places, "create temp table changed (like {changes}) on commit drop"))
        push(
            self._duck,
            f"""select identity_key, held.customer_key, fresh.customer_key, {self._build}
                from held full join membership as fresh using (identity_key)
                where held.customer_key is distinct from fresh.customer_key""",
            self._pg,
            sql.Identifier("changed"),
        )
        self._pg.execute(
            compose(
                self._places,
                """insert into {changes} select * from changed
                   on conflict (identity_key) do update set customer_key = excluded.customer_key""",
            )
        )
