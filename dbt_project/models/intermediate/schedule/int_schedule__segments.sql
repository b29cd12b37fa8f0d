{{ config(materialized='table', indexes=[{'columns': ['schedule_key', 'utc_date']}]) }}

-- Each schedule's hours are laid out on the calendar once, whatever the number of tickets: local days × weekly
-- intervals without holidays, turned to UTC (so a change of clocks lengthens or shortens the day that has it), cut at
-- midnights of UTC, and added up from the first.
with span as (
    select
        -- tickets that were imported have comments from before their creation
        {{ utc_date('coalesce(min(created_at), ' ~ as_of() ~ ')') }} - {{ var('business_time_days_before') }}
            as first_day,
        -- a vendor whose clock is ahead tells of moments that are yet to come
        {{ utc_date(as_of()) }} + {{ var('business_time_days_after') }} as last_day
    from {{ ref('int_ticket__tickets') }}
),

open_days as (
    select
        schedule.schedule_key,
        schedule.time_zone,
        day.day,
        extract(isodow from day.day)::int % 7 * 1440 as day_minute
    from {{ ref('int_schedule__schedules') }} as schedule
    cross join span
    cross join lateral {{ days_between('span.first_day - 1', 'span.last_day + 1') }}
    where not exists (
        select 1
        from {{ ref('int_schedule__holidays') }} as holiday
        where
            holiday.schedule_key = schedule.schedule_key
            and day.day between holiday.first_day and holiday.last_day
    )
),

hours as (
    select
        day.schedule_key,
        {{ wall_time('day.day', 'greatest(opening.opens_minute - day.day_minute, 0)', 'day.time_zone') }} as opens_at,
        {{ wall_time('day.day', 'least(opening.closes_minute - day.day_minute, 1440)', 'day.time_zone') }} as closes_at
    from open_days as day
    inner join {{ ref('int_schedule__intervals') }} as opening
        on day.schedule_key = opening.schedule_key
        and opening.opens_minute < day.day_minute + 1440
        and day.day_minute < opening.closes_minute
),

-- hours that overlap or touch count once: open is where more have begun than ended
edges as (
    select
        schedule_key,
        opens_at as at,
        1 as step
    from hours
    union all
    select
        schedule_key,
        closes_at as at,
        -1 as step
    from hours
    union all
    select
        schedule.schedule_key,
        day.day::timestamp at time zone 'UTC' as at,
        0 as step
    from {{ ref('int_schedule__schedules') }} as schedule
    cross join span
    cross join lateral {{ days_between('span.first_day', 'span.last_day + 1') }}
),

segments as (
    select
        schedule_key,
        at as from_at,
        lead(at) over (partition by schedule_key order by at) as to_at,
        sum(sum(step)) over (partition by schedule_key order by at) > 0 as is_open
    from edges
    group by schedule_key, at
)

select
    segment.schedule_key,
    {{ utc_date('segment.from_at') }} as utc_date,
    segment.from_at,
    segment.to_at,
    segment.is_open,
    coalesce(
        sum(case when segment.is_open then {{ seconds_between('segment.from_at', 'segment.to_at') }} else 0 end) over (
            partition by segment.schedule_key
            order by segment.from_at
            rows between unbounded preceding and 1 preceding
        ),
        0
    ) as open_seconds_before
from segments as segment
cross join span
where
    segment.to_at is not null
    and {{ utc_date('segment.from_at') }} between span.first_day and span.last_day
