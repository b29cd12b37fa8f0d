-- What identity resolution keeps in a set, beside what dbt builds: {schema} is the set's identity schema.
-- Names of settings: origin says what a claim is replaced with (int_person__claims).
-- What only resolution reads is not logged: it is half of what a night writes, and can be made again. If Postgres crashes,
-- it comes up with these tables empty, `basis` among them: so the next night resolves everybody.
create table if not exists {schema}.claims (
    identity_key text not null,
    origin text not null,
    kind text not null,
    value text,
    rule text not null,
    claimed_at timestamptz,
    blocked_because text
);
comment on table {schema}.claims is 'One row per identity and identifier that it claims, in the one form in which identifiers are compared.';

create table if not exists {schema}.crowded (
    kind text not null,
    value text not null,
    records bigint not null,
    left_identity text not null,
    right_identity text not null,
    since timestamptz
);
comment on table {schema}.crowded is 'Identifiers that more CRM and helpdesk records share than their rule allows: they link nobody.';

create unlogged table if not exists {schema}.block_keys (
    identity_key text not null,
    block bigint not null
);
comment on table {schema}.block_keys is 'By which keys (hashed) a record is found when probable pairs are looked for.';

create unlogged table if not exists {schema}.prints (
    identity_key text not null,
    print bigint not null
);
comment on table {schema}.prints is 'A hash of all by which a record is compared: while it stays, so do its block keys and pairs.';

create unlogged table if not exists {schema}.crowded_blocks (
    block bigint not null
);
comment on table {schema}.crowded_blocks is 'Keys that too many records share: they compare nobody.';

create table if not exists {schema}.pairs (
    left_key text not null,
    right_key text not null,
    match_weight double precision not null,
    probability double precision not null,
    verdict text not null,
    model_version text not null
);
comment on table {schema}.pairs is 'Probable pairs: accepted ones link, proposed ones are for somebody to decide.';

create table if not exists {schema}.membership (
    identity_key text not null,
    customer_key text,
    component text not null,
    rule text,
    linked_to text,
    confidence double precision,
    match_weight double precision,
    model_version text,
    linked_at timestamptz,
    is_thin boolean not null,
    is_test boolean not null,
    build_number bigint not null
);
comment on table {schema}.membership is 'One row per identity: the customer that it is, and the link that says so. No customer: a browser that nobody is known to use.';

create table if not exists {schema}.suspects (
    review_kind text not null,
    left_identity text not null,
    right_identity text not null,
    by_way_of text,
    evidence text,
    reason text not null,
    since timestamptz,
    component text not null
);
comment on table {schema}.suspects is 'What evidence alone cannot decide, with the identities on both sides.';

create table if not exists {schema}.changes (
    identity_key text primary key,
    old_customer_key text,
    customer_key text,
    build_number bigint not null
);
comment on table {schema}.changes is 'The identities that this build gave to another customer, or to none.';

create table if not exists {schema}.decisions (
    left_identity text not null,
    right_identity text not null,
    is_link boolean not null,
    decided_at timestamptz not null
);
comment on table {schema}.decisions is 'The link overrides that this set was resolved with.';

create unlogged table if not exists {schema}.basis (
    fingerprint text not null
);
comment on table {schema}.basis is 'The settings that this set was resolved with; with others, everybody is resolved again.';
