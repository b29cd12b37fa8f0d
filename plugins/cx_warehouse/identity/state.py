"""What a set knows of identities from the build before, and which of it a build has to look at again.

Everything is a function of the evidence: two identities bear on each other only through an identifier that both claim,
a probable pair, or somebody's decision. `component` is the closure of that, so what changed reaches exactly the
components it touches."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from cx_warehouse.database.state import make_missing
from cx_warehouse.identity.settings import Settings

INDEXES = {
    "claims": ("(identity_key)", "(value, kind) where value is not null and blocked_because is null"),
    "crowded": ("(value, kind)",),
    "prints": ("(identity_key)",),
    "block_keys": ("(identity_key)", "(block)"),
    "crowded_blocks": ("(block)",),
    "pairs": ("(left_key)", "(right_key)"),
    "membership": ("(identity_key)", "(component)", "(customer_key)", "(build_number)"),
    "suspects": ("(component)",),
}
TABLES = (*INDEXES, "changes", "decisions", "basis")
# An employee takes part only as somebody who asked for help.
TAKES_PART = """(not identity.is_agent or exists (
    select 1 from {tickets} as ticket where ticket.requester_key = identity.identity_key and not ticket.is_deleted))"""
_SAME_CLAIM = sql.SQL(
    """(fresh.origin, fresh.kind, fresh.value, fresh.rule, fresh.claimed_at, fresh.blocked_because) is not distinct from
       (replaced.origin, replaced.kind, replaced.value, replaced.rule, replaced.claimed_at, replaced.blocked_because)"""
)


@dataclass(frozen=True)
class Places:
    """The schemas of the set that is being built: `candidate` unless told otherwise."""

    target: str = "candidate"

    def table(self, name: str) -> sql.Identifier:
        """A table of identity's own."""
        return sql.Identifier(f"{self.target}_identity", name)

    def model(self, name: str) -> sql.Identifier:
        """A model of dbt's intermediate layer."""
        return sql.Identifier(f"{self.target}_intermediate", name)

    @property
    def settings(self) -> str:
        """The schema of the seeds."""
        return f"{self.target}_settings"


def create_state(connection: psycopg.Connection, places: Places) -> None:
    """Make the tables that are not there yet."""
    make_missing(connection, "cx_warehouse.identity", f"{places.target}_identity", TABLES)


def compose(places: Places, statement: str, **parts: sql.Composable) -> sql.Composed:
    """A statement in which {claims}, {identities} and their like are the set's tables."""
    own = {name: places.table(name) for name in TABLES}
    models = {
        "identities": places.model("int_person__identities"),
        "stated": places.model("int_person__claims"),
        "tickets": places.model("int_ticket__tickets"),
    }
    return sql.SQL(statement).format(**own, **models, **parts)


def is_basis(connection: psycopg.Connection, places: Places, fingerprint: str) -> bool:
    """Whether the set was resolved by these settings."""
    return connection.execute(compose(places, "select fingerprint from {basis}")).fetchall() == [(fingerprint,)]


def empty_state(connection: psycopg.Connection, places: Places) -> None:
    """Forget all but who is whose, and the changes; drop the indexes, which are made again when all is in."""
    for table, indexes in INDEXES.items():
        for number in range(len(indexes)):
            connection.execute(
                sql.SQL("drop index if exists {}").format(
                    sql.Identifier(f"{places.target}_identity", f"{table}_{number}")
                )
            )
        if table != "membership":
            connection.execute(sql.SQL("truncate {}").format(places.table(table)))


def make_indexes(connection: psycopg.Connection, places: Places) -> None:
    """Make the indexes once all is in."""
    for table, indexes in INDEXES.items():
        for number, columns in enumerate(indexes):
            connection.execute(
                sql.SQL("create index if not exists {} on {} ").format(
                    sql.Identifier(f"{table}_{number}"), places.table(table)
                )
                + sql.SQL(columns)
            )
        connection.execute(sql.SQL("analyze {}").format(places.table(table)))


def note_basis(connection: psycopg.Connection, places: Places, settings: Settings, fingerprint: str) -> None:
    """Record what the set was resolved with."""
    connection.execute(compose(places, "truncate {basis}, {decisions}"))
    connection.execute(compose(places, "insert into {basis} values (%s)"), [fingerprint])
    with connection.cursor() as cursor:
        cursor.executemany(
            compose(places, "insert into {decisions} values (%s, %s, %s, %s)"),
            [(o.left, o.right, o.link, o.decided_at) for o in settings.overrides],
        )


# --- what a build has to look at again ---
# What is looked up in tables of millions is listed in the order of their index: where they do not lie in memory, that
# takes four sevenths of the time.
def find_touched(connection: psycopg.Connection, places: Places, settings: Settings, build_number: int) -> None:
    """Make `touched` (identity_key, is_changed): identities whose record changed, whose claims did, whom a new or
    withdrawn decision names; and every agent, who takes part only as somebody who asked for help."""
    decided = {(o.left, o.right, o.link, o.decided_at) for o in settings.overrides}
    known = set(connection.execute(compose(places, "select * from {decisions}")).fetchall())
    named = sorted({key for row in decided ^ known for key in row[:2]})
    connection.execute(
        compose(
            places,
            """create temp table touched on commit drop as
               with named as (
                   select identity_key, build_number = {build} as is_changed
                   from {identities} where build_number = {build} or is_agent
                   union all select identity_key, false from {stated} where build_number = {build}
                   union all select unnest({named}::text[]), false
               )
               select identity_key, bool_or(is_changed) as is_changed from named group by identity_key
               order by identity_key""",
            build=sql.Literal(build_number),
            named=sql.Literal(named),
        )
    )
    connection.execute("create index on touched (identity_key)")
    connection.execute("analyze touched")


def replace_claims(connection: psycopg.Connection, places: Places) -> None:
    """Put the temporary table `fresh_claims` in the place of what it replaces, and make `touched_values`: every
    identifier that was or is claimed by a touched identity.

    A changed record's own claims are replaced even by none, its history and ticket by what came; merges only add. Rows
    that stay as they are are not written: most of a changed record's claims are what they were."""
    connection.execute(
        compose(
            places,
            """create temp table held_claims on commit drop as
               select claims.ctid as row_id, claims.*, touched.is_changed
               from {claims} as claims join touched using (identity_key)""",
        )
    )
    connection.execute("analyze held_claims")
    connection.execute(
        """create temp table replaced on commit drop as
           select * from held_claims as held
           where (held.origin = 'record' and held.is_changed)
               or (held.origin in ('history', 'ticket')
                   and (held.identity_key, held.origin) in (select identity_key, origin from fresh_claims))
               or (held.origin = 'merge' and (held.identity_key, held.value) in (
                       select identity_key, value from fresh_claims where origin = 'merge'))"""
    )
    connection.execute("analyze replaced")
    connection.execute(
        sql.SQL(
            """create temp table lost_claims on commit drop as
               select row_id from replaced where not exists (
                   select from fresh_claims as fresh where fresh.identity_key = replaced.identity_key and {same})"""
        ).format(same=_SAME_CLAIM)
    )
    connection.execute(
        sql.SQL(
            """create temp table new_claims on commit drop as
               select * from fresh_claims as fresh where not exists (
                   select from replaced where replaced.identity_key = fresh.identity_key and {same})"""
        ).format(same=_SAME_CLAIM)
    )
    connection.execute(compose(places, "delete from {claims} where ctid in (select row_id from lost_claims)"))
    connection.execute(compose(places, "insert into {claims} select * from new_claims"))
    connection.execute(
        """create temp table touched_values on commit drop as
           select kind, value from held_claims where value is not null and blocked_because is null
           union
           select kind, value from new_claims where value is not null and blocked_because is null
           order by value, kind"""
    )
    connection.execute("analyze touched_values")


def recount_crowded(connection: psycopg.Connection, places: Places, settings: Settings) -> None:
    """Count again how many records share each touched identifier. Makes `crowded_before`: those of them that too many
    shared until now."""
    connection.execute(
        compose(
            places,
            """create temp table crowded_before on commit drop as
               select crowded.kind, crowded.value from {crowded} as crowded join touched_values using (kind, value)""",
        )
    )
    connection.execute(
        compose(
            places, "delete from {crowded} as c using touched_values as t where c.kind = t.kind and c.value = t.value"
        )
    )
    # claims first, since hardly an identifier has so many: whose they are is asked of the others only
    connection.execute(
        compose(
            places,
            """insert into {crowded}
               with often as materialized (
                   select claims.kind, claims.value, allowed.records
                   from touched_values join {claims} as claims using (kind, value)
                   join unnest({kinds}::text[], {limits}::bigint[]) as allowed (kind, records)
                       on allowed.kind = claims.kind
                   where claims.blocked_because is null
                   group by claims.kind, claims.value, allowed.records
                   having count(*) > allowed.records
               )
               select claims.kind, claims.value, count(distinct identity.identity_key),
                      min(identity.identity_key collate "C"), max(identity.identity_key collate "C"),
                      max(claims.claimed_at)
               from often join {claims} as claims using (kind, value)
               join {identities} as identity using (identity_key)
               where claims.blocked_because is null and identity.kind in ('crm_contact', 'helpdesk_user')
                   and """
            + TAKES_PART
            + """
               group by claims.kind, claims.value, often.records
               having count(distinct identity.identity_key) > often.records""",
            kinds=sql.Literal(list(settings.limits())),
            limits=sql.Literal(list(settings.limits().values())),
        )
    )


def find_affected(connection: psycopg.Connection, places: Places) -> None:
    """Make `affected`: the touched identities, all that share an identifier with them, and the components of these.

    Who shared an identifier with a touched identity before is in its component. So claims are asked only for
    identifiers that are new to somebody touched, or of somebody who took no part until now, or that link again; those
    that no longer link, since a new claim is one too many, are among the new ones."""
    connection.execute(
        compose(
            places,
            """create temp table touched_components on commit drop as
               select touched.identity_key, member.component
               from touched left join {membership} as member using (identity_key)""",
        )
    )
    connection.execute(
        compose(
            places,
            """create temp table linking_values on commit drop as
               (select kind, value from new_claims where value is not null and blocked_because is null
                union
                select held.kind, held.value
                from held_claims as held join touched_components as touched using (identity_key)
                where touched.component is null and held.value is not null and held.blocked_because is null
                union
                select kind, value from crowded_before)
               except (select kind, value from crowded_before intersect select kind, value from {crowded})
               order by value, kind""",
        )
    )
    connection.execute("analyze linking_values")
    connection.execute(
        compose(
            places,
            """create temp table sharing on commit drop as
               select claims.identity_key from {claims} as claims join linking_values using (kind, value)
               where claims.blocked_because is null
               except select identity_key from touched
               order by identity_key""",
        )
    )
    connection.execute("analyze sharing")
    connection.execute(
        compose(
            places,
            """create temp table affected_components on commit drop as
               select component from touched_components where component is not null
               union
               select member.component from {membership} as member join sharing using (identity_key)
               order by component""",
        )
    )
    connection.execute("analyze affected_components")
    connection.execute(
        compose(
            places,
            """create temp table affected on commit drop as
               select identity_key from touched
               union
               select identity_key from sharing
               union
               select member.identity_key from {membership} as member join affected_components using (component)
               order by identity_key""",
        )
    )
    connection.execute("create unique index on affected (identity_key)")
    connection.execute("analyze affected")
