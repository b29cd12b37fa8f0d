{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='period_key',
    meta={'touched': 'mart_support__touched_periods'},
    indexes=[{'columns': ['period_key']}, {'columns': ['dimension']}, {'columns': ['build_number']}],
    pre_hook='{{ without_merge_joins() }}',
) }}
{%- set waits_array = "array['" ~ waits() | join("', '") ~ "']" %}

-- depends_on: {{ ref('mart_support__touched_periods') }}
-- Kaplan–Meier: what is not over still counts as lasting at least so long, so a slow team cannot look fast by leaving
-- things open. Every wait is in up to fourteen cells (six cuts by week and month, accounts by month alone, and single
-- days of all), so a cell is one number, and its waits one sorted list. Where nothing is censored before the figures,
-- they are values at known places of the list; only the other cells are walked through, from censoring to censoring.
-- There is no cohort of all time: nothing that is done today would move it.
with days as (
    select
        day.day,
        period.period,
        period.period_start,
        dense_rank() over (order by period.period, period.period_start) as period_id,
        period.period = 'day' as is_day,
        {{ is_told_by("'account'", 'period.period') }} as is_told_of_accounts
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
        select
            ticket_key,
            metric_number,
            cohort_date,
            minutes,
            is_done
        from {{ ref('mart_support__waits') }}
        where cohort_date = any(array(select distinct touched.day from days as touched))
    ),
{% endif %}
-- numbers of what a ticket belongs to, looked up once for all its waits (inlined, they would be for each)
tickets as materialized (
    select
        ticket.ticket_key,
        member.member_id,
        cut.dimension = 'all' as is_all,
        cut.dimension = 'account' as is_account
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
        and (ticket.is_all or not day.is_day)
        and (day.is_told_of_accounts or not ticket.is_account)
),

gathered as (
    select
        cell,
        count(*) as n,
        count(*) filter (where is_done) as n_done,
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

censored as (
    select
        cell,
        n,
        n_done,
        done,
        running
    from ranked
    where not is_uncensored and n_done > 0
),

summed as (
    select
        ranked.cell,
        ranked.n,
        ranked.n_done,
        {%- for figure, rank in {'median_minutes': 'median_rank', 'median_ci_low': 'median_low_rank',
            'median_ci_high': 'median_high_rank', 'p90_minutes': 'p90_rank'}.items() %}
            {{ value_at(
                'ranked.done',
                'case when ranked.is_uncensored then ranked.' ~ rank ~ ' else walked.' ~ rank ~ ' end'
            ) }} as {{ figure }},
        {%- endfor %}
        {{ value_at('ranked.done', 'ranked.n_done') }} as longest_done_minutes,
        of_done.mean_done_minutes,
        of_done.deviation
    from ranked
    left join {{ censored_ranks('censored') }} as walked on ranked.cell = walked.cell
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
-- what a night writes again, and what it compares with of all tickets, lies together then
order by period_key, named.dimension
