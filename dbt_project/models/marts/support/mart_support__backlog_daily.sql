{{ config(indexes=[{'columns': ['day']}]) }}

with changes as (
    select
        day,
        channel,
        team_id,
        net,
        opened,
        solved,
        reopened,
        -- a number to join by: the names may be null, which no join by equality finds
        dense_rank() over (order by channel, team_id) as place_id
    from {{ ref('int_ticket__moves_daily') }}
    -- a vendor whose clock is ahead tells of days that are yet to come
    where day <= {{ company_date(as_of()) }}
),

places as (
    select
        place_id,
        channel,
        team_id,
        min(day) as first_day
    from changes
    group by place_id, channel, team_id
)

select
    day.day,
    place.channel,
    place.team_id,
    (sum(coalesce(change.net, 0)) over (
        partition by place.place_id
        order by day.day
    ))::bigint as open_tickets,
    coalesce(change.opened, 0)::bigint as opened,
    coalesce(change.solved, 0)::bigint as solved,
    coalesce(change.reopened, 0)::bigint as reopened
from places as place
cross join lateral {{ days_between('place.first_day', company_date(as_of())) }}
left join changes as change
    on day.day = change.day and place.place_id = change.place_id
