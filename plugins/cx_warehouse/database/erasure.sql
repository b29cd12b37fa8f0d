-- Erasure of a person: what was asked for, what is being done, what keeps the person out, and what was done.
-- Idempotent: bootstrap runs it after schema.sql. docs/erasure.md says how it works.

create table if not exists ops.erasures (
    erasure_id bigint generated always as identity primary key,
    status text not null default 'requested' check (status in ('requested', 'running', 'done', 'refused')),
    reason text not null check (reason in ('request', 'restore')),
    requested_by text not null,
    requested_at timestamptz not null default clock_timestamp(),
    planned_at timestamptz,
    finished_at timestamptz,
    step text,
    error text,
    counts jsonb not null default '{}',
    certificate jsonb
);
comment on table ops.erasures is 'One row per erasure that was asked for, with its certificate. Holds nothing of whom it was about.';
comment on column ops.erasures.status is 'requested and running ones are due: the DAG erase does them, and takes up one that was killed.';
comment on column ops.erasures.counts is 'What was removed (deleted, blanked), by table; files by place.';

create table if not exists ops.erasure_tombstones (
    mark bytea primary key,
    kind text not null,
    key_id text not null,
    erasure_id bigint not null,
    created_at timestamptz not null default now()
);
comment on table ops.erasure_tombstones is 'What landing keeps out: HMAC-SHA-256 of addresses, numbers and records'' keys of erased people. The key is not in the database.';
comment on column ops.erasure_tombstones.kind is 'What the value was: email, phone, or the stream whose record it named.';

create table if not exists ops.erasure_work (
    erasure_id bigint not null references ops.erasures,
    kind text not null,
    place text not null default '',
    value text not null,
    primary key (erasure_id, kind, place, value)
);
comment on table ops.erasure_work is 'What a running erasure looks for, in plain: for the eraser only, and emptied when it is done.';
-- the planner's statistics of a column quote its values, and outlive them
alter table ops.erasure_work alter column kind set statistics 0;
alter table ops.erasure_work alter column place set statistics 0;
alter table ops.erasure_work alter column value set statistics 0;

-- Make the statistics of tables anew, by the rights of their owner: the eraser owns none of them. Of a table that became
-- empty ANALYZE would leave the former statistics.
create or replace function ops.forget_statistics(schema_name name, table_name name) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    target constant regclass := to_regclass(format('%I.%I', schema_name, table_name));
    is_empty boolean;
begin
    if target is null or schema_name !~ '^(ops|raw_.*|(marts|previous|candidate)(_.*)?)$' then
        return;
    end if;
    execute format('select not exists (select from %s)', target) into is_empty;
    if is_empty then
        begin
            delete from pg_statistic where starelid = target;
        exception when insufficient_privilege then
            raise notice 'statistics of % stay until the server makes new ones', target;
        end;
    else
        execute format('analyze %s', target);
    end if;
end
$$;
revoke all on function ops.forget_statistics(name, name) from public;
