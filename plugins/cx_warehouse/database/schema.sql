-- The operational tables: what ran, what landed, what was built, checked and published.
-- Idempotent: bootstrap runs it before every night. Times are UTC; *_seconds are seconds, bytes are bytes.
create schema if not exists ops;

create table if not exists ops.nights (
    as_of timestamptz primary key,
    sources text[] not null,
    opened_at timestamptz not null default now(),
    deadline_at timestamptz not null,
    deadline_passed boolean not null default false
);
comment on table ops.nights is 'One row per night. as_of is its clock: every window and age of the night is reckoned from it.';

create table if not exists ops.night_sources (
    as_of timestamptz not null references ops.nights,
    source text not null,
    status text not null check (status in ('succeeded', 'failed')),
    error text,
    settled_at timestamptz not null default now(),
    primary key (as_of, source)
);
comment on table ops.night_sources is 'A source that is done for the night: in, or given up. The transform starts when all of them are.';

create table if not exists ops.ingest_runs (
    run_id uuid primary key,
    source text not null,
    stream text not null,
    as_of timestamptz not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    status text not null default 'running' check (status in ('running', 'succeeded', 'failed')),
    requests bigint not null default 0,
    bytes bigint not null default 0,
    wait_seconds numeric not null default 0,
    pages bigint not null default 0,
    records bigint not null default 0,
    inserted bigint not null default 0,
    unchanged bigint not null default 0,
    deleted bigint not null default 0,
    quarantined bigint not null default 0,
    complete_through timestamptz,
    error text
);
create index if not exists ingest_runs_as_of on ops.ingest_runs (as_of, source, stream);
comment on table ops.ingest_runs is 'One row per attempt to bring one stream in: what it cost the vendor''s account, and what it landed.';
comment on column ops.ingest_runs.records is 'Records the vendor served = inserted + unchanged + quarantined.';
comment on column ops.ingest_runs.inserted is 'New versions written, deleted versions among them.';
comment on column ops.ingest_runs.deleted is 'Deleted versions written: served as deleted, merged away, or unseen in a complete walk.';

create table if not exists ops.cursors (
    source text not null,
    stream text not null,
    account text not null,
    state jsonb not null default '{}',
    fence bigint not null default 0,
    complete_through timestamptz,
    updated_at timestamptz not null default now(),
    primary key (source, stream)
);
comment on column ops.cursors.fence is 'Raised by every run that takes the stream; a page of an older run is refused.';

create table if not exists ops.walk_keys (
    source text not null,
    stream text not null,
    scope text not null,
    key text not null,
    primary key (source, stream, scope, key)
);
comment on table ops.walk_keys is 'Keys seen so far by the running walk of a restated scope; those not among them at its end are tombstoned.';

create table if not exists ops.builds (
    build_number bigint generated always as identity primary key,
    as_of timestamptz not null,
    kind text not null check (kind in ('incremental', 'full')),
    status text not null default 'running' check (status in ('running', 'failed', 'published', 'rolled_back')),
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    published_at timestamptz,
    error text
);
create unique index if not exists builds_one_running on ops.builds ((true)) where status = 'running';

create table if not exists ops.build_high_water (
    build_number bigint not null references ops.builds,
    source text not null,
    stream text not null,
    sequence bigint not null,
    complete_through timestamptz,
    last_status text,
    last_error text,
    primary key (build_number, source, stream)
);
comment on table ops.build_high_water is 'Frozen at the start of a build: it reads raw up to here, so a late vendor cannot move the ground under it.';

create table if not exists ops.dbt_nodes (
    build_number bigint not null references ops.builds,
    task text not null,
    unique_id text not null,
    name text not null,
    resource_type text not null,
    status text not null,
    seconds numeric not null,
    rows_affected bigint,
    failures bigint,
    message text,
    finished_at timestamptz not null default now()
);

create table if not exists ops.validations (
    build_number bigint not null references ops.builds,
    border text not null check (border in ('raw', 'marts')),
    suite text not null,
    expectation text not null,
    table_name text not null,
    column_name text,
    severity text not null check (severity in ('critical', 'warning')),
    success boolean not null,
    observed jsonb,
    message text,
    checked_at timestamptz not null default now()
);

create table if not exists ops.publications (
    id bigint generated always as identity primary key,
    build_number bigint not null references ops.builds,
    action text not null check (action in ('publish', 'rollback')),
    at timestamptz not null default now()
);

create or replace view ops.night_status as
select
    n.as_of,
    n.sources,
    n.opened_at,
    n.deadline_passed,
    b.build_number,
    coalesce(b.status, 'open') as status,
    b.published_at,
    b.error
from ops.nights as n
left join lateral (
    select * from ops.builds where builds.as_of = n.as_of order by build_number desc limit 1
) as b on true;
comment on view ops.night_status is 'What became of each night, and why a failed one failed.';
