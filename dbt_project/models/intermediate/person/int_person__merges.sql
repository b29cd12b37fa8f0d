{{ config(
    materialized='incremental',
    tags=['evidence'],
    incremental_strategy='delete+insert',
    unique_key=['loser_key', 'winner_key'],
    indexes=[{'columns': ['loser_key', 'winner_key'], 'unique': true}, {'columns': ['build_number']}],
) }}

with hubspot as (
    select
        'hubspot:' || merged.contact_id as loser_key,
        'hubspot:' || contact.contact_id as winner_key,
        'crm_merge' as rule,
        contact.record_changed_at as known_at
    from {{ ref('stg_hubspot__contacts') }} as contact
    cross join lateral unnest(contact.merged_contact_ids) as merged (contact_id)
    where
        {{ only_changed('contact') }}
        and merged.contact_id <> contact.contact_id
),

-- Zendesk says who a user was merged into only where it moves the user's tickets
zendesk as (
    select
        'zendesk:' || child.previous_value as loser_key,
        'zendesk:' || child.requester_id as winner_key,
        'helpdesk_merge' as rule,
        max(event.occurred_at) as known_at
    from {{ ref('stg_zendesk__ticket_events') }} as event
    {{ json_rows('event.child_events', 'child', {
        'event_type': 'text', 'requester_id': 'text', 'previous_value': 'text'
    }) }}
    where
        {{ only_changed('event') }}
        and event.via = 'User merge'
        and child.event_type = 'Change'
        and child.requester_id <> child.previous_value
    group by child.previous_value, child.requester_id
),

conformed as (
    select * from hubspot
    union all
    select * from zendesk
)

select
    loser_key,
    winner_key,
    rule,
    known_at,
    {{ build_number() }} as build_number
from conformed
