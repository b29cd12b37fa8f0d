{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='event_key',
    indexes=[
        {'columns': ['event_key'], 'unique': true},
        {'columns': ['ticket_key']},
        {'columns': ['author_key']},
        {'columns': ['build_number']},
    ],
) }}

-- Messages and status changes come out of the same records, so one pass reads both; two views show them.
with zendesk as (
    select
        event.occurred_at,
        'zendesk' as source,
        'zendesk:' || event.ticket_id || ':' || child.id as event_key,
        'zendesk:' || event.ticket_id as ticket_key,
        case when child.event_type in ('Comment', 'VoiceComment') then 'message' else 'status' end as kind,
        {{ try_integer('child.id') }} as event_number,
        case
            when child.event_type in ('Comment', 'VoiceComment') then 'zendesk:' || child.author_id
        end as author_key,
        coalesce(child.public, false) as is_public,
        child.author_id is null or child.author_id = '-1' as is_automatic,
        child.previous_value as from_status,
        child.status as to_status
    from {{ ref('stg_zendesk__ticket_events') }} as event
    {{ json_rows('event.child_events', 'child', {
        'id': 'text',
        'event_type': 'text',
        'author_id': 'text',
        'public': 'boolean',
        'status': 'text',
        'previous_value': 'text',
    }) }}
    where
        {{ only_changed('event') }}
        and not event.is_deleted
        and (
            child.event_type in ('Comment', 'VoiceComment')
            or (child.event_type in ('Create', 'Change') and child.status is not null)
        )
)

select
    event_key,
    source,
    ticket_key,
    kind,
    event_number,
    occurred_at,
    author_key,
    is_public,
    is_automatic,
    from_status,
    to_status,
    {{ build_number() }} as build_number
from zendesk
