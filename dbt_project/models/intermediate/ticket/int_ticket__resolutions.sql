{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'int_ticket__touched'},
    indexes=[{'columns': ['ticket_key'], 'unique': true}],
) }}
{%- set waits = {'requester_wait': "'new', 'open', 'hold'", 'agent_wait': "'pending'", 'on_hold': "'hold'"} %}
{%- set solved = "attribute = 'status' and value in ('solved', 'closed')" %}
{%- set was_not_solved = "coalesce(former_value not in ('solved', 'closed'), true)" %}
{%- set unsolved = "attribute = 'status' and value in ('new', 'open', 'pending', 'hold')" %}

-- What a ticket's spells add up to, as far as they have ended. The one that still runs is kept with its beginning, and
-- whoever has a clock adds it (fct_tickets): so what has ended is added up once, not every night.
with tickets as (
    select
        ticket.ticket_key,
        ticket.created_at,
        ticket.is_merged,
        team.schedule_key
    from {{ ref('int_ticket__tickets') }} as ticket
    left join {{ ref('int_ticket__team_schedules') }} as team
        on {{ team_key('ticket.source', 'ticket.team_id') }} = team.team_key
    where {{ only_touched('ticket.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
),

-- a closing of what was solved is no new resolution, so only what came out of another status is
sums as (
    select
        ticket_key,
        min(from_at) filter (where {{ solved }}) as first_resolved_at,
        min(business_seconds_before) filter (where {{ solved }}) as first_resolution_business_seconds,
        max(from_at) filter (where {{ solved }} and {{ was_not_solved }}) as full_resolved_at,
        max(business_seconds_before) filter (where {{ solved }} and {{ was_not_solved }})
            as full_resolution_business_seconds,
        min(from_at) filter (where attribute = 'status' and value = 'solved') as first_solved_at,
        max(from_at) filter (where attribute = 'status' and value = 'solved') as last_solved_at,
        count(*) filter (where {{ unsolved }} and former_value = 'solved') as reopens,
        min(from_at) filter (where {{ unsolved }} and former_value = 'solved') as first_reopened_at,
        max(value) filter (where attribute = 'status' and to_at is null) as status,
        max(from_at) filter (where attribute = 'status' and to_at is null) as status_since,
        {%- for wait, statuses in waits.items() %}
            coalesce(sum(seconds) filter (where attribute = 'status' and value in ({{ statuses }})), 0)
                as {{ wait }}_seconds,
            coalesce(sum(business_seconds) filter (where attribute = 'status' and value in ({{ statuses }})), 0)
                as {{ wait }}_business_seconds,
        {%- endfor %}
        -- from one to another; from nobody to the first is no change of hands
        count(*) filter (where attribute = 'team' and value <> former_value) as team_changes,
        count(*) filter (where attribute = 'assignee' and value <> former_value) as assignee_changes
    from {{ ref('int_ticket__spells') }}
    where {{ only_touched('ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
    group by ticket_key
)

select
    ticket.ticket_key,
    ticket.schedule_key,
    total.status,
    total.status_since,
    total.first_resolved_at,
    total.first_solved_at,
    total.last_solved_at,
    total.first_reopened_at,
    total.reopens,
    total.full_resolved_at as last_resolved_at,
    {{ minutes_between('ticket.created_at', 'total.full_resolved_at') }} as last_resolution_minutes,
    {{ minutes_of_seconds('total.full_resolution_business_seconds') }} as last_resolution_business_minutes,
    case when total.status in ('solved', 'closed') then total.full_resolved_at end as full_resolved_at,
    {{ minutes_between('ticket.created_at', 'total.first_resolved_at') }} as first_resolution_minutes,
    {{ minutes_of_seconds('total.first_resolution_business_seconds') }}
        as first_resolution_business_minutes,
    case
        when total.status in ('solved', 'closed')
            then {{ minutes_between('ticket.created_at', 'total.full_resolved_at') }}
    end as full_resolution_minutes,
    case
        when total.status in ('solved', 'closed')
            then {{ minutes_of_seconds('total.full_resolution_business_seconds') }}
    end as full_resolution_business_minutes,
    {%- for wait in waits %}
        {{ minutes_of_seconds('total.' ~ wait ~ '_seconds') }} as {{ wait }}_ended_minutes,
        case
            when ticket.schedule_key is not null
                then {{ minutes_of_seconds('total.' ~ wait ~ '_business_seconds') }}
        end as {{ wait }}_ended_business_minutes,
    {%- endfor %}
    total.team_changes,
    total.assignee_changes,
    {{ build_number() }} as build_number
from tickets as ticket
inner join sums as total on ticket.ticket_key = total.ticket_key
