{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='ticket_key',
    indexes=[
        {'columns': ['ticket_key'], 'unique': true},
        {'columns': ['requester_key']},
        {'columns': ['account_identity_key']},
        {'columns': ['created_at']},
        {'columns': ['build_number']},
    ],
) }}

with zendesk as (
    select
        'zendesk:' || ticket.ticket_id as ticket_key,
        'zendesk' as source,
        ticket.ticket_id,
        'zendesk:' || ticket.requester_id as requester_key,
        'zendesk:' || ticket.submitter_id as submitter_key,
        'zendesk:' || ticket.assignee_id as assignee_key,
        'zendesk:' || ticket.organization_id as account_identity_key,
        ticket.group_id as team_id,
        case ticket.channel
            when 'voice' then 'phone'
            when 'native_messaging' then 'chat'
            else ticket.channel
        end as channel,
        ticket.topic,
        ticket.status,
        ticket.priority,
        ticket.created_at,
        ticket.tags,
        {{ json_array_has('ticket.tags', 'closed_by_merge') }} as is_merged,
        ticket.is_deleted
    from {{ ref('stg_zendesk__tickets') }} as ticket
    where {{ only_changed('ticket') }}
)

select
    ticket_key,
    source,
    ticket_id,
    requester_key,
    submitter_key,
    assignee_key,
    account_identity_key,
    team_id,
    channel,
    topic,
    status,
    priority,
    created_at,
    tags,
    is_merged,
    is_deleted,
    {{ build_number() }} as build_number
from zendesk
