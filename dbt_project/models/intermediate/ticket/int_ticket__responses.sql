{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'int_ticket__touched'},
    indexes=[{'columns': ['ticket_key'], 'unique': true}],
) }}

with tickets as (
    select
        ticket.ticket_key,
        ticket.requester_key,
        ticket.submitter_key,
        ticket.created_at,
        ticket.is_merged,
        team.schedule_key
    from {{ ref('int_ticket__tickets') }} as ticket
    left join {{ ref('int_ticket__team_schedules') }} as team
        on {{ team_key('ticket.source', 'ticket.team_id') }} = team.team_key
    where {{ only_touched('ticket.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
),

openings as (
    select
        ticket_key,
        bool_or(author_role in ('agent', 'bot')) filter (where position = 1) as is_opened_by_agent,
        bool_or(author_role in ('agent', 'bot') and is_public) filter (where position = 1)
            as is_opened_by_public_agent_comment,
        min(position) filter (where author_role = 'customer' and is_public) as first_customer_position,
        min(sent_at) filter (where author_role = 'customer' and is_public) as first_customer_sent_at,
        min(position) filter (where author_role in ('agent', 'bot') and is_public) as first_agent_position
    from {{ ref('int_ticket__turns') }}
    where {{ only_touched('ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
    group by ticket_key
),

customer_turns as (
    select
        ticket.ticket_key,
        ticket.created_at,
        ticket.is_merged,
        ticket.schedule_key,
        opening.first_agent_position,
        coalesce(opening.is_opened_by_agent, submitter.agent_key is not null) as is_opened_by_agent,
        coalesce(opening.is_opened_by_public_agent_comment, false) as is_opened_by_public_agent_comment,
        case
            when coalesce(opening.is_opened_by_agent, submitter.agent_key is not null)
                then opening.first_customer_sent_at
            else ticket.created_at
        end as first_customer_turn_at,
        case
            when coalesce(opening.is_opened_by_agent, submitter.agent_key is not null)
                then opening.first_customer_position
            else 0
        end as first_customer_turn_position
    from tickets as ticket
    left join openings as opening on ticket.ticket_key = opening.ticket_key
    left join {{ ref('int_ticket__agents') }} as submitter
        on ticket.submitter_key = submitter.agent_key and ticket.submitter_key <> ticket.requester_key
),

replies as (
    select
        turn.ticket_key,
        min(turn.sent_at) filter (
            where turn.author_role = 'agent' and turn.position > customer_turn.first_customer_turn_position
        ) as first_response_at,
        -- Zendesk knows agents by their seat, so its own rule counts a bot that holds one
        min(turn.sent_at) filter (
            where
            turn.author_role in ('agent', 'bot')
            and (
                not customer_turn.is_opened_by_public_agent_comment
                or turn.position > customer_turn.first_agent_position
            )
        ) as first_response_zendesk_at,
        count(*) filter (where turn.author_role = 'agent') as public_agent_replies,
        count(*) filter (where turn.author_role = 'customer') as public_customer_messages
    from {{ ref('int_ticket__turns') }} as turn
    inner join customer_turns as customer_turn on turn.ticket_key = customer_turn.ticket_key
    where turn.is_public and {{ only_touched('turn.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
    group by turn.ticket_key
)

select
    customer_turn.ticket_key,
    customer_turn.is_opened_by_agent,
    customer_turn.first_customer_turn_at,
    reply.first_response_at,
    reply.first_response_zendesk_at,
    case
        when not customer_turn.is_merged
            then {{ minutes_between('customer_turn.first_customer_turn_at', 'reply.first_response_at') }}
    end as first_response_minutes,
    case
        when not customer_turn.is_merged
            then {{ minutes_between('customer_turn.created_at', 'reply.first_response_zendesk_at') }}
    end as first_response_zendesk_minutes,
    case
        when not customer_turn.is_merged
            then
                {{ business_minutes(
                    'at_turn', 'customer_turn.first_customer_turn_at', 'at_response', 'reply.first_response_at'
                ) }}
    end as first_response_business_minutes,
    case
        when not customer_turn.is_merged
            then
                {{ business_minutes(
                    'at_creation', 'customer_turn.created_at', 'at_seat', 'reply.first_response_zendesk_at'
                ) }}
    end as first_response_zendesk_business_minutes,
    not customer_turn.is_merged
    and customer_turn.first_customer_turn_at is not null
    and reply.first_response_at is null as is_unanswered,
    coalesce(reply.public_agent_replies, 0) as public_agent_replies,
    coalesce(reply.public_customer_messages, 0) as public_customer_messages,
    {{ build_number() }} as build_number
from customer_turns as customer_turn
left join replies as reply on customer_turn.ticket_key = reply.ticket_key
{{ join_business_clock('at_creation', 'customer_turn.schedule_key', 'customer_turn.created_at') }}
{{ join_business_clock('at_turn', 'customer_turn.schedule_key', 'customer_turn.first_customer_turn_at') }}
{{ join_business_clock('at_response', 'customer_turn.schedule_key', 'reply.first_response_at') }}
{{ join_business_clock('at_seat', 'customer_turn.schedule_key', 'reply.first_response_zendesk_at') }}
-- what a night writes again lies together then
order by customer_turn.ticket_key
