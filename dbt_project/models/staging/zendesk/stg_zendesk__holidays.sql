{{ config(
    unique_key='holiday_key',
    indexes=[
        {'columns': ['holiday_key'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'holidays') }}
)

select
    versions.key as holiday_key,
    versions.record ->> 'schedule_id' as schedule_id,
    field.name,
    field.start_date as starts_on,
    field.end_date as ends_on,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record -> 'holiday') as field (
    name text,
    start_date date,
    end_date date
)
