-- What the scoring of comments keeps in a set, beside what dbt builds: {schema} is the set's voice schema.
create table if not exists {schema}.comment_scores (
    comment_key text primary key,
    text_hash text not null,
    language text,
    language_confidence double precision,
    is_mixed_language boolean not null,
    sentiment double precision,
    emotion text,
    model text,
    model_version text not null,
    themes jsonb not null,
    themes_version text not null,
    build_number bigint not null
);
create index if not exists comment_scores_build_number on {schema}.comment_scores (build_number);
comment on table {schema}.comment_scores is 'One row per comment (int_survey__comments), what it says by the models of this build.';
