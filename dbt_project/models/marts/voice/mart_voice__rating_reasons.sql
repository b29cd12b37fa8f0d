{{ config(indexes=[{'columns': ['metric', 'dimension', 'member', 'period', 'period_start']}]) }}

{%- set cell = ['metric', 'kind', 'dimension', 'member', 'period', 'period_start', 'n_rated', 'reason'] %}

with ratings as (
    select
        measure.metric,
        cut.dimension,
        cut.member,
        period.period,
        period.period_start,
        rating.customer_key,
        rating.is_good,
        coalesce(rating.rating_reason, 'none given') as reason,
        count(*) over (
            partition by measure.metric, cut.dimension, cut.member, period.period, period.period_start
        ) as n_rated
    from {{ ref('mart_voice__answers') }} as rating
    cross join
        lateral (
            values ('csat_helpdesk_first', rating.is_first_of_ticket),
            ('csat_helpdesk_latest', rating.is_latest_of_ticket)
        ) as measure (metric, counts)
    cross join lateral {{ voice_members('rating') }}
    cross join lateral {{ period_rows('rating.answered_date') }}
    where
        rating.metric = 'csat_helpdesk'
        and measure.counts
        and cut.member is not null
        and cut.dimension in ('all', 'channel', 'topic', 'team', 'segment')
        and period.period in ('all', 'month')
),

reasons as (
    select distinct reason
    from ratings
    where not is_good
),

-- each bad rating says yes to one of the reasons and no to the others
points as (
    select
        rating.metric,
        'share' as kind,
        rating.dimension,
        rating.member,
        rating.period,
        rating.period_start,
        rating.n_rated,
        reason.reason,
        rating.customer_key,
        0::numeric as scale_min,
        1::numeric as scale_max,
        case when rating.reason = reason.reason then 1 else 0 end as point
    from ratings as rating
    cross join reasons as reason
    where not rating.is_good
),

customers as (
    {{ score_customers('points', cell) }}
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
)

select
    estimate.metric,
    estimate.dimension,
    estimate.member,
    estimate.period,
    estimate.period_start,
    estimate.reason,
    estimate.n::bigint as n_bad,
    estimate.n_rated,
    round(estimate.value * estimate.n)::bigint as n,
    {{ plain_number('estimate.value') }} as share_of_bad,
    {{ plain_number('estimate.ci_low') }} as ci_low,
    {{ plain_number('estimate.ci_high') }} as ci_high,
    estimate.n < floor_setting.setting_value as is_small_sample
from {{ score_estimates('customers', cell, ref('t_critical_values')) }} as estimate
cross join floor_setting
where estimate.value > 0
