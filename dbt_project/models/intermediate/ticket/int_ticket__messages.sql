{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='message_key',
    indexes=[
        {'columns': ['message_key'], 'unique': true},
        {'columns': ['ticket_key']},
        {'columns': ['author_key']},
        {'columns': ['build_number']},
    ],
) }}

with zendesk as (
    select
        'zendesk:' || event.ticket_id || ':' || child.id as message_key,
        'zendesk' as source,
        'zendesk:' || event.ticket_id as ticket_key,
        'zendesk:' || child.author_id as author_key,
        {{ try_integer('child.id') }} as message_number,
        event.occurred_at as sent_at,
        coalesce(child.public, false) as is_public,
        coalesce(child.author_id, '-1') = '-1' as is_automatic
    from {{ ref('stg_zendesk__ticket_events') }} as event
    {{ json_rows('event.child_events', 'child', {
        'id': 'text', 'event_type': 'text', 'author_id': 'text', 'public': 'boolean'
    }) }}
    where
        {{ only_changed('event') }}
        and child.event_type in ('Comment', 'VoiceComment')
        and not event.is_deleted
)

select
    message_key,
    source,
    ticket_key,
    author_key,
    message_number,
    sent_at,
    is_public,
    is_automatic,
    {{ build_number() }} as build_number
from zendesk
