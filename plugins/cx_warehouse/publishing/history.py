"""What readers were told of who is who, night after night: written in the transaction that tells them."""

from __future__ import annotations

import psycopg
from psycopg import sql


def record_identities(connection: psycopg.Connection, name: str, build_number: int, *, full: bool) -> None:
    """Bring ops.customer_identities up to what the set `name` says, as of its night.

    Unless `full`, only those are compared that the set's build changed, and those that were recorded by the build
    before: a set is two nights old, so what the night between changed and this one changed back is among these."""
    if connection.execute("select to_regclass(%s)", [f"{name}_identity.membership"]).fetchone() == (None,):
        return
    member = sql.Identifier(f"{name}_identity", "membership")
    changes = sql.Identifier(f"{name}_identity", "changes")
    statement = (
        "create temp table told on commit drop as select identity_key from {member}"
        " union select identity_key from ops.customer_identities where valid_to is null"
        if full
        else """create temp table told on commit drop as
            select identity_key from {member} where build_number = {build}
            union select identity_key from {changes}
            union select identity_key from ops.customer_identities
            where from_build >= (select coalesce(max(build_number), 0) from ops.publications
                                 where build_number < {build})"""
    )
    build = sql.Literal(build_number)
    connection.execute("drop table if exists told")
    connection.execute(sql.SQL(statement).format(member=member, changes=changes, build=build))
    connection.execute("analyze told")
    connection.execute(
        sql.SQL(
            """update ops.customer_identities as spell
               set valid_to = (select as_of from ops.builds where build_number = {build}), to_build = {build}
               from told
               where told.identity_key = spell.identity_key and spell.valid_to is null
                   and not exists (
                       select 1 from {member} as member
                       where member.identity_key = spell.identity_key and member.customer_key = spell.customer_key)"""
        ).format(member=member, build=build)
    )
    connection.execute(
        sql.SQL(
            """insert into ops.customer_identities
                   (identity_key, customer_key, rule, linked_to, valid_from, from_build)
               select member.identity_key, member.customer_key, member.rule, member.linked_to, build.as_of, {build}
               from told join {member} as member using (identity_key)
               join ops.builds as build on build.build_number = {build}
               where member.customer_key is not null
                   and not exists (
                       select 1 from ops.customer_identities as spell
                       where spell.identity_key = member.identity_key and spell.valid_to is null)"""
        ).format(member=member, build=build)
    )
