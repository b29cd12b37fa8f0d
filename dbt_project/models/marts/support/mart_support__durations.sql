{{ config(materialized='view') }}

-- Targets and the floor of small samples are settings, so they are looked up when somebody reads.
with floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
)

select
    cohort.metric,
    cohort.dimension,
    cohort.member,
    cohort.period,
    cohort.period_start,
    cohort.n,
    cohort.n_done,
    cohort.n_open,
    cohort.median_minutes,
    cohort.median_ci_low,
    cohort.median_ci_high,
    cohort.p90_minutes,
    cohort.mean_done_minutes,
    cohort.mean_done_ci_low,
    cohort.mean_done_ci_high,
    target.target as median_target_minutes,
    cohort.n < floor_setting.setting_value as is_small_sample
from {{ ref('mart_support__cohorts') }} as cohort
cross join floor_setting
left join {{ ref('metric_targets') }} as target
    on cohort.metric || '_median' = target.metric
    and cohort.member = target.segment
    and cohort.period = target.period
