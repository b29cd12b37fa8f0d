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

-- Messages and changes of fields come out of the same records, so one pass reads both. A field that was emptied is a
-- key with null, so the children are taken whole: a parsed row could not tell it from a key that is not there.
with children as (
    select
        event.event_id,
        event.ticket_id,
        event.occurred_at,
        child.value as child,
        case
            when child.value ->> 'event_type' in ('Comment', 'VoiceComment') then 'message'
            when child.value ->> 'event_type' not in ('Create', 'Change') then null
            when {{ json_has('child.value', 'status') }} then 'status'
            when {{ json_has('child.value', 'priority') }} then 'priority'
            when {{ json_has('child.value', 'assignee_id') }} then 'assignee'
            when {{ json_has('child.value', 'group_id') }} then 'team'
        end as kind
    from {{ ref('stg_zendesk__ticket_events') }} as event
    {{ json_elements('event.child_events', 'child') }}
    where {{ only_changed('event') }} and not event.is_deleted
),

zendesk as (
    select
        'zendesk' as source,
        'zendesk:' || ticket_id || ':' || (child ->> 'id') as event_key,
        'zendesk:' || ticket_id as ticket_key,
        kind,
        {{ try_integer("(child ->> 'id')") }} as event_number,
        occurred_at,
        case when kind = 'message' then 'zendesk:' || (child ->> 'author_id') end as author_key,
        coalesce((child ->> 'public') = 'true', false) as is_public,
        coalesce(child ->> 'author_id', '-1') = '-1' as is_automatic,
        child ->> 'event_type' = 'Create' as is_initial,
        case when kind <> 'message' then child ->> 'previous_value' end as from_value,
        case kind
            when 'status' then child ->> 'status'
            when 'priority' then child ->> 'priority'
            when 'assignee' then child ->> 'assignee_id'
            when 'team' then child ->> 'group_id'
        end as to_value
    from children
    where kind is not null
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
    is_initial,
    from_value,
    to_value,
    {{ build_number() }} as build_number
from zendesk
