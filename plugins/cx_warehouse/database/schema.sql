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
alter table ops.ingest_runs add column if not exists fresh bigint not null default 0;
alter table ops.ingest_runs add column if not exists erased bigint not null default 0;
create index if not exists ingest_runs_as_of on ops.ingest_runs (as_of, source, stream);
comment on table ops.ingest_runs is 'One row per attempt to bring one stream in: what it cost the vendor''s account, and what it landed.';
comment on column ops.ingest_runs.records is 'Records the vendor served = inserted + unchanged + quarantined + erased.';
comment on column ops.ingest_runs.inserted is 'New versions written, deleted versions among them.';
comment on column ops.ingest_runs.fresh is 'Of the inserted: live records whose key was never seen before.';
comment on column ops.ingest_runs.erased is 'Served and dropped: about a person who was erased, or broken and naming one.';
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

create table if not exists ops.request_budgets (
    source text not null,
    account text not null,
    name text not null,
    granted integer not null,
    window_seconds numeric not null,
    told_limit integer,
    answered timestamptz[] not null default '{}',
    under_way text[] not null default '{}',
    held_until timestamptz,
    primary key (source, account, name)
);
comment on table ops.request_budgets is 'One row per limit of a vendor''s account: the requests of its last window, by all tasks together.';
comment on column ops.request_budgets.granted is 'Our share of the limit: requests in any window.';
comment on column ops.request_budgets.told_limit is 'What the vendor''s replies say that the whole limit is.';
comment on column ops.request_budgets.answered is 'When the latest requests were answered, not longer ago than a window.';
comment on column ops.request_budgets.under_way is 'Sessions of the database that have a request under way, as pid@start.';
comment on column ops.request_budgets.held_until is 'The vendor asked for quiet until then.';

create table if not exists ops.tokens (
    source text not null,
    account text not null,
    name text not null,
    version bigint not null default 1,
    sealed text not null,
    renewed_at timestamptz not null default now(),
    primary key (source, account, name)
);
comment on table ops.tokens is 'Tokens that change while they are used, encrypted; the key is not in the database. For the loader only.';

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
alter table ops.builds add column if not exists code_version text;
comment on column ops.builds.code_version is 'Of models, macros, identity''s rules and the scoring of comments: a set of other code is built anew, not built upon.';
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

-- What readers may know of how the warehouse does: counts, times and states. Texts of errors stay with the engineers.
create or replace view ops.stream_runs as
select
    as_of, source, stream, status, started_at, finished_at,
    extract(epoch from finished_at - started_at) as seconds,
    requests, bytes, wait_seconds, records, inserted, deleted, quarantined
from ops.ingest_runs;
comment on view ops.stream_runs is 'Each attempt to bring one stream in: how it went, what it cost the vendor''s account, what it landed.';

create or replace view ops.check_results as
select
    b.as_of, v.build_number, v.border, v.suite, v.expectation, v.table_name, v.column_name, v.severity, v.success,
    v.checked_at
from ops.validations as v
join ops.builds as b on b.build_number = v.build_number;
comment on view ops.check_results is 'Each expectation of each build, and whether it held.';

create or replace view ops.build_steps as
select
    b.as_of, n.build_number, b.kind, n.task, n.name, n.resource_type, n.status, n.seconds, n.rows_affected, n.finished_at
from ops.dbt_nodes as n
join ops.builds as b on b.build_number = n.build_number;
comment on view ops.build_steps is 'Each model, seed and test of each build, and how long it took.';

create table if not exists ops.stream_fields (
    source text not null,
    stream text not null,
    parent text not null default '',
    name text not null,
    path text generated always as (case when parent = '' then name else parent || '.' || name end) stored,
    types text[] not null,
    is_baseline boolean not null,
    first_seen_at timestamptz not null,
    run_id uuid not null,
    primary key (source, stream, parent, name)
);
comment on table ops.stream_fields is 'The fields that each stream''s records have been seen to have, one object deep, with the JSON types they held.';
comment on column ops.stream_fields.is_baseline is 'Known since the stream''s first whole run, or part of an object that came with it.';
comment on column ops.stream_fields.first_seen_at is 'The as_of of the run that met it first.';

create table if not exists ops.schema_changes (
    source text not null,
    stream text not null,
    path text not null,
    kind text not null check (kind in ('new_field', 'type_change')),
    before text,
    after text not null,
    first_seen_at timestamptz not null default now(),
    as_of timestamptz not null,
    run_id uuid not null,
    key text,
    primary key (source, stream, path, kind, after)
);
comment on table ops.schema_changes is 'Each field that a vendor added and each type that flipped, once, with the first record that showed it.';
comment on column ops.schema_changes.before is 'The types held before; of a new field, the fields that its record no longer has (one may have been renamed).';

create table if not exists ops.dry_runs (like ops.ingest_runs including all);
alter table ops.dry_runs add column if not exists erased bigint not null default 0;
comment on table ops.dry_runs is 'What a run would have landed. Nothing of it is in raw, and its cursor did not move.';

create table if not exists ops.reconciliations (
    run_id uuid not null,
    source text not null,
    stream text not null,
    part text not null default '*',
    kind text not null check (kind in ('total', 'reread')),
    as_of timestamptz not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    status text not null default 'running' check (status in ('running', 'succeeded', 'failed')),
    is_off boolean not null default false,
    vendor_total bigint,
    landed bigint,
    difference bigint generated always as (vendor_total - landed) stored,
    account text,
    state jsonb not null default '{}',
    before_sequence bigint,
    whole_before timestamptz,
    requests bigint not null default 0,
    bytes bigint not null default 0,
    wait_seconds numeric not null default 0,
    records bigint not null default 0,
    missing bigint,
    stale bigint,
    gone bigint,
    unmended bigint,
    error text,
    primary key (run_id, source, stream, part, kind)
);
comment on table ops.reconciliations is 'Raw compared with the vendor: by the vendor''s own total after a full walk, or by reading everything again.';
comment on column ops.reconciliations.part is 'The scope that was compared (a day, a form); * is the whole stream.';
comment on column ops.reconciliations.is_off is 'Raw and the vendor differed by more than is nobody''s fault.';
comment on column ops.reconciliations.whole_before is 'Reread: up to here the stream was whole; what changed later, or within its lookback, is no difference.';
comment on column ops.reconciliations.before_sequence is 'Reread: raw as it stood at the beginning; what landed later is not judged.';
comment on column ops.reconciliations.missing is 'Reread: records that raw did not have; they are in now.';
comment on column ops.reconciliations.stale is 'Reread: records of which raw had an older content; they are in now.';
comment on column ops.reconciliations.gone is 'Reread: records that the vendor no longer has; they are deleted versions now.';
comment on column ops.reconciliations.unmended is 'Reread: live records that the walk did not meet and that were left as they are; `error` says why.';

create table if not exists ops.recheck_keys (like ops.walk_keys including all);
comment on table ops.recheck_keys is 'Keys met so far by a reconciling walk.';

create table if not exists ops.comment_scores (
    text_hash text primary key,
    language text,
    language_confidence double precision,
    is_mixed_language boolean not null,
    sentiment double precision,
    emotion text,
    model text,
    model_version text not null,
    themes jsonb not null,
    themes_version text not null
);
comment on table ops.comment_scores is 'What each distinct text of a comment says by the present models and themes, so that no build scores it twice. Holds no text; what is in no comment any more is removed.';

create table if not exists ops.customer_identities (
    identity_key text not null,
    customer_key text not null,
    rule text not null,
    linked_to text,
    valid_from timestamptz not null,
    valid_to timestamptz,
    from_build bigint not null references ops.builds,
    to_build bigint references ops.builds,
    is_oldest boolean generated always as (customer_key = md5(length(identity_key)::text || ':' || identity_key)) stored
);
create unique index if not exists customer_identities_open on ops.customer_identities (identity_key) where valid_to is null;
create index if not exists customer_identities_oldest on ops.customer_identities (customer_key) where is_oldest;
create index if not exists customer_identities_key on ops.customer_identities (identity_key, valid_from);
create index if not exists customer_identities_build on ops.customer_identities (from_build);
comment on table ops.customer_identities is 'What readers were told of who is who: one row per identity and spell of nights in which it was one customer.';
comment on column ops.customer_identities.valid_from is 'The as_of of the night that first said so.';
comment on column ops.customer_identities.valid_to is 'The as_of of the night that said otherwise; null while it is said.';
comment on column ops.customer_identities.is_oldest is 'The customer is named after this identity.';
