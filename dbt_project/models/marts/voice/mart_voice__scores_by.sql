{{ config(indexes=[{'columns': ['dimension', 'member', 'metric', 'period', 'period_start']}]) }}

with measures (metric, measure, kind, unit) as (
    {{ score_measures() }}
),

labels as (
    select
        'account' as dimension,
        account_key as member,
        account_name as label
    from {{ ref('dim_accounts') }}
    union all
    select
        'survey' as dimension,
        survey as member,
        min(survey_label) as label
    from {{ ref('survey_scales') }}
    group by survey
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
)

select
    estimate.metric,
    estimate.scale,
    estimate.purpose,
    estimate.dimension,
    estimate.member,
    estimate.period,
    estimate.period_start,
    estimate.value,
    estimate.n,
    estimate.n_customers,
    estimate.ci_low,
    estimate.ci_high,
    target.target,
    measure.unit,
    coalesce(label.label, estimate.member) as member_label,
    estimate.n < floor_setting.setting_value as is_small_sample
from {{ ref('mart_voice__estimates') }} as estimate
inner join measures as measure on estimate.metric = measure.measure
left join labels as label on estimate.dimension = label.dimension and estimate.member = label.member
cross join floor_setting
left join {{ ref('metric_targets') }} as target
    on estimate.metric = target.metric
    and estimate.period = target.period
    and estimate.member = target.segment
    and estimate.dimension in ('all', 'segment')
where estimate.period <> 'like_weekdays'
