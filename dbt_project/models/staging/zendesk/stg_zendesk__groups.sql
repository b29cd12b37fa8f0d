{{ config(
    unique_key='team_id',
    indexes=[
        {'columns': ['team_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'groups') }}
)

select
    versions.key as team_id,
    field.name,
    coalesce(field."default", false) as is_default,
    field.created_at,
    field.updated_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    name text,
    "default" boolean,
    created_at timestamptz,
    updated_at timestamptz
)
