{{ config(
    unique_key='ticket_id',
    indexes=[
        {'columns': ['ticket_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'ticket_metrics') }}
)

select
    versions.key as ticket_id,
    {{ try_integer("field.reopens") }} as reopens,
    {{ try_integer("field.replies") }} as replies,
    {{ try_integer("field.group_stations") }} as group_stations,
    {{ try_integer("field.assignee_stations") }} as assignee_stations,
    {{ try_integer("field.reply_time_in_minutes ->> 'calendar'") }} as reply_calendar_minutes,
    {{ try_integer("field.reply_time_in_minutes ->> 'business'") }} as reply_business_minutes,
    {{ try_integer("field.first_resolution_time_in_minutes ->> 'calendar'") }} as first_resolution_calendar_minutes,
    {{ try_integer("field.first_resolution_time_in_minutes ->> 'business'") }} as first_resolution_business_minutes,
    {{ try_integer("field.full_resolution_time_in_minutes ->> 'calendar'") }} as full_resolution_calendar_minutes,
    {{ try_integer("field.full_resolution_time_in_minutes ->> 'business'") }} as full_resolution_business_minutes,
    {{ try_integer("field.requester_wait_time_in_minutes ->> 'calendar'") }} as requester_wait_calendar_minutes,
    {{ try_integer("field.requester_wait_time_in_minutes ->> 'business'") }} as requester_wait_business_minutes,
    {{ try_integer("field.agent_wait_time_in_minutes ->> 'calendar'") }} as agent_wait_calendar_minutes,
    {{ try_integer("field.agent_wait_time_in_minutes ->> 'business'") }} as agent_wait_business_minutes,
    {{ try_integer("field.on_hold_time_in_minutes ->> 'calendar'") }} as on_hold_calendar_minutes,
    {{ try_integer("field.on_hold_time_in_minutes ->> 'business'") }} as on_hold_business_minutes,
    field.solved_at,
    field.created_at,
    field.updated_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    reopens text,
    replies text,
    group_stations text,
    assignee_stations text,
    reply_time_in_minutes jsonb,
    first_resolution_time_in_minutes jsonb,
    full_resolution_time_in_minutes jsonb,
    requester_wait_time_in_minutes jsonb,
    agent_wait_time_in_minutes jsonb,
    on_hold_time_in_minutes jsonb,
    solved_at timestamptz,
    created_at timestamptz,
    updated_at timestamptz
)
