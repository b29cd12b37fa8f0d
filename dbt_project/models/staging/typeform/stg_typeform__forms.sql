{{ config(
    unique_key='form_id',
    indexes=[
        {'columns': ['form_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('typeform', 'forms') }}
)

select
    form.id as form_id,
    form.title as form_title,
    form.type as form_type,
    form.settings ->> 'language' as language,
    form.fields,
    form.hidden as hidden_names,
    (form.settings -> 'is_public') = 'true'::jsonb as is_public,
    {{ try_timestamptz('form.created_at') }} as created_at,
    {{ try_timestamptz('form.last_updated_at') }} as last_updated_at,
    {{ try_timestamptz('form.published_at') }} as published_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as form (
    id text,
    title text,
    type text,
    settings jsonb,
    fields jsonb,
    hidden jsonb,
    created_at text,
    last_updated_at text,
    published_at text
)
