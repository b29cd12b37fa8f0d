-- The six roles, and exactly what each may do. Idempotent: run by the database's administrator, last.
--
--   cx_loader      appends to raw_*, keeps the account of what it read           never sees a mart
--   cx_builder     reads raw_* and ops, owns what it builds in candidate*        cannot reach what is published
--   cx_publisher   owns the schemas of every set, is a member of cx_builder      the only one that switches sets
--   cx_reader      reads the published tables without personal data
--   cx_reader_pii  reads the published tables
--   cx_eraser      removes a person from raw, every set and ops; a member of cx_publisher, whose sets it cleans
--
-- No passwords here: how a role logs in is the server's affair. What readers may read is granted by publishing, table
-- by table. The schemas belong to the publisher and the tables in them to the builder, so a builder loses its hold on
-- a set when publishing takes its USAGE away.

do $$
declare
    wanted text;
begin
    foreach wanted in array array[
        'cx_loader', 'cx_builder', 'cx_publisher', 'cx_reader', 'cx_reader_pii', 'cx_eraser'] loop
        begin
            if to_regrole(wanted) is null then
                execute format('create role %I login', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null;  -- roles belong to the whole server: another database's bootstrap made it just now
        end;
    end loop;
    -- A member: it may comment, grant on and drop what the builder made.
    if not pg_has_role('cx_publisher', 'cx_builder', 'member') then
        grant cx_builder to cx_publisher;
    end if;
    -- Tables of sets belong to the builder, their schemas to the publisher: only their members may clean them.
    if not pg_has_role('cx_eraser', 'cx_publisher', 'member') then
        grant cx_publisher to cx_eraser;
    end if;
    -- So that a reader who keeps a transaction open for long can be ended instead of holding up the night.
    begin
        if not pg_has_role('cx_publisher', 'pg_signal_backend', 'member') then
            grant pg_signal_backend to cx_publisher;
        end if;
    exception when insufficient_privilege then
        raise notice 'cx_publisher cannot end sessions here; a publish past its patience switches beside them';
    end;
end
$$;

-- The database: nobody but these roles (and roles that an administrator makes members of them).
do $$
declare
    here constant text := quote_ident(current_database());
    reader text;
begin
    execute format('revoke all on database %s from public', here);
    execute format('grant connect on database %s to cx_loader, cx_builder, cx_publisher, cx_reader, cx_reader_pii, cx_eraser',
        here);
    execute format('grant temporary on database %s to cx_loader, cx_builder, cx_eraser', here);
    execute format('grant create on database %s to cx_publisher', here);  -- renaming a schema asks for it
    revoke create on schema public from public;
    -- compiling a model's statement costs a second or more and saves less: every model is a statement of its own
    execute format('alter role cx_builder in database %s set jit = off', here);
    foreach reader in array array['cx_reader', 'cx_reader_pii'] loop
        execute format('alter role %I in database %s set search_path = marts', reader, here);
        execute format('alter role %I in database %s set statement_timeout = ''30min''', reader, here);
        execute format('alter role %I in database %s set idle_in_transaction_session_timeout = ''5min''', reader, here);
    end loop;
end
$$;

-- Raw: the loader appends and never changes a version; the builder reads.
do $$
declare
    raw record;
begin
    for raw in select quote_ident(nspname) as name from pg_namespace where starts_with(nspname, 'raw_') loop
        execute format('revoke all on schema %s from public', raw.name);
        execute format('grant usage on schema %s to cx_loader, cx_builder', raw.name);
        execute format('grant select, insert on all tables in schema %s to cx_loader', raw.name);
        execute format('grant select on all tables in schema %s to cx_builder', raw.name);
        execute format('grant usage on schema %s to cx_eraser', raw.name);
        execute format('grant select, update, delete on all tables in schema %s to cx_eraser', raw.name);
        execute format('grant select on all sequences in schema %s to cx_builder', raw.name);  -- to freeze a build
    end loop;
    -- A record that is refused again is counted on its first row.
    for raw in
        select format('%I.quarantine', nspname) as name from pg_namespace
        where starts_with(nspname, 'raw_') and to_regclass(format('%I.quarantine', nspname)) is not null
    loop
        execute format('grant update on %s to cx_loader', raw.name);
    end loop;
end
$$;

-- Ops: each role writes what it keeps the account of, and nothing else.
revoke all on schema ops from public;
revoke all on all tables in schema ops
    from public, cx_loader, cx_builder, cx_publisher, cx_reader, cx_reader_pii, cx_eraser;
grant usage on schema ops to cx_loader, cx_builder, cx_publisher, cx_reader, cx_reader_pii, cx_eraser;
grant select on all tables in schema ops to cx_builder, cx_publisher;
revoke all on ops.tokens, ops.erasure_work from cx_builder, cx_publisher;

grant select, update, delete on all tables in schema ops to cx_eraser;
revoke all on ops.tokens, ops.reader_views from cx_eraser;
grant insert on ops.erasures, ops.erasure_work, ops.erasure_tombstones to cx_eraser;
grant execute on function ops.forget_statistics(name, name) to cx_eraser;
grant select on ops.erasure_tombstones to cx_loader;

grant select, insert, update on ops.nights, ops.ingest_runs, ops.cursors to cx_loader;
grant select, insert, update, delete on ops.night_sources, ops.walk_keys, ops.recheck_keys to cx_loader;
grant select, insert, update on ops.stream_fields, ops.dry_runs, ops.reconciliations to cx_loader;
grant select, insert on ops.schema_changes to cx_loader;
grant select, insert, update on ops.request_budgets to cx_loader;
grant select, insert, update, delete on ops.tokens to cx_loader;
grant select on ops.builds to cx_loader;  -- whether a night is built yet

grant insert, update on ops.nights, ops.builds to cx_builder;
grant insert, update, delete on ops.night_sources to cx_builder;
grant insert, delete on ops.build_high_water, ops.dbt_nodes, ops.validations, ops.comment_scores to cx_builder;

grant insert on ops.publications to cx_publisher;
grant insert, update on ops.customer_identities to cx_publisher;
grant execute on function ops.record_reader_views(), ops.carry_reader_views() to cx_publisher;

-- What became of the night is everybody's business.
grant select on ops.night_status to cx_loader, cx_reader, cx_reader_pii;
grant select on ops.stream_runs, ops.check_results, ops.build_steps to cx_reader, cx_reader_pii;
