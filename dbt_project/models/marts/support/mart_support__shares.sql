{{ config(materialized='view') }}
{%- set share = 'total.hits::double precision / nullif(total.n, 0)' %}
{%- set is_over -%}
    {{ day_start(last_day('total.period', 'total.period_start') ~ ' + 1') }}
    + case
        when total.metric like 'fcr_7d_%' then fcr_window.hours_7d
        when total.metric like 'fcr_14d_%' then fcr_window.hours_14d
        else 0
    end * interval '1 hour' <= {{ as_of() }}
{%- endset %}

-- Targets, windows and the floor of small samples are settings, so they are looked up when somebody reads. All time is
-- its months together.
with totals as (
    {%- if 'day' in var('score_periods') %}
        select
            metric,
            dimension,
            member,
            'day' as period,
            created_date as period_start,
            n,
            hits,
            n_open
        from {{ ref('mart_support__outcomes_daily') }}
        union all
    {%- endif %}
    select
        metric,
        dimension,
        member,
        period,
        period_start,
        n,
        hits,
        n_open
    from {{ ref('mart_support__outcomes') }}
    {%- if 'all' in var('score_periods') %}
        union all
        select
            metric,
            dimension,
            member,
            'all' as period,
            null::date as period_start,
            sum(n)::bigint as n,
            sum(hits)::bigint as hits,
            sum(n_open)::bigint as n_open
        from {{ ref('mart_support__outcomes') }}
        where period = 'month'
        group by metric, dimension, member
    {%- endif %}
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
)

select
    total.metric,
    total.dimension,
    total.member,
    total.period,
    total.period_start,
    total.n,
    {{ plain_number('total.hits::numeric / nullif(total.n, 0)') }} as value,
    {{ plain_number(wilson_interval(share, 'total.n', 'low')) }} as ci_low,
    {{ plain_number(wilson_interval(share, 'total.n', 'high')) }} as ci_high,
    total.n_open,
    total.n_open = 0 and coalesce({{ is_over }}, false) as is_final,
    total.n < floor_setting.setting_value as is_small_sample,
    target.target
from totals as total
cross join floor_setting
cross join {{ fcr_windows() }} as fcr_window
left join {{ ref('metric_targets') }} as target
    on total.metric = target.metric and total.member = target.segment and total.period = target.period
