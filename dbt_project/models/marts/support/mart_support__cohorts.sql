{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='period_key',
    meta={'touched': 'mart_support__touched_periods'},
    indexes=[{'columns': ['period_key']}],
) }}
{%- set metrics = [
    'first_response', 'first_response_business', 'next_reply', 'next_reply_business', 'first_resolution',
    'first_resolution_business', 'full_resolution', 'full_resolution_business', 'requester_wait',
] %}
{%- set metric_array = "array['" ~ metrics | join("', '") ~ "']" %}

-- depends_on: {{ ref('mart_support__touched_periods') }}
-- Kaplan–Meier: what is not over still counts as lasting at least so long, so a slow team cannot look fast by leaving
-- things open. Every wait is in nine cells (four cuts by week and month, and single days of all), so a cell is one
-- number: that is what is sorted, once. There is no cohort of all time: nothing that is done today would move it.
with members as (
    select
        dimension,
        member,
        row_number() over (order by dimension, member) as member_id
    from (
        select
            'all' as dimension,
            'all' as member
        -- each told apart by itself: a union would sort all tickets three times over
        {%- for dimension, column in {'channel': 'channel', 'topic': 'topic', 'team': 'team_id'}.items() %}
            union all
            select distinct
                '{{ dimension }}' as dimension,
                {{ column }} as member
            from {{ ref('fct_tickets') }}
            where {{ column }} is not null
        {%- endfor %}
    ) as named
),

days as (
    select
        day.day,
        period.period,
        period.period_start,
        dense_rank() over (order by period.period, period.period_start) as period_id
    from (
        select
            min(cohort_date) as first_day,
            max(cohort_date) as last_day
        from (
            select created_date as cohort_date from {{ ref('fct_tickets') }}
            union all
            select asked_date from {{ ref('fct_ticket_replies') }}
        ) as dated
    ) as span
    cross join lateral {{ days_between('span.first_day', 'span.last_day') }}
    cross join lateral {{ period_rows('day.day') }}
    where
        period.period <> 'all'
        {%- if is_incremental() %}
            and {{ period_key('period.period', 'period.period_start') }} in (
                select touched.period_key from {{ ref('mart_support__touched_periods') }} as touched
            )
        {%- endif %}
),

waits as (
    select
        array_position({{ metric_array }}, wait.metric) as metric_id,
        wait.cohort_date,
        wait.minutes,
        wait.is_done::int as done,
        whole.member_id as whole_id,
        channel.member_id as channel_id,
        topic.member_id as topic_id,
        team.member_id as team_id
    from {{ ref('mart_support__waits') }} as wait
    inner join members as whole on whole.dimension = 'all'
    left join members as channel on channel.dimension = 'channel' and wait.channel = channel.member
    left join members as topic on topic.dimension = 'topic' and wait.topic = topic.member
    left join members as team on team.dimension = 'team' and wait.team_id = team.member
    {%- if is_incremental() %}
        where wait.cohort_date = any(array(select distinct day.day from days as day))
    {%- endif %}
),

cells as (
    select
        wait.minutes,
        wait.done,
        (wait.metric_id::bigint * 1000000 + member.member_id) * 1000000 + day.period_id as cell
    from waits as wait
    inner join days as day on wait.cohort_date = day.day
    cross join
        lateral (
            values (wait.whole_id, true), (wait.channel_id, false), (wait.topic_id, false), (wait.team_id, false)
        ) as member (member_id, is_whole)
    where member.member_id is not null and (day.period <> 'day' or member.is_whole)
),

-- one by one in order of time, those that end before those that are censored in the same moment
places as (
    select
        *,
        count(*) over (partition by cell) - row_number() over in_time + 1 as at_risk,
        (lead(minutes) over in_time is distinct from minutes) as is_moment_over
    from cells
    window in_time as (partition by cell order by minutes asc, done desc)
),

-- the share still waiting, as a product over the endings so far, and Greenwood's sum for its variance
survival as (
    select
        *,
        case
            when done = 1 and at_risk = 1 then 0
            else exp(
                sum(case when done = 1 and at_risk > 1 then ln(1 - 1.0::double precision / at_risk) else 0 end)
                    over so_far
            )
        end as share_waiting,
        sum(case when done = 1 and at_risk > 1 then 1.0::double precision / (at_risk * (at_risk - 1)) else 0 end)
            over so_far as greenwood
    from places
    window so_far as (partition by cell order by minutes asc, done desc rows unbounded preceding)
),

-- the interval of the share on the log-log scale, as survival packages draw it
bands as (
    select
        *,
        case
            when is_moment_over and share_waiting > 0 and share_waiting < 1
                then ln(-ln(share_waiting))
        end as log_log,
        case
            when is_moment_over and share_waiting > 0 and share_waiting < 1
                then {{ z_95() }}::double precision * sqrt(greenwood) / abs(ln(share_waiting))
        end as half_width
    from survival
),

-- a product of logarithms misses an exact half by a hair, so the borders give a billionth
summed as (
    select
        cell,
        count(*) as n,
        sum(done) as n_done,
        min(minutes) filter (where is_moment_over and share_waiting <= 0.5 + 1e-9) as median_minutes,
        min(minutes) filter (
            where is_moment_over and coalesce(exp(-exp(log_log + half_width)), share_waiting) <= 0.5 + 1e-9
        ) as median_ci_low,
        min(minutes) filter (
            where is_moment_over and coalesce(exp(-exp(log_log - half_width)), share_waiting) <= 0.5 + 1e-9
        ) as median_ci_high,
        min(minutes) filter (where is_moment_over and share_waiting <= 0.1 + 1e-9) as p90_minutes,
        max(minutes) filter (where done = 1) as longest_done_minutes,
        avg(minutes) filter (where done = 1) as mean_done_minutes,
        stddev_samp(minutes) filter (where done = 1) as deviation
    from bands
    group by cell
),

periods as (
    select distinct
        period_id,
        period,
        period_start
    from days
),

named as (
    select
        ({{ metric_array }})[total.cell / 1000000000000] as metric,
        member.dimension,
        member.member,
        day.period,
        day.period_start,
        total.*
    from summed as total
    inner join members as member on total.cell / 1000000 % 1000000 = member.member_id
    inner join periods as day on total.cell % 1000000 = day.period_id
)

select
    {{ period_key('named.period', 'named.period_start') }} as period_key,
    named.metric,
    named.dimension,
    named.member,
    named.period,
    named.period_start,
    named.n,
    named.n_done,
    named.n - named.n_done as n_open,
    {%- for figure in ['median_minutes', 'median_ci_low', 'median_ci_high', 'p90_minutes', 'longest_done_minutes',
        'mean_done_minutes'] %}
        {{ plain_number('named.' ~ figure) }} as {{ figure }},
    {%- endfor %}
    case
        when named.n_done > 1
            then {{ plain_number(
                'greatest(named.mean_done_minutes - named.deviation / sqrt(named.n_done) * '
                ~ t_95('named.n_done - 1', 'critical.t_975') ~ ', 0)'
            ) }}
    end as mean_done_ci_low,
    {{ plain_number(
        'named.mean_done_minutes + named.deviation / sqrt(named.n_done) * '
        ~ t_95('named.n_done - 1', 'critical.t_975')
    ) }} as mean_done_ci_high,
    {{ build_number() }} as build_number
from named
left join {{ ref('t_critical_values') }} as critical on named.n_done - 1 = critical.degrees_of_freedom
