{{ config(
    unique_key='policy_id',
    indexes=[
        {'columns': ['policy_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'sla_policies') }}
)

select
    versions.key as policy_id,
    field.title,
    field.description,
    {{ try_integer("field.position") }} as match_order,
    field.filter as conditions,
    field.policy_metrics as targets,
    field.created_at,
    field.updated_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    title text,
    description text,
    position text,
    filter jsonb,
    policy_metrics jsonb,
    created_at timestamptz,
    updated_at timestamptz
)
