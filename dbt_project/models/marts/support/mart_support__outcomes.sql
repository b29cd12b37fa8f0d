{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='period_key',
    meta={'touched': 'mart_support__touched_outcomes'},
    indexes=[{'columns': ['period_key']}, {'columns': ['metric', 'dimension', 'period']}],
) }}
{%- set touched = ref('mart_support__touched_outcomes') %}
{%- set month = "date_trunc('month', ticket.created_date)::date" %}
{%- set chosen = 'ticket.account_key is not null and '
    ~ only_touched(period_key("'month'", month), touched, 'period_key') %}
{%- if is_incremental() %}
    {#- the days beside their months: they have an index #}
    {%- set chosen = chosen ~ ' and ' ~ in_touched_periods('ticket.created_date', touched) %}
{%- endif %}

-- depends_on: {{ touched }}
-- Days added up to weeks and months, and accounts counted by the month.
with
{{ counted_outcomes(month, chosen, "cut.dimension = 'account'") }},

added as (
    select
        daily.metric,
        daily.dimension,
        daily.member,
        period.period,
        period.period_start,
        sum(daily.n)::bigint as n,
        sum(daily.hits)::bigint as hits,
        sum(daily.n_open)::bigint as n_open
    from {{ ref('mart_support__outcomes_daily') }} as daily
    cross join lateral {{ period_rows('daily.created_date') }}
    where
        period.period in ('month', 'week')
        and {{ only_touched(period_key('period.period', 'period.period_start'), touched, 'period_key') }}
        {%- if is_incremental() %}
            and {{ in_touched_periods('daily.created_date', touched) }}
        {%- endif %}
    group by daily.metric, daily.dimension, daily.member, period.period, period.period_start
    union all
    select
        metric,
        dimension,
        member,
        'month' as period,
        created_date as period_start,
        n,
        hits,
        n_open
    from counted
)

select
    {{ period_key('period', 'period_start') }} as period_key,
    metric,
    dimension,
    member,
    period,
    period_start,
    n,
    hits,
    n_open,
    {{ build_number() }} as build_number
from added
-- what a night writes again lies together then
order by period_key
