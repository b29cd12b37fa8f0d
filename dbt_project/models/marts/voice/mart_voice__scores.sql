{{ config(indexes=[{'columns': ['metric', 'survey', 'period', 'period_start']}]) }}

{%- set cell = ['metric', 'kind', 'survey', 'scale', 'purpose', 'period', 'period_start'] %}

with measures (metric, measure, kind, unit) as (
    {{ score_measures() }}
),

answers as (
    select *
    from {{ ref('fct_survey_answers') }}
    where audience = 'customer' and answered_at <= {{ as_of() }}
),

points as (
    select
        measure.measure as metric,
        measure.kind,
        survey.survey,
        answer.scale,
        answer.purpose,
        period.period,
        period.period_start,
        answer.customer_key,
        answer.scale_min,
        answer.scale_max,
        -- a rating that was changed has no point in the first or in the latest score, but its period has its row
        {{ score_point('measure.measure', 'measure.kind', 'answer') }} as point
    from answers as answer
    inner join measures as measure on answer.metric = measure.metric
    cross join lateral (values (answer.survey), ('all')) as survey (survey)
    cross join lateral {{ period_rows('answer.answered_date') }}
    where measure.kind <> 'latest'
),

customers as (
    {{ score_customers('points', cell) }}
),

intervals as (
    select
        metric,
        survey,
        scale,
        purpose,
        period,
        period_start,
        value,
        n,
        n_customers,
        ci_low,
        ci_high
    from {{ score_estimates('customers', cell, ref('t_critical_values')) }} as estimate
),

trailing_scores as (
    select
        'nps_customers_90d' as metric,
        survey,
        scale,
        purpose,
        period,
        period_start,
        100 * (promoters - detractors)::numeric / nullif(n, 0) as value,
        n::numeric as n,
        n::numeric as n_customers,
        {{ nps_interval('promoters::numeric / nullif(n, 0)', 'detractors::numeric / nullif(n, 0)', 'n', 'low') }}
            as ci_low,
        {{ nps_interval('promoters::numeric / nullif(n, 0)', 'detractors::numeric / nullif(n, 0)', 'n', 'high') }}
            as ci_high
    from {{ ref('mart_voice__nps_trailing') }}
),

-- a survey that nobody has answered yet has its row too: n = 0 and no value
asked as (
    select
        measure.measure as metric,
        survey.survey,
        scale.scale,
        scale.purpose
    from {{ ref('survey_scales') }} as scale
    inner join measures as measure on scale.metric = measure.metric
    cross join lateral (values (scale.survey), ('all')) as survey (survey)
    where scale.audience = 'customer'
    group by measure.measure, survey.survey, scale.scale, scale.purpose
),

rejected as (
    select
        measure.measure as metric,
        survey.survey,
        refused.scale,
        refused.purpose,
        period.period,
        period.period_start,
        sum(refused.records) as n_rejected
    from {{ ref('mart_quality__rejected') }} as refused
    inner join measures as measure on refused.metric = measure.metric
    cross join lateral (values (refused.survey), ('all')) as survey (survey)
    cross join lateral {{ period_rows('refused.record_date') }}
    where
        refused.subject = 'survey answer'
        and refused.record_date <= {{ company_date(as_of()) }}
    group by
        measure.measure, survey.survey, refused.scale, refused.purpose, period.period, period.period_start
),

figures as (
    select * from intervals
    union all
    select * from trailing_scores
),

grains as (
    select
        metric,
        survey,
        scale,
        purpose,
        period,
        period_start
    from figures
    union distinct
    select
        metric,
        survey,
        scale,
        purpose,
        'all' as period,
        null::date as period_start
    from asked
    union distinct
    select
        metric,
        survey,
        scale,
        purpose,
        period,
        period_start
    from rejected
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
),

labels as (
    select
        survey,
        min(survey_label) as survey_label
    from {{ ref('survey_scales') }}
    group by survey
)

select
    grain.metric,
    grain.survey,
    coalesce(label.survey_label, 'All surveys') as survey_label,
    grain.scale,
    grain.purpose,
    grain.period,
    grain.period_start,
    {{ plain_number('figure.value') }} as value,
    coalesce(figure.n, 0)::bigint as n,
    coalesce(figure.n_customers, 0)::bigint as n_customers,
    -- the adjusted interval of one answer ends just short of it; an interval that leaves its value out helps nobody
    {{ plain_number('least(round(figure.ci_low, 12), figure.value + 0 * figure.ci_low)') }} as ci_low,
    {{ plain_number('greatest(round(figure.ci_high, 12), figure.value + 0 * figure.ci_high)') }} as ci_high,
    coalesce(figure.n, 0) < floor_setting.setting_value as is_small_sample,
    coalesce(refused.n_rejected, 0)::bigint as n_rejected,
    target.target,
    measure.unit
from grains as grain
left join figures as figure
    on grain.metric = figure.metric
    and grain.survey = figure.survey
    and grain.scale = figure.scale
    and grain.purpose = figure.purpose
    and grain.period = figure.period
    and grain.period_start is not distinct from figure.period_start
left join rejected as refused
    on grain.metric = refused.metric
    and grain.survey = refused.survey
    and grain.scale = refused.scale
    and grain.purpose = refused.purpose
    and grain.period = refused.period
    and grain.period_start is not distinct from refused.period_start
left join labels as label on grain.survey = label.survey
left join measures as measure on grain.metric = measure.measure
cross join floor_setting
left join {{ ref('metric_targets') }} as target
    on grain.metric = target.metric
    and target.segment = 'all'
    and grain.survey = 'all'
    and grain.period = target.period
