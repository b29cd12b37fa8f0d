{{ config(materialized='view') }}

select
    period,
    period_start,
    member as channel,
    n,
    n_done as n_answered,
    n_open as n_unanswered,
    median_minutes,
    median_ci_low,
    median_ci_high,
    p90_minutes,
    mean_done_minutes as mean_answered_minutes,
    mean_done_ci_low as mean_answered_ci_low,
    mean_done_ci_high as mean_answered_ci_high,
    is_small_sample,
    median_target_minutes
from {{ ref('mart_support__durations') }}
where metric = 'first_response' and dimension in ('all', 'channel')
