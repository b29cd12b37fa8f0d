{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'int_ticket__touched'},
    indexes=[{'columns': ['ticket_key']}, {'columns': ['day']}],
) }}

-- depends_on: {{ ref('int_ticket__touched_moves_before') }}
-- A stretch in which a ticket was unsolved adds one to the team that had it when it began and takes one away when it
-- ended or went to another team; what lies open at a day's end is the sum so far. Tickets merged away lay open until
-- then.
with tickets as (
    select
        ticket_key,
        channel,
        created_at
    from {{ ref('int_ticket__tickets') }}
    where {{ only_touched('ticket_key', ref('int_ticket__touched'), 'ticket_key') }} and not is_deleted
),

teams as (
    select
        ticket_key,
        value as team_id,
        from_at,
        coalesce(to_at, 'infinity') as to_at
    from {{ ref('int_ticket__spells') }}
    where
        {{ only_touched('ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
        and attribute = 'team'
        and (to_at > from_at or to_at is null)
),

held as (
    select
        stretch.ticket_key,
        team.team_id,
        greatest(stretch.started_at, team.from_at) as came_at,
        least(coalesce(stretch.stopped_at, 'infinity'), team.to_at) as went_at,
        stretch.is_reopening and stretch.started_at >= team.from_at as is_reopening,
        -- the team that had it in the instant of its solution may have got it in that instant
        coalesce(stretch.stopped_at < team.to_at, false) as is_solving
    from {{ ref('int_ticket__stretches') }} as stretch
    inner join teams as team
        on stretch.ticket_key = team.ticket_key
        and team.from_at <= coalesce(stretch.stopped_at, 'infinity')
        and stretch.started_at < team.to_at
    where {{ only_touched('stretch.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
),

moves as (
    select
        ticket_key,
        team_id,
        came_at as moved_at,
        1 as net,
        0 as opened,
        0 as solved,
        is_reopening::int as reopened
    from held
    union all
    select
        ticket_key,
        team_id,
        went_at as moved_at,
        -1 as net,
        0 as opened,
        is_solving::int as solved,
        0 as reopened
    from held
    where went_at < 'infinity'
    union all
    select
        ticket.ticket_key,
        team.team_id,
        ticket.created_at as moved_at,
        0 as net,
        1 as opened,
        0 as solved,
        0 as reopened
    from tickets as ticket
    inner join teams as team
        on ticket.ticket_key = team.ticket_key
        and ticket.created_at >= team.from_at
        and ticket.created_at < team.to_at
)

-- what comes and goes again within a day is one row
select
    move.ticket_key,
    {{ company_date('move.moved_at') }} as day,
    ticket.channel,
    move.team_id,
    sum(move.net)::int as net,
    sum(move.opened)::int as opened,
    sum(move.solved)::int as solved,
    sum(move.reopened)::int as reopened,
    {{ build_number() }} as build_number
from moves as move
inner join tickets as ticket on move.ticket_key = ticket.ticket_key
group by move.ticket_key, {{ company_date('move.moved_at') }}, ticket.channel, move.team_id
-- what a night writes again lies together then
order by move.ticket_key
