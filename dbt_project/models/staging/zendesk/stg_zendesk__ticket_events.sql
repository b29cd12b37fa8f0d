{{ config(
    unique_key='event_id',
    indexes=[
        {'columns': ['event_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'ticket_events') }}
)

select
    versions.key as event_id,
    field.ticket_id,
    field.updater_id,
    field.via,
    field.child_events,
    field.created_at as occurred_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    ticket_id text,
    updater_id text,
    via text,
    child_events jsonb,
    created_at timestamptz
)
