{{ config(materialized='view') }}

-- What mart_support__durations summarises: each wait of each ticket, over or not, in the cohort of its day. What is not
-- over has lasted up to the night.
with tickets as (
    select
        ticket.ticket_key,
        ticket.is_running,
        ticket.created_date,
        ticket.channel,
        ticket.topic,
        ticket.team_id,
        ticket.agent_key,
        ticket.segment,
        ticket.account_key,
        ticket.is_open,
        ticket.first_customer_turn_at,
        ticket.first_response_minutes,
        ticket.first_response_business_minutes,
        ticket.first_resolved_at,
        ticket.first_resolution_minutes,
        ticket.first_resolution_business_minutes,
        ticket.full_resolved_at,
        ticket.full_resolution_minutes,
        ticket.full_resolution_business_minutes,
        ticket.requester_wait_minutes,
        {{ minutes_between('ticket.first_customer_turn_at', as_of()) }} as waited_minutes,
        {{ business_minutes('at_turn', 'ticket.first_customer_turn_at', 'at_night', as_of()) }}
            as waited_business_minutes,
        {{ minutes_between('ticket.created_at', as_of()) }} as age_minutes,
        {{ business_minutes('at_creation', 'ticket.created_at', 'at_night', as_of()) }} as age_business_minutes
    from (
        select
            *,
            case
                when is_unanswered or first_resolved_at is null or full_resolved_at is null then schedule_key
            end as running_schedule_key
        from {{ ref('fct_tickets') }}
        where not is_merged
    ) as ticket
    {{ join_business_clock('at_turn', 'ticket.running_schedule_key', 'ticket.first_customer_turn_at') }}
    {{ join_business_clock('at_creation', 'ticket.running_schedule_key', 'ticket.created_at') }}
    {{ join_business_clock('at_night', 'ticket.running_schedule_key', as_of()) }}
),

replies as (
    select
        ticket.ticket_key,
        ticket.channel,
        ticket.topic,
        ticket.team_id,
        ticket.agent_key,
        ticket.segment,
        ticket.account_key,
        reply.asked_date,
        reply.answered_at is not null as is_done,
        coalesce(reply.reply_minutes, {{ minutes_between('reply.asked_at', as_of()) }}) as minutes,
        coalesce(
            reply.reply_business_minutes,
            {{ business_minutes('at_asking', 'reply.asked_at', 'at_night', as_of()) }}
        ) as business_minutes
    from {{ ref('fct_ticket_replies') }} as reply
    inner join {{ ref('fct_tickets') }} as ticket on reply.ticket_key = ticket.ticket_key
    {{ join_business_clock(
        'at_asking', 'case when reply.answered_at is null then ticket.schedule_key end', 'reply.asked_at'
    ) }}
    {{ join_business_clock('at_night', 'case when reply.answered_at is null then ticket.schedule_key end', as_of()) }}
    where reply.turn_number > 1
)

select
    ticket.ticket_key,
    wait.metric,
    wait.metric_number,
    ticket.created_date as cohort_date,
    ticket.channel,
    ticket.topic,
    ticket.team_id,
    ticket.agent_key,
    ticket.segment,
    ticket.account_key,
    wait.minutes::double precision as minutes,
    wait.is_done,
    ticket.is_running as has_running
from tickets as ticket
cross join
    lateral (
        values
        (
            'first_response',
            {{ wait_number('first_response') }},
            coalesce(ticket.first_response_minutes, ticket.waited_minutes),
            ticket.first_response_minutes is not null
        ),
        (
            'first_response_business',
            {{ wait_number('first_response_business') }},
            coalesce(ticket.first_response_business_minutes, ticket.waited_business_minutes),
            ticket.first_response_minutes is not null
        ),
        (
            'first_resolution',
            {{ wait_number('first_resolution') }},
            coalesce(ticket.first_resolution_minutes, ticket.age_minutes),
            ticket.first_resolved_at is not null
        ),
        (
            'first_resolution_business',
            {{ wait_number('first_resolution_business') }},
            coalesce(ticket.first_resolution_business_minutes, ticket.age_business_minutes),
            ticket.first_resolved_at is not null
        ),
        (
            'full_resolution',
            {{ wait_number('full_resolution') }},
            coalesce(ticket.full_resolution_minutes, ticket.age_minutes),
            ticket.full_resolved_at is not null
        ),
        (
            'full_resolution_business',
            {{ wait_number('full_resolution_business') }},
            coalesce(ticket.full_resolution_business_minutes, ticket.age_business_minutes),
            ticket.full_resolved_at is not null
        ),
        ('requester_wait', {{ wait_number('requester_wait') }}, ticket.requester_wait_minutes, not ticket.is_open)
    ) as wait (metric, metric_number, minutes, is_done)
where wait.minutes is not null
union all
select
    reply.ticket_key,
    wait.metric,
    wait.metric_number,
    reply.asked_date as cohort_date,
    reply.channel,
    reply.topic,
    reply.team_id,
    reply.agent_key,
    reply.segment,
    reply.account_key,
    wait.minutes::double precision as minutes,
    reply.is_done,
    -- a reply is one wait: is_done says it all, and to ask twice whether it runs has the planner expect next to none
    true as has_running
from replies as reply
cross join
    lateral (
        values
        ('next_reply', {{ wait_number('next_reply') }}, reply.minutes),
        ('next_reply_business', {{ wait_number('next_reply_business') }}, reply.business_minutes)
    ) as wait (metric, metric_number, minutes)
where wait.minutes is not null
