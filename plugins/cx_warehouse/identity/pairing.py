"""Which probable pairs a set has: kept from night to night, scored again only where a record of theirs changed.

A pair is scored if its records share a block key and one of them is thin, that is, no evidence links it to another
record of a person's own. A key that too many records share compares nobody; so a record that comes or goes can also
bear on pairs of others, and these are scored again too."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import psycopg
from psycopg import sql

from cx_warehouse.identity.blocking import blocking_keys
from cx_warehouse.identity.names import Names
from cx_warehouse.identity.probable import probable_pairs
from cx_warehouse.identity.resolve import PAIRS, RECORDS
from cx_warehouse.identity.scoring import shipped
from cx_warehouse.identity.state import Places, compose
from cx_warehouse.identity.stubs import parse_names
from cx_warehouse.identity.workspace import pull, push

# What is known of where people live, beside the columns of records that resolution needs.
HOMES = {"address": "text", "city": "text", "postal_code": "text"}
_PAIR = ", ".join(PAIRS)
# as `resolve` parsed them
NAMES = "select node.identity_key, node_name.name from node_name join node using (n)"

# Most records that come again are compared by nothing new. Of the others, most keys are what they were, and what stays
# is not written.
_REPLACE_BLOCKS = (
    """create temp table reprinted on commit drop as
       select identity_key, fresh.print
       from fresh_prints as fresh
       full join (
           select held.identity_key, held.print from {prints} as held join touched using (identity_key)
       ) as held using (identity_key)
       where fresh.print is distinct from held.print
       order by identity_key""",
    "analyze reprinted",
    "delete from {prints} where identity_key in (select identity_key from reprinted)",
    "insert into {prints} select identity_key, print from reprinted where print is not null",
    """create temp table held_blocks on commit drop as
       select held.ctid as row_id, held.identity_key, held.block
       from {block_keys} as held join reprinted using (identity_key)""",
    """create temp table lost_blocks on commit drop as
       select row_id, block from held_blocks as held where not exists (
           select from fresh_blocks as fresh
           where fresh.identity_key = held.identity_key and fresh.block = held.block)""",
    """create temp table new_blocks on commit drop as
       select identity_key, block from fresh_blocks join reprinted using (identity_key)
       except select identity_key, block from held_blocks""",
    "delete from {block_keys} where ctid in (select row_id from lost_blocks)",
    "insert into {block_keys} select identity_key, block from new_blocks",
    """create temp table touched_blocks on commit drop as
       with named as (select block from lost_blocks union select block from new_blocks)
       select named.block, crowded.block is not null as was_crowded, false as is_crowded
       from named left join {crowded_blocks} as crowded using (block)
       order by named.block""",
)
# `near` shares a key with a paired record (with one that is thin: any_thin), `mates` are those of them who are not
# affected and may make a pair. Of who is affected, the workspace knows whether it is thin; of others, the set.
_FIND_MATES = (
    """insert into thin_paired
       select member.identity_key
       from (select identity_key from paired except select identity_key from affected) as beyond
       join {membership} as member using (identity_key)
       where member.is_thin""",
    """create temp table near_blocks on commit drop as
       select held.block, bool_or(thin_paired.identity_key is not null) as any_thin
       from (select identity_key, block from held_blocks as stayed
             where not exists (select from lost_blocks as lost where lost.row_id = stayed.row_id)
             union all select identity_key, block from new_blocks
             union all
             select identity_key, block from {block_keys} join (
                select identity_key from paired except select identity_key from reprinted) as other using (identity_key)
            ) as held
       left join thin_paired on thin_paired.identity_key = held.identity_key
       where not exists (select from {crowded_blocks} as crowded where crowded.block = held.block)
       group by held.block
       order by held.block""",
    "analyze near_blocks",
    """create temp table near on commit drop as
       select identity_key, bool_or(any_thin) as any_thin
       from (select held.identity_key, near_blocks.any_thin
             from {block_keys} as held join near_blocks using (block)
             union all select identity_key, false from paired) as found
       group by identity_key
       order by identity_key""",
    "analyze near",
    """create temp table mates on commit drop as
       select near.identity_key, member.is_thin
       from near join {membership} as member using (identity_key)
       where (near.any_thin or member.is_thin) and near.identity_key not in (select identity_key from affected)
       order by near.identity_key""",
    "analyze mates",
)


def make_persons(duck: duckdb.DuckDBPyConnection, records: str, claims: str, names: str, into: str) -> None:
    """Make `into` of `records`, `claims` (as `resolve` has them, with address, city and postal_code) and their `names`
    (a query of identity_key and name): one row per record with a name, in the columns in which pairs are scored."""
    duck.execute(
        f"""create or replace table {into} as
            with address as (
                select identity_key,
                       min(value) filter (where kind = 'email' and rule = 'email') as email,
                       min(value) filter (where kind = 'phone') as phone
                from {claims} where blocked_because is null group by identity_key
            )
            select records.identity_key, names.name.given as given, nullif(names.name.family, '') as family,
                   names.name.is_romanised as is_romanised, address.email, address.phone,
                   lower(strip_accents(records.address)) as street, lower(strip_accents(records.city)) as city,
                   records.postal_code, records.birth_date, null::text as external_id
            from {records} as records join ({names}) as names using (identity_key)
            left join address using (identity_key)"""
    )


class Pairing:
    """Finds the pairs of one build. Leaves `pairs` in the workspace, and block keys and pairs in the set."""

    def __init__(
        self,
        postgres: psycopg.Connection,
        duck: duckdb.DuckDBPyConnection,
        places: Places,
        variants: Mapping[str, str],
    ) -> None:
        self._pg, self._duck, self._places = postgres, duck, places
        self._names = Names(variants)

    def of_all(self) -> None:
        """The pairs of all records; needs what `Resolution.link` leaves in the workspace."""
        make_persons(self._duck, "node", "claims", NAMES, "persons")
        blocking_keys(self._duck, "persons", "keys", "prints")
        self._push("select identity_key, block from keys", "block_keys")
        self._push("select identity_key, print from prints", "prints")
        cap = shipped().block_cap
        crowded = f"select block from keys group by block having count(*) > {cap}"
        self._push(crowded, "crowded_blocks")
        self._score("select identity_key from thin", keys="keys")
        self._push(f"select {_PAIR} from pairs", "pairs")

    def of_affected(self) -> bool:
        """The pairs of records that are compared by something else now, or came to be thin or ceased to be; needs
        `held`, the membership of the affected as it was. `affected` grows by whomever other pairs link to them now, or
        did before. Returns whether it grew: then records, claims and membership have to be pulled again."""
        make_persons(self._duck, "node", "claims", NAMES, "persons")
        self._replace_blocks()
        self._find_paired()
        self._pull_mates()
        self._score(
            "select identity_key from thin union all select identity_key from mates where is_thin",
            crowded="crowded_block",
            among="paired",
        )
        self._pg.execute(
            compose(
                self._places,
                """create temp table partners on commit drop as
                   with gone as (
                       delete from {pairs} where left_key in (select identity_key from paired)
                           or right_key in (select identity_key from paired)
                       returning left_key, right_key, verdict)
                   select unnest(array[left_key, right_key]) as identity_key from gone where verdict = 'accepted'""",
            )
        )
        self._push(f"select {_PAIR} from pairs", "pairs")
        accepted = "select unnest([left_key, right_key]) from pairs where verdict = 'accepted'"
        push(self._duck, accepted, self._pg, sql.Identifier("partners"))
        grown = self._pg.execute(
            compose(
                self._places,
                """insert into affected
                   select partners.identity_key from partners
                   union
                   select member.identity_key from {membership} as member
                   where member.component in (
                       select known.component from {membership} as known join partners using (identity_key))
                   on conflict do nothing""",
            )
        ).rowcount
        return grown > 0

    def pull(self) -> None:
        """All pairs of the affected records into the workspace."""
        pull(
            self._pg,
            compose(
                self._places,
                """select {columns} from {pairs} as pairs
                   where left_key in (select identity_key from affected)
                       or right_key in (select identity_key from affected)""",
                columns=sql.SQL(_PAIR),
            ),
            self._duck,
            "pairs",
            PAIRS,
        )

    def _score(
        self, thin: str, *, keys: str | None = None, crowded: str | None = None, among: str | None = None
    ) -> None:
        duck = self._duck
        duck.execute(f"create or replace table thin_person as select * from persons where identity_key in ({thin})")
        probable_pairs(
            duck, "thin_person", "persons", "pairs", names=self._names, keys=keys, crowded=crowded, among=among
        )

    def _push(self, query: str, table: str) -> None:
        push(self._duck, query, self._pg, self._places.table(table))

    # --- what a night has to score again ---
    def _replace_blocks(self) -> None:
        """Put the block keys of the touched records in the place of those that they had. Makes `reprinted`, the touched
        records that are compared by something else now, and `touched_blocks` (block, was_crowded, is_crowded) of those
        that one of them got or lost."""
        pull(self._pg, sql.SQL("select identity_key from touched"), self._duck, "touched", {"identity_key": "text"})
        self._duck.execute(
            "create or replace table touched_person as select persons.* from persons join touched using (identity_key)"
        )
        blocking_keys(self._duck, "touched_person", "keys", "prints")
        self._pg.execute(
            compose(
                self._places,
                """create temp table fresh_blocks (like {block_keys}) on commit drop;
                   create temp table fresh_prints (like {prints}) on commit drop""",
            )
        )
        push(self._duck, "select identity_key, block from keys", self._pg, sql.Identifier("fresh_blocks"))
        push(self._duck, "select identity_key, print from prints", self._pg, sql.Identifier("fresh_prints"))
        for statement in _REPLACE_BLOCKS:
            self._pg.execute(compose(self._places, statement))
        cap = sql.Literal(shipped().block_cap)
        self._pg.execute(
            compose(
                self._places,
                """update touched_blocks set is_crowded = (
                       select count(*) > {cap} from (
                           select from {block_keys} as held where held.block = touched_blocks.block
                           limit {cap} + 1) as counted)""",
                cap=cap,
            )
        )
        self._pg.execute(
            compose(
                self._places,
                "delete from {crowded_blocks} where block in (select block from touched_blocks where not is_crowded)",
            )
        )
        self._pg.execute(
            compose(
                self._places,
                """insert into {crowded_blocks}
                   select block from touched_blocks where is_crowded and not was_crowded""",
            )
        )

    def _find_paired(self) -> None:
        """Make `paired`: reprinted records, those that came to be thin or ceased to be, and those whose key came to
        compare nobody, or compares again."""
        self._pg.execute("create temp table paired (identity_key text) on commit drop")
        thinned = """select held.identity_key from held left join thin using (identity_key)
                     where held.is_thin <> (thin.identity_key is not null)"""
        push(self._duck, thinned, self._pg, sql.Identifier("paired"))
        self._pg.execute(
            compose(
                self._places,
                """insert into paired
                   select identity_key from reprinted
                   union
                   select held.identity_key from {block_keys} as held join touched_blocks using (block)
                   where touched_blocks.is_crowded <> touched_blocks.was_crowded
                   order by identity_key""",
            )
        )
        self._pg.execute("create index on paired (identity_key)")
        self._pg.execute("analyze paired")
        pull(self._pg, sql.SQL("select identity_key from paired"), self._duck, "paired", {"identity_key": "text"})

    def _pull_mates(self) -> None:
        """Leave in `persons` the paired records and those who may make a pair with one of them, affected or not. Makes
        `mates` of those that are not affected (identity_key, is_thin), and `crowded_block`."""
        self._find_mates()
        columns = {**RECORDS, **HOMES}
        pull(
            self._pg,
            compose(
                self._places,
                "select {columns} from {identities} as identity join mates using (identity_key)",
                columns=sql.SQL(", ").join(sql.Identifier("identity", name) for name in columns),
            ),
            self._duck,
            "mate_records",
            columns,
        )
        claims = {"identity_key": "text", "kind": "text", "value": "text", "rule": "text", "blocked_because": "text"}
        pull(
            self._pg,
            compose(
                self._places,
                """select {columns} from {claims} as claims join mates using (identity_key)
                   where claims.kind <> 'record'""",
                columns=sql.SQL(", ").join(sql.Identifier("claims", name) for name in claims),
            ),
            self._duck,
            "mate_claims",
            claims,
        )
        parse_names(self._duck, "mate_records", "identity_key", "mate_name")
        make_persons(self._duck, "mate_records", "mate_claims", "select * from mate_name", "mate_persons")
        self._duck.execute("insert into persons select * from mate_persons")
        block = {"block": "bigint"}
        pull(self._pg, compose(self._places, "select block from {crowded_blocks}"), self._duck, "crowded_block", block)

    def _find_mates(self) -> None:
        """Make `mates`. Where a paired record is not thin, only who is thin makes a pair with it."""
        self._pg.execute("create temp table thin_paired (identity_key text) on commit drop")
        thin = "select identity_key from paired join thin using (identity_key)"
        push(self._duck, thin, self._pg, sql.Identifier("thin_paired"))
        for statement in _FIND_MATES:
            self._pg.execute(compose(self._places, statement))
        near = sql.SQL("select identity_key from near")
        pull(self._pg, near, self._duck, "near", {"identity_key": "text"})
        self._duck.execute("delete from persons where identity_key not in (select identity_key from near)")
        mates = {"identity_key": "text", "is_thin": "boolean"}
        pull(self._pg, sql.SQL("select identity_key, is_thin from mates"), self._duck, "mates", mates)
