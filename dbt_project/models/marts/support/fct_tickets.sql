{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'fct_tickets_touched'},
    indexes=[
        {'columns': ['ticket_key'], 'unique': true},
        {'columns': ['customer_key']},
        {'columns': ['account_key']},
        {'columns': ['is_running']},
        {'columns': ['first_resolved_at']},
        {'columns': ['created_date']},
        {'columns': ['build_number']},
    ],
) }}
{%- set figures = [
    'first_resolution_minutes', 'first_resolution_business_minutes',
    'full_resolution_minutes', 'full_resolution_business_minutes',
    'requester_wait_ended_minutes', 'requester_wait_ended_business_minutes',
    'agent_wait_ended_minutes', 'agent_wait_ended_business_minutes',
    'on_hold_ended_minutes', 'on_hold_ended_business_minutes',
] %}
{%- set waits = {'requester_wait': "'new', 'open', 'hold'", 'agent_wait': "'pending'", 'on_hold': "'hold'"} %}

-- Merged tickets are contacts without a resolution of their own.
with tickets as (
    select
        ticket.*,
        response.is_opened_by_agent,
        response.first_customer_turn_at,
        response.first_response_at,
        response.first_response_minutes,
        response.first_response_business_minutes,
        response.first_response_zendesk_minutes,
        response.first_response_zendesk_business_minutes,
        response.is_unanswered,
        response.public_agent_replies,
        response.public_customer_messages,
        resolution.first_solved_at,
        resolution.last_solved_at,
        resolution.reopens,
        resolution.team_changes,
        resolution.assignee_changes,
        resolution.status as status_by_history,
        resolution.status_since,
        case when not ticket.is_merged then resolution.first_resolved_at end as first_resolved_at,
        case when not ticket.is_merged then resolution.full_resolved_at end as full_resolved_at,
        case when not ticket.is_merged then resolution.first_reopened_at end as first_reopened_at,
        {%- for figure in figures %}
            case when not ticket.is_merged then resolution.{{ figure }} end as {{ figure }},
        {%- endfor %}
        -- only what is unsolved has a status that still runs
        case
            when resolution.status in ('new', 'open', 'pending', 'hold') and not ticket.is_merged
                then resolution.status_since
        end as runs_since,
        resolution.schedule_key
    from {{ ref('int_ticket__tickets') }} as ticket
    inner join {{ ref('int_ticket__responses') }} as response on ticket.ticket_key = response.ticket_key
    inner join {{ ref('int_ticket__resolutions') }} as resolution on ticket.ticket_key = resolution.ticket_key
    where
        {{ only_touched('ticket.ticket_key', ref('fct_tickets_touched'), 'ticket_key') }}
        and not ticket.is_deleted
),

clocked as (
    select
        ticket.*,
        {{ minutes_between('ticket.runs_since', as_of()) }} as running_minutes,
        {{ business_minutes('at_start', 'ticket.runs_since', 'at_night', as_of()) }} as running_business_minutes
    from tickets as ticket
    {{ join_business_clock('at_start', 'ticket.schedule_key', 'ticket.runs_since') }}
    {{ join_business_clock('at_night', 'ticket.schedule_key', as_of()) }}
)

select
    ticket.ticket_key,
    ticket.source,
    ticket.ticket_id,
    customer.customer_key,
    coalesce(account.account_key, profile.account_key) as account_key,
    case
        when coalesce(account.account_key, profile.account_key) is not null then 'business'
        when customer.customer_key is not null then 'consumer'
    end as segment,
    ticket.channel,
    ticket.topic,
    ticket.team_id,
    ticket.assignee_key as agent_key,
    ticket.priority,
    ticket.status,
    ticket.status not in ('solved', 'closed') as is_open,
    ticket.is_merged,
    ticket.is_opened_by_agent,
    ticket.created_at,
    {{ company_date('ticket.created_at') }} as created_date,
    ticket.first_customer_turn_at,
    ticket.first_response_at,
    ticket.first_response_minutes,
    ticket.first_response_business_minutes,
    ticket.first_response_zendesk_minutes,
    ticket.first_response_zendesk_business_minutes,
    ticket.is_unanswered,
    ticket.public_agent_replies,
    ticket.public_customer_messages,
    ticket.first_resolved_at,
    ticket.first_resolution_minutes,
    ticket.first_resolution_business_minutes,
    ticket.full_resolved_at,
    ticket.full_resolution_minutes,
    ticket.full_resolution_business_minutes,
    {%- for wait, statuses in waits.items() %}
        {%- for business in ['', '_business'] %}
    {{ plain_number(
        'ticket.' ~ wait ~ '_ended' ~ business ~ '_minutes'
        ~ ' + coalesce(case when ticket.status_by_history in (' ~ statuses ~ ') then ticket.running' ~ business
        ~ '_minutes end, 0)'
    ) }} as {{ wait }}{{ business }}_minutes,
        {%- endfor %}
    {%- endfor %}
    ticket.team_changes,
    ticket.assignee_changes,
    case
        when ticket.status_by_history in ('solved', 'closed') and not ticket.is_merged
            then ticket.public_agent_replies = 1 and ticket.reopens = 0
    end as is_one_touch,
    ticket.reopens,
    ticket.first_reopened_at,
    contact.next_contact_at,
    contact.next_same_topic_contact_at,
    {{ is_fcr('ticket', 'contact.next_same_topic_contact_at', 'fcr_window.hours_7d') }} as is_fcr_7d_same_topic,
    {{ is_fcr('ticket', 'contact.next_contact_at', 'fcr_window.hours_7d') }} as is_fcr_7d_any_topic,
    {{ is_fcr('ticket', 'contact.next_same_topic_contact_at', 'fcr_window.hours_14d') }} as is_fcr_14d_same_topic,
    {{ is_fcr('ticket', 'contact.next_contact_at', 'fcr_window.hours_14d') }} as is_fcr_14d_any_topic,
    ticket.schedule_key,
    ticket.first_solved_at,
    ticket.last_solved_at,
    ticket.status not in ('solved', 'closed')
    or (
        not ticket.is_merged
        and (ticket.is_unanswered or ticket.first_resolved_at is null or ticket.full_resolved_at is null)
    ) as is_running,
    {{ build_number() }} as build_number
from clocked as ticket
cross join {{ fcr_windows() }} as fcr_window
left join {{ ref('int_ticket__contacts') }} as contact on ticket.ticket_key = contact.ticket_key
left join {{ ref('int_person__customers') }} as customer on ticket.requester_key = customer.identity_key
left join {{ ref('dim_customers') }} as profile on customer.customer_key = profile.customer_key
left join {{ ref('int_account__accounts') }} as account on ticket.account_identity_key = account.account_identity_key
