{{ config(
    unique_key='user_id',
    indexes=[
        {'columns': ['user_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'users') }}
)

select
    versions.key as user_id,
    field.organization_id,
    field.external_id,
    field.name,
    field.email,
    field.phone,
    field.role,
    field.locale,
    field.iana_time_zone as time_zone,
    field.tags,
    coalesce(field.suspended, false) as is_suspended,
    field.created_at,
    field.updated_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    organization_id text,
    external_id text,
    name text,
    email text,
    phone text,
    role text,
    locale text,
    iana_time_zone text,
    tags jsonb,
    suspended boolean,
    created_at timestamptz,
    updated_at timestamptz
)
