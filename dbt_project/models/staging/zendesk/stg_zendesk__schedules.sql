{{ config(
    unique_key='schedule_id',
    indexes=[
        {'columns': ['schedule_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'schedules') }}
)

select
    versions.key as schedule_id,
    field.name,
    field.time_zone,
    field.intervals,
    field.created_at,
    field.updated_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    name text,
    time_zone text,
    intervals jsonb,
    created_at timestamptz,
    updated_at timestamptz
)
