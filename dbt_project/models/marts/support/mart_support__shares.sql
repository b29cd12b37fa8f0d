{{ config(indexes=[{'columns': ['metric', 'dimension', 'period']}]) }}

with summed as (
    select
        outcome.metric,
        outcome.dimension,
        outcome.member,
        period.period,
        period.period_start,
        sum(outcome.n::integer) as n,
        sum(outcome.hits::integer) as hits
    from {{ ref('mart_support__outcomes_daily') }} as outcome
    cross join lateral {{ period_rows('outcome.created_date') }}
    group by outcome.metric, outcome.dimension, outcome.member, period.period, period.period_start
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
    {{ plain_number('total.hits::numeric / total.n') }} as value,
    {{ plain_number(wilson_interval('total.hits::double precision / total.n', 'total.n', 'low')) }} as ci_low,
    {{ plain_number(wilson_interval('total.hits::double precision / total.n', 'total.n', 'high')) }} as ci_high,
    total.n < floor_setting.setting_value as is_small_sample,
    target.target
from summed as total
cross join floor_setting
left join {{ ref('metric_targets') }} as target
    on total.metric = target.metric and total.member = target.segment and total.period = target.period
