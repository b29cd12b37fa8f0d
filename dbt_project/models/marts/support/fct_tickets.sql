{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'int_ticket__touched'},
    indexes=[
        {'columns': ['ticket_key'], 'unique': true}, {'columns': ['customer_key']}, {'columns': ['build_number']}
    ],
) }}

select
    ticket.ticket_key,
    ticket.source,
    ticket.ticket_id,
    customer.customer_key,
    account.account_key,
    ticket.channel,
    ticket.topic,
    ticket.team_id,
    ticket.priority,
    ticket.status,
    ticket.status not in ('solved', 'closed') as is_open,
    ticket.is_merged,
    response.is_opened_by_agent,
    ticket.created_at,
    {{ company_date('ticket.created_at') }} as created_date,
    response.first_customer_turn_at,
    response.first_response_at,
    response.first_response_minutes,
    response.first_response_zendesk_minutes,
    response.is_unanswered,
    response.public_agent_replies,
    response.public_customer_messages,
    response.reopens,
    response.first_solved_at,
    response.last_solved_at,
    {{ build_number() }} as build_number
from {{ ref('int_ticket__tickets') }} as ticket
inner join {{ ref('int_ticket__responses') }} as response on ticket.ticket_key = response.ticket_key
left join {{ ref('int_person__customers') }} as customer on ticket.requester_key = customer.identity_key
left join {{ ref('int_account__accounts') }} as account on ticket.account_identity_key = account.account_identity_key
where
    {{ only_touched('ticket.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
    and not ticket.is_deleted
