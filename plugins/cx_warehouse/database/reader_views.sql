-- Carries readers' own views over marts across a switch. A view is stored against the tables themselves, not their
-- names: once marts is renamed, it would go on reading the former night, and next night's build would take it down.
-- So the publisher records definitions by name before the switch and creates them again after it.
--
-- Only the database's administrator may replace other people's views, hence functions that run with its rights
-- (security definer). They take no input from their caller, and execute only what Postgres itself wrote down for a
-- view that stood. Run by the administrator after schema.sql. Idempotent.

create table if not exists ops.reader_views (
    view_schema name not null,
    view_name name not null,
    kind text not null check (kind in ('view', 'materialized view')),
    reads_marts boolean not null,
    depth integer not null,
    definition text not null,
    options text[],
    owner name not null,
    grants jsonb not null default '[]',
    comments jsonb not null default '[]',
    is_standing boolean not null default true,
    error text,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (view_schema, view_name)
);
comment on table ops.reader_views is
    'Readers'' own views over marts, as they stood at the last switch; those that no longer fit the marts wait here, with the reason.';
comment on column ops.reader_views.reads_marts is 'It reads a mart itself, not only through another view.';
comment on column ops.reader_views.depth is 'The longest way to a mart: 1 reads marts only, 2 a view that does, and so on.';
comment on column ops.reader_views.is_standing is 'False: it did not fit the marts and was taken down; every later switch tries again.';


create or replace function ops.record_reader_views() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- A view that its owner dropped is forgotten; one that a switch took down is kept, unless its owner made a new one.
    delete from ops.reader_views
    where is_standing
        or to_regclass(format('%I.%I', view_schema, view_name)) is not null
        or to_regnamespace(quote_ident(view_schema)) is null;

    insert into ops.reader_views (
        view_schema, view_name, kind, reads_marts, depth, definition, options, owner, grants, comments, error)
    with recursive dependents (oid, depth) as (
        select rule.ev_class, 1
        from pg_class as mart
        join pg_namespace as space on space.oid = mart.relnamespace
        join pg_depend as link on link.refclassid = 'pg_class'::regclass and link.refobjid = mart.oid
        join pg_rewrite as rule on link.classid = 'pg_rewrite'::regclass and link.objid = rule.oid
        where space.nspname = 'marts' or starts_with(space.nspname, 'marts_')
        union
        select rule.ev_class, dependents.depth + 1
        from dependents
        join pg_depend as link on link.refclassid = 'pg_class'::regclass and link.refobjid = dependents.oid
        join pg_rewrite as rule on link.classid = 'pg_rewrite'::regclass and link.objid = rule.oid
        where rule.ev_class <> dependents.oid
    )
    select
        space.nspname, view.relname, case view.relkind when 'v' then 'view' else 'materialized view' end,
        min(dependents.depth) = 1, max(dependents.depth), pg_get_viewdef(view.oid), view.reloptions,
        pg_get_userbyid(view.relowner),
        coalesce((
            select jsonb_agg(jsonb_build_object(
                'to', case when granted.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(granted.grantee)) end,
                'privilege', granted.privilege_type, 'grantable', granted.is_grantable))
            from aclexplode(view.relacl) as granted where granted.grantee <> view.relowner), '[]'),
        coalesce((
            select jsonb_agg(jsonb_build_object('column', attribute.attname, 'text', note.description))
            from pg_description as note
            left join pg_attribute as attribute
                on attribute.attrelid = view.oid and attribute.attnum = note.objsubid and note.objsubid > 0
            where note.classoid = 'pg_class'::regclass and note.objoid = view.oid), '[]'),
        -- Filling it again could take minutes, under the locks of the switch.
        case when view.relkind = 'm' then 'a materialized view cannot be carried: it goes with the night it was made from' end
    from dependents
    join pg_class as view on view.oid = dependents.oid
    join pg_namespace as space on space.oid = view.relnamespace
    where view.relkind in ('v', 'm') and view.relpersistence = 'p'
        and space.nspname !~ '^(marts|candidate|previous)(_|$)'
    group by view.oid, space.nspname, view.relname, view.reloptions, view.relowner, view.relacl, view.relkind;
end
$$;


-- Create one recorded view where none stands, with its owner, grants and comments.
create or replace function ops.restore_reader_view(kept ops.reader_views) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    name constant text := format('%I.%I', kept.view_schema, kept.view_name);
    entry jsonb;
begin
    execute format('create view %s %s as %s', name, ops.reader_view_options(kept), kept.definition);
    for entry in select value from jsonb_array_elements(kept.comments) loop
        if entry ->> 'column' is null then
            execute format('comment on view %s is %L', name, entry ->> 'text');
        else
            execute format('comment on column %s.%I is %L', name, entry ->> 'column', entry ->> 'text');
        end if;
    end loop;
    execute format('alter view %s owner to %I', name, kept.owner);
    for entry in select value from jsonb_array_elements(kept.grants) loop
        execute format('grant %s on %s to %s %s', entry ->> 'privilege', name, entry ->> 'to',
            case when (entry ->> 'grantable')::boolean then 'with grant option' end);
    end loop;
end
$$;


create or replace function ops.reader_view_options(kept ops.reader_views) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select case when cardinality(kept.options) > 0 then 'with (' || array_to_string(kept.options, ', ') || ')' else '' end
$$;


create or replace function ops.carry_reader_views() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    kept ops.reader_views;
    dependent ops.reader_views;
    name text;
begin
    -- Standing views that read marts itself: replaced in place, so that what is built on them stays too.
    for kept in
        select * from ops.reader_views where is_standing and reads_marts and kind = 'view' order by depth, view_schema, view_name
    loop
        name := format('%I.%I', kept.view_schema, kept.view_name);
        continue when to_regclass(name) is null;  -- went down with one that it reads
        begin
            execute format('create or replace view %s %s as %s', name, ops.reader_view_options(kept), kept.definition);
        exception
            when lock_not_available or query_canceled or deadlock_detected then
                raise;  -- a reader is in the way: the whole switch is tried again
            when others then
                -- The mart changed (a column's type, a column gone). What stands reads the former night, so it must
                -- not stay; it is created anew below, if it still fits.
                begin
                    execute format('drop view %s cascade', name);
                    update ops.reader_views as gone set is_standing = false, error = sqlerrm
                    where to_regclass(format('%I.%I', gone.view_schema, gone.view_name)) is null;
                exception when insufficient_privilege then
                    update ops.reader_views as stale set error = sqlerrm
                    where (stale.view_schema, stale.view_name) = (kept.view_schema, kept.view_name);
                end;
        end;
    end loop;
    for dependent in select * from ops.reader_views where not is_standing and kind = 'view' order by depth, view_schema, view_name loop
        begin
            perform ops.restore_reader_view(dependent);
            update ops.reader_views as back set is_standing = true, error = null
            where (back.view_schema, back.view_name) = (dependent.view_schema, dependent.view_name);
        exception
            when lock_not_available or query_canceled or deadlock_detected then
                raise;
            when others then
                update ops.reader_views as waiting set error = sqlerrm
                where (waiting.view_schema, waiting.view_name) = (dependent.view_schema, dependent.view_name);
        end;
    end loop;
end
$$;

revoke all on function ops.record_reader_views(), ops.carry_reader_views(),
    ops.restore_reader_view(ops.reader_views), ops.reader_view_options(ops.reader_views) from public;
