{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='status_change_key',
    indexes=[
        {'columns': ['status_change_key'], 'unique': true}, {'columns': ['ticket_key']}, {'columns': ['build_number']}
    ],
) }}

with zendesk as (
    select
        'zendesk:' || event.ticket_id || ':' || child.id as status_change_key,
        'zendesk' as source,
        'zendesk:' || event.ticket_id as ticket_key,
        {{ try_integer('child.id') }} as change_number,
        child.previous_value as from_status,
        child.status as to_status,
        event.occurred_at as changed_at
    from {{ ref('stg_zendesk__ticket_events') }} as event
    {{ json_rows('event.child_events', 'child', {
        'id': 'text', 'event_type': 'text', 'status': 'text', 'previous_value': 'text'
    }) }}
    where
        {{ only_changed('event') }}
        and child.event_type in ('Create', 'Change')
        and child.status is not null
        and not event.is_deleted
)

select
    status_change_key,
    source,
    ticket_key,
    change_number,
    from_status,
    to_status,
    changed_at,
    {{ build_number() }} as build_number
from zendesk
