{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='period_key',
    meta={'touched': 'mart_support__touched_periods'},
    indexes=[{'columns': ['period_key']}, {'columns': ['build_number']}],
    pre_hook='{{ without_merge_joins() }}',
) }}
{%- set waits_array = "array['" ~ waits() | join("', '") ~ "']" %}

-- depends_on: {{ ref('mart_support__touched_periods') }}
-- Kaplan–Meier: what is not over still counts as lasting at least so long, so a slow team cannot look fast by leaving
-- things open. Every wait is in up to fourteen cells (six cuts by week and month, accounts by month alone, and single
-- days of all), so a cell is one number, and its waits one sorted list. Where nothing is censored before the figures,
-- they are values at known places of the list; only the other cells are walked through wait by wait. There is no cohort
-- of all time: nothing that is done today would move it.
with days as (
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

{% if is_incremental() -%}
    waits as (
        select *
        from {{ ref('mart_support__waits') }}
        where cohort_date = any(array(select distinct touched.day from days as touched))
    ),
{% endif %}
-- numbers of what a ticket belongs to, looked up once for all its waits (inlined, they would be for each)
tickets as materialized (
    select
        ticket.ticket_key,
        cut.dimension,
        member.member_id
    from {{ ref('fct_tickets') }} as ticket
    cross join lateral {{ ticket_members('ticket') }}
    inner join {{ ref('mart_support__cut_members') }} as member
        on cut.dimension = member.dimension and cut.member = member.member
    {%- if is_incremental() %}
        where ticket.ticket_key in (select wait.ticket_key from waits as wait)
    {%- endif %}
),

cells as (
    select
        wait.minutes,
        wait.is_done,
        (wait.metric_number * 1000000000 + ticket.member_id) * 1000000 + day.period_id as cell
    from {{ 'waits' if is_incremental() else ref('mart_support__waits') }} as wait
    inner join tickets as ticket on wait.ticket_key = ticket.ticket_key
    inner join days as day
        on wait.cohort_date = day.day
        and (day.period <> 'day' or ticket.dimension = 'all')
        and {{ is_told_by('ticket.dimension', 'day.period') }}
),

gathered as (
    select
        cell,
        count(*) as n,
        {{ sorted_values('minutes', 'is_done') }} as done,
        {{ sorted_values('minutes', 'not is_done') }} as running
    from cells
    group by cell
),

ranked as (
    select
        gathered.*,
        ranks.median_rank,
        ranks.median_low_rank,
        ranks.median_high_rank,
        ranks.p90_rank,
        -- what ends in the moment of the first censoring has ended before it
        coalesce(
            {{ value_at('gathered.done', 'greatest(ranks.median_high_rank, ranks.p90_rank)') }}
            <= {{ value_at('gathered.running', '1') }},
            gathered.running is null
        ) as is_uncensored
    from gathered
    inner join {{ uncensored_ranks('gathered') }} as ranks on gathered.n = ranks.n
),

-- one by one in order of time, those that end before those that are censored in the same moment
places as (
    select
        *,
        n - row_number() over in_time + 1 as at_risk,
        (lead(minutes) over in_time is distinct from minutes) as is_moment_over
    from (
        select
            ranked.cell,
            ranked.n,
            one.minutes,
            1 as done
        from ranked
        cross join lateral {{ listed_values('ranked.done') }} as one (minutes)
        where not ranked.is_uncensored
        union all
        select
            ranked.cell,
            ranked.n,
            one.minutes,
            0 as done
        from ranked
        cross join lateral {{ listed_values('ranked.running') }} as one (minutes)
        where not ranked.is_uncensored
    ) as censored
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
        cell,
        minutes,
        share_waiting,
        case when share_waiting > 0 and share_waiting < 1 then ln(-ln(share_waiting)) end as log_log,
        case
            when share_waiting > 0 and share_waiting < 1
                then {{ z_95() }}::double precision * sqrt(greenwood) / abs(ln(share_waiting))
        end as half_width
    from survival
    where is_moment_over
),

-- a product of logarithms misses an exact half by a hair, so the borders give a billionth
walked as (
    select
        cell,
        min(minutes) filter (where share_waiting <= 0.5 + 1e-9) as median_minutes,
        min(minutes) filter (where coalesce(exp(-exp(log_log + half_width)), share_waiting) <= 0.5 + 1e-9)
            as median_ci_low,
        min(minutes) filter (where coalesce(exp(-exp(log_log - half_width)), share_waiting) <= 0.5 + 1e-9)
            as median_ci_high,
        min(minutes) filter (where share_waiting <= 0.1 + 1e-9) as p90_minutes
    from bands
    group by cell
),

summed as (
    select
        ranked.cell,
        ranked.n,
        {{ values_in('ranked.done') }} as n_done,
        {%- for figure, rank in {'median_minutes': 'median_rank', 'median_ci_low': 'median_low_rank',
            'median_ci_high': 'median_high_rank', 'p90_minutes': 'p90_rank'}.items() %}
            case
                when ranked.is_uncensored then {{ value_at('ranked.done', 'ranked.' ~ rank) }}
                else walked.{{ figure }}
            end as {{ figure }},
        {%- endfor %}
        {{ value_at('ranked.done', values_in('ranked.done')) }} as longest_done_minutes,
        of_done.mean_done_minutes,
        of_done.deviation
    from ranked
    left join walked on ranked.cell = walked.cell
    cross join
        lateral (
            select
                avg(one.minutes) as mean_done_minutes,
                stddev_samp(one.minutes) as deviation
            from {{ listed_values('ranked.done') }} as one (minutes)
        ) as of_done
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
        ({{ waits_array }})[total.cell / 1000000000000000] as metric,
        member.dimension,
        member.member,
        day.period,
        day.period_start,
        total.*
    from summed as total
    inner join {{ ref('mart_support__cut_members') }} as member
        on total.cell / 1000000 % 1000000000 = member.member_id
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
