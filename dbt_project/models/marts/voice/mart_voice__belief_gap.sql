{{ config(indexes=[{'columns': ['metric', 'period', 'period_start']}]) }}

{%- set cell = ['kind', 'expected', 'purpose', 'scale', 'period', 'period_start'] %}
{%- set expected = ['side.expected_value', 'side.expected_ci_low', 'side.expected_ci_high'] %}
{%- set customer = ['side.value', 'side.ci_low', 'side.ci_high'] %}

-- Which score an expectation is of. One in per cent is of any scale, one on a scale is of that scale.
with beliefs (expected, metric, is_of_scale, divisor) as (
    values
    ('expected_nps', 'nps_responses', false, 1),
    ('expected_nps', 'nps_customers_90d', false, 1),
    ('expected_csat', 'csat', false, 100),
    ('expected_ces', 'ces_mean', true, 1)
),

points as (
    select
        'mean' as kind,
        answer.metric as expected,
        answer.purpose,
        answer.scale,
        period.period,
        period.period_start,
        answer.answer_key as customer_key,
        answer.score as point,
        answer.scale_min,
        answer.scale_max
    from {{ ref('fct_staff_answers') }} as answer
    cross join lateral {{ period_rows('answer.answered_date') }}
    where answer.metric in ('expected_nps', 'expected_csat', 'expected_ces') and period.period in ('all', 'month')
),

-- nobody is asked twice that is known: employees answer without a name
customers as (
    {{ score_customers('points', cell) }}
),

expectations as (
    select
        estimate.*,
        belief.metric,
        belief.is_of_scale,
        belief.divisor
    from {{ score_estimates('customers', cell, ref('t_critical_values')) }} as estimate
    inner join beliefs as belief on estimate.expected = belief.expected
),

sides as (
    select
        expectation.metric,
        score.scale,
        expectation.purpose,
        expectation.period,
        expectation.period_start,
        expectation.n as n_expected,
        score.value,
        score.ci_low,
        score.ci_high,
        score.n,
        score.is_small_sample,
        score.unit,
        expectation.value / expectation.divisor as expected_value,
        expectation.ci_low / expectation.divisor as expected_ci_low,
        expectation.ci_high / expectation.divisor as expected_ci_high
    from expectations as expectation
    inner join {{ ref('mart_voice__scores') }} as score
        on expectation.metric = score.metric
        and expectation.purpose = score.purpose
        and (expectation.scale = score.scale or not expectation.is_of_scale)
        and expectation.period = score.period
        and expectation.period_start is not distinct from score.period_start
        and score.survey = 'all'
)

select
    side.metric,
    side.scale,
    side.purpose,
    side.period,
    side.period_start,
    {{ plain_number('side.expected_value') }} as expected_value,
    side.n_expected::bigint as n_expected,
    {{ plain_number('side.expected_ci_low') }} as expected_ci_low,
    {{ plain_number('side.expected_ci_high') }} as expected_ci_high,
    side.value as customer_value,
    side.n as n_customer_answers,
    side.ci_low as customer_ci_low,
    side.ci_high as customer_ci_high,
    {{ plain_number('side.expected_value - side.value') }} as gap,
    {{ plain_number("round(" ~ difference_interval(expected, customer, '0', 'low') ~ ", 12)") }} as gap_ci_low,
    {{ plain_number("round(" ~ difference_interval(expected, customer, '0', 'high') ~ ", 12)") }} as gap_ci_high,
    side.is_small_sample,
    side.unit
from sides as side
