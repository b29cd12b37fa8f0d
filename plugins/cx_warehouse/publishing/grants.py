"""Who may read a set, asserted rather than hoped for: everything is taken away, the list is granted, the
effect checked."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from cx_warehouse.publishing.published import READERS, PublishedTable
from cx_warehouse.publishing.sets import LAYERS, PublishError

_READABLE = "('r', 'p', 'v', 'm', 'f')"  # whatever can be selected from


def close_set(connection: psycopg.Connection, name: str) -> None:
    """Take every privilege on the set away from everyone but the owners."""
    schemas = [name + layer for layer in LAYERS]
    for schema, grantee in connection.execute(
        """select distinct space.nspname, granted.grantee::regrole::text
           from pg_namespace as space, aclexplode(space.nspacl) as granted
           where space.nspname = any(%s) and granted.grantee not in (0, space.nspowner)
           union select nspname, 'public' from pg_namespace where nspname = any(%s)""",
        [schemas, schemas],
    ).fetchall():
        connection.execute(
            sql.SQL("revoke all on schema {} from {} cascade").format(sql.Identifier(schema), sql.SQL(grantee))
        )
    for schema, relation, grantee in connection.execute(
        """select distinct space.nspname, relation.relname,
               case granted.grantee when 0 then 'public' else granted.grantee::regrole::text end
           from pg_class as relation
           join pg_namespace as space on space.oid = relation.relnamespace
           cross join lateral (
               select grantee from aclexplode(relation.relacl)
               union all
               select column_grant.grantee
               from pg_attribute as attribute, aclexplode(attribute.attacl) as column_grant
               where attribute.attrelid = relation.oid) as granted
           where space.nspname = any(%s) and granted.grantee <> relation.relowner""",
        [schemas],
    ).fetchall():
        connection.execute(
            sql.SQL("revoke all on {} from {} cascade").format(sql.Identifier(schema, relation), sql.SQL(grantee))
        )


def open_set(connection: psycopg.Connection, name: str, tables: Sequence[PublishedTable]) -> None:
    """Grant exactly the listed tables, as far as the set has them, and check what the readers' roles can
    do by it."""
    close_set(connection, name)
    connection.execute(
        sql.SQL("grant usage on schema {} to {}").format(
            sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, READERS))
        )
    )
    standing = relations(connection, name)
    granted = set()
    for table in tables:
        if table.name in standing:
            connection.execute(
                sql.SQL("grant select on {} to {}").format(
                    sql.Identifier(name, table.name), sql.SQL(", ").join(map(sql.Identifier, table.readers))
                )
            )
            granted |= {(role, f"{name}.{table.name}") for role in table.readers}
    _assert_effect(connection, name, granted)


def assert_published_whole(connection: psycopg.Connection, name: str, tables: Sequence[PublishedTable]) -> None:
    """Raise PublishError, naming all that lack, unless the set has every listed table, and each table and
    column says what it is."""
    standing = relations(connection, name)
    missing = [table.name for table in tables if table.name not in standing]
    if missing:
        raise PublishError(f"tables to publish were not built: {', '.join(missing)}")
    silent = connection.execute(
        f"""select relation.relname || coalesce('.' || attribute.attname, '')
            from pg_class as relation
            join pg_namespace as space on space.oid = relation.relnamespace
            cross join lateral (
                select 0 as attnum, null::name as attname
                union all
                select attnum, attname from pg_attribute
                where attrelid = relation.oid and attnum > 0 and not attisdropped) as attribute
            left join pg_description as note on note.classoid = 'pg_class'::regclass
                and note.objoid = relation.oid and note.objsubid = attribute.attnum
            where space.nspname = %s and relation.relname = any(%s) and relation.relkind in {_READABLE}
                and coalesce(trim(note.description), '') = ''
            order by 1""",
        [name, [table.name for table in tables]],
    ).fetchall()
    if silent:
        raise PublishError(f"published without a comment in the database: {', '.join(row[0] for row in silent)}")


def relations(connection: psycopg.Connection, schema: str) -> list[str]:
    """The names of the tables and views in a schema."""
    return [
        row[0]
        for row in connection.execute(
            f"""select relname from pg_class
            where relnamespace = to_regnamespace(%s) and relkind in {_READABLE} order by 1""",
            [schema],
        )
    ]


def _assert_effect(connection: psycopg.Connection, name: str, granted: set[tuple[str, str]]) -> None:
    found = connection.execute(
        f"""select role.rolname, space.nspname || '.' || relation.relname,
                has_any_column_privilege(role.oid, relation.oid, 'select'),
                has_any_column_privilege(role.oid, relation.oid, 'insert, update')
                    or has_table_privilege(role.oid, relation.oid, 'delete, truncate')
            from pg_roles as role, pg_class as relation
            join pg_namespace as space on space.oid = relation.relnamespace
            where role.rolname = any(%s) and space.nspname = any(%s) and relation.relkind in {_READABLE}""",
        [list(READERS), [name + layer for layer in LAYERS]],
    ).fetchall()
    readable = {(role, relation) for role, relation, may_read, _ in found if may_read}
    too_much = sorted(f"{role} on {relation}" for role, relation in readable - granted)
    too_much += sorted(f"{role} may write {relation}" for role, relation, _, may_write in found if may_write)
    if too_much:
        raise PublishError(
            "readers' roles may do more than is published, by a membership of theirs: " + ", ".join(too_much)
        )
    if granted - readable:
        raise PublishError(f"grants without effect: {sorted(granted - readable)}")
