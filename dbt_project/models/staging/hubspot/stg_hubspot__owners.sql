{{ config(
    unique_key='owner_id',
    indexes=[
        {'columns': ['owner_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('hubspot', 'owners') }}
)

select
    versions.key as owner_id,
    field."userId" as user_id,
    nullif(field.email, '') as email,
    nullif(field."firstName", '') as first_name,
    nullif(field."lastName", '') as last_name,
    field.type as owner_type,
    field.teams,
    field."createdAt" as created_at,
    field."updatedAt" as source_updated_at,
    coalesce(field.archived, false) as is_archived,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    "userId" text,
    email text,
    "firstName" text,
    "lastName" text,
    type text,
    teams jsonb,
    "createdAt" timestamptz,
    "updatedAt" timestamptz,
    archived boolean
)
