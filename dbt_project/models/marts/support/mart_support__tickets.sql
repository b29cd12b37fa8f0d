{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'mart_support__touched'},
    indexes=[
        {'columns': ['ticket_key'], 'unique': true},
        {'columns': ['created_date']},
        {'columns': ['latest_rating']},
    ],
) }}

with targets as (
    select
        ticket_key,
        count(*) as sla_targets,
        count(*) filter (where is_breached) as sla_breaches
    from {{ ref('fct_sla_targets') }}
    where {{ only_touched('ticket_key', ref('mart_support__touched'), 'ticket_key') }}
    group by ticket_key
)

select
    ticket.ticket_key,
    ticket.source,
    ticket.ticket_id,
    ticket.customer_key,
    ticket.account_key,
    ticket.segment,
    account.account_name,
    account.industry,
    coalesce(account.country, customer.country) as country,
    customer.lifecycle_stage,
    ticket.channel,
    ticket.topic,
    ticket.team_id,
    ticket.agent_key,
    ticket.priority,
    ticket.status,
    ticket.is_open,
    ticket.is_merged,
    ticket.is_opened_by_agent,
    ticket.created_at,
    ticket.created_date,
    ticket.first_customer_turn_at,
    ticket.first_response_at,
    ticket.first_response_minutes,
    ticket.first_response_business_minutes,
    ticket.first_response_zendesk_minutes,
    ticket.first_response_zendesk_business_minutes,
    ticket.is_unanswered,
    case
        when ticket.is_unanswered
            then {{ minutes_between('ticket.first_customer_turn_at', as_of()) }}
    end as unanswered_minutes,
    ticket.public_agent_replies,
    ticket.public_customer_messages,
    ticket.first_resolved_at,
    ticket.first_resolution_minutes,
    ticket.first_resolution_business_minutes,
    ticket.full_resolved_at,
    ticket.full_resolution_minutes,
    ticket.full_resolution_business_minutes,
    ticket.requester_wait_minutes,
    ticket.requester_wait_business_minutes,
    ticket.agent_wait_minutes,
    ticket.agent_wait_business_minutes,
    ticket.on_hold_minutes,
    ticket.on_hold_business_minutes,
    ticket.team_changes,
    ticket.assignee_changes,
    ticket.is_one_touch,
    ticket.is_fcr_7d_same_topic,
    ticket.is_fcr_7d_any_topic,
    ticket.is_fcr_14d_same_topic,
    ticket.is_fcr_14d_any_topic,
    coalesce(target.sla_targets, 0) as sla_targets,
    coalesce(target.sla_breaches, 0) as sla_breaches,
    target.sla_breaches > 0 as is_sla_breached,
    ticket.reopens,
    ticket.first_solved_at,
    ticket.last_solved_at,
    rating.first_rating,
    rating.latest_rating,
    {{ build_number() }} as build_number
from {{ ref('fct_tickets') }} as ticket
left join {{ ref('dim_customers') }} as customer on ticket.customer_key = customer.customer_key
left join {{ ref('dim_accounts') }} as account on ticket.account_key = account.account_key
left join {{ ref('mart_support__ratings') }} as rating on ticket.ticket_key = rating.ticket_key
left join targets as target on ticket.ticket_key = target.ticket_key
where {{ only_touched('ticket.ticket_key', ref('mart_support__touched'), 'ticket_key') }}
