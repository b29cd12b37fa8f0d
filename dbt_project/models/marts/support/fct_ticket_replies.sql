{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'int_ticket__touched'},
    indexes=[
        {'columns': ['ticket_key', 'turn_number'], 'unique': true},
        {'columns': ['asked_date']},
        {'columns': ['answered_at']},
    ],
) }}

-- A conversation as turns of customers and what answered them: bots and automatic answers answer nobody, private notes
-- are no part of it. Where the customer opened the ticket, the creation itself is the first thing said.
with said as (
    select
        turn.ticket_key,
        turn.position,
        turn.sent_at as said_at,
        turn.author_key,
        turn.author_role = 'customer' as is_customer
    from {{ ref('int_ticket__turns') }} as turn
    where
        turn.is_public
        and turn.author_role in ('customer', 'agent')
        and {{ only_touched('turn.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
    union all
    select
        response.ticket_key,
        0 as position,
        response.first_customer_turn_at as said_at,
        null as author_key,
        true as is_customer
    from {{ ref('int_ticket__responses') }} as response
    where
        not response.is_opened_by_agent
        and {{ only_touched('response.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
),

changed_sides as (
    select
        *,
        lag(is_customer) over (partition by ticket_key order by position) as was_customer
    from said
),

-- only where the other side takes over: a question is followed by its answer, an answer by the next question
alternating as (
    select
        *,
        lead(said_at) over conversation as next_at,
        lead(author_key) over conversation as next_author_key
    from changed_sides
    where is_customer <> coalesce(was_customer, false)
    window conversation as (partition by ticket_key order by position)
),

turns as (
    select
        ticket.ticket_key,
        ticket.source,
        ticket.ticket_id,
        team.schedule_key,
        alternating.said_at as asked_at,
        alternating.next_at as answered_at,
        alternating.next_author_key as agent_key,
        row_number() over (partition by ticket.ticket_key order by alternating.position) as turn_number
    from alternating
    inner join {{ ref('int_ticket__tickets') }} as ticket on alternating.ticket_key = ticket.ticket_key
    left join {{ ref('int_ticket__team_schedules') }} as team
        on {{ team_key('ticket.source', 'ticket.team_id') }} = team.team_key
    where
        alternating.is_customer
        and not ticket.is_merged
        and not ticket.is_deleted
        -- said again, else the planner walks through all tickets to meet these
        and {{ only_touched('ticket.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
)

select
    turn.ticket_key || ':' || turn.turn_number as reply_key,
    turn.ticket_key,
    turn.source,
    turn.ticket_id,
    turn.turn_number,
    turn.asked_at,
    {{ company_date('turn.asked_at') }} as asked_date,
    turn.answered_at,
    {{ minutes_between('turn.asked_at', 'turn.answered_at') }} as reply_minutes,
    {{ business_minutes('at_asking', 'turn.asked_at', 'at_answer', 'turn.answered_at') }} as reply_business_minutes,
    turn.agent_key,
    spell.value as team_id,
    {{ build_number() }} as build_number
from turns as turn
{{ join_business_clock('at_asking', 'turn.schedule_key', 'turn.asked_at') }}
{{ join_business_clock('at_answer', 'turn.schedule_key', 'turn.answered_at') }}
left join {{ ref('int_ticket__spells') }} as spell
    on turn.ticket_key = spell.ticket_key
    and spell.attribute = 'team'
    and turn.answered_at >= spell.from_at
    and (turn.answered_at < spell.to_at or spell.to_at is null)
