{{ config(
    unique_key='organization_id',
    indexes=[
        {'columns': ['organization_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'organizations') }}
)

select
    versions.key as organization_id,
    field.external_id,
    field.name,
    field.domain_names,
    field.tags,
    field.created_at,
    field.updated_at,
    field.deleted_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    external_id text,
    name text,
    domain_names jsonb,
    tags jsonb,
    created_at timestamptz,
    updated_at timestamptz,
    deleted_at timestamptz
)
