{{ config(indexes=[{'columns': ['day']}]) }}

-- A stretch in which a ticket was unsolved adds one to the team that had it when it began and takes one away when it
-- ended or went to another team; what lies open at a day's end is the sum so far. Tickets merged away lay open until
-- then.
with stretches as (
    select
        stretch.ticket_key,
        ticket.channel,
        stretch.started_at,
        stretch.stopped_at,
        stretch.is_reopening
    from {{ ref('int_ticket__stretches') }} as stretch
    inner join {{ ref('fct_tickets') }} as ticket on stretch.ticket_key = ticket.ticket_key
),

teams as (
    select
        ticket_key,
        value as team_id,
        from_at,
        coalesce(to_at, 'infinity') as to_at
    from {{ ref('int_ticket__spells') }}
    where attribute = 'team' and (to_at > from_at or to_at is null)
),

moves as (
    select
        stretch.channel,
        team.team_id,
        stretch.stopped_at,
        greatest(stretch.started_at, team.from_at) as came_at,
        least(coalesce(stretch.stopped_at, 'infinity'), team.to_at) as went_at,
        stretch.is_reopening and stretch.started_at >= team.from_at as is_reopening,
        -- the team that had it in the instant of its solution may have got it in that instant
        stretch.stopped_at < team.to_at as is_solving
    from stretches as stretch
    inner join teams as team
        on stretch.ticket_key = team.ticket_key
        and team.from_at <= coalesce(stretch.stopped_at, 'infinity')
        and stretch.started_at < team.to_at
),

openings as (
    select
        ticket.channel,
        team.team_id,
        ticket.created_date
    from {{ ref('fct_tickets') }} as ticket
    inner join teams as team
        on ticket.ticket_key = team.ticket_key
        and ticket.created_at >= team.from_at
        and ticket.created_at < team.to_at
),

counted as (
    select
        {{ company_date('came_at') }} as day,
        channel,
        team_id,
        count(*) as came,
        0 as went,
        0 as opened,
        0 as solved,
        count(*) filter (where is_reopening) as reopened
    from moves
    group by 1, 2, 3
    union all
    select
        {{ company_date('went_at') }} as day,
        channel,
        team_id,
        0 as came,
        count(*) as went,
        0 as opened,
        count(*) filter (where is_solving) as solved,
        0 as reopened
    from moves
    where went_at < 'infinity'
    group by 1, 2, 3
    union all
    select
        created_date as day,
        channel,
        team_id,
        0 as came,
        0 as went,
        count(*) as opened,
        0 as solved,
        0 as reopened
    from openings
    group by 1, 2, 3
),

changes as (
    select
        day,
        channel,
        team_id,
        sum(came) - sum(went) as net,
        sum(opened) as opened,
        sum(solved) as solved,
        sum(reopened) as reopened
    from counted
    where day <= {{ company_date(as_of()) }}
    group by 1, 2, 3
),

places as (
    select
        channel,
        team_id,
        min(day) as first_day
    from changes
    group by 1, 2
)

select
    day.day,
    place.channel,
    place.team_id,
    (sum(coalesce(change.net, 0)) over (
        partition by place.channel, place.team_id
        order by day.day
    ))::bigint as open_tickets,
    coalesce(change.opened, 0)::bigint as opened,
    coalesce(change.solved, 0)::bigint as solved,
    coalesce(change.reopened, 0)::bigint as reopened
from places as place
cross join lateral {{ days_between('place.first_day', company_date(as_of())) }}
left join changes as change
    on day.day = change.day
    and place.channel is not distinct from change.channel
    and place.team_id is not distinct from change.team_id
