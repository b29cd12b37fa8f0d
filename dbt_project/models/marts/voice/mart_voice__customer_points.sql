{{ config(indexes=[{'columns': ['cell_key']}]) }}

{%- set cell = ['metric', 'kind', 'scale', 'purpose', 'dimension', 'member', 'period', 'period_start'] %}
{%- set long_periods = var('score_periods') | select('in', ['month', 'week']) | list %}

-- What each customer adds to each score: the one place where answers are taken together, so that scores and their
-- changes count the same.
with measures (metric, measure, kind, unit) as (
    {{ score_measures() }}
),

answers as (
    select
        answer.*,
        cut.dimension,
        cut.member
    from {{ ref('mart_voice__answers') }} as answer
    cross join lateral {{ voice_members('answer') }}
    where cut.member is not null
),

given as (
    select
        measure.measure as metric,
        measure.kind,
        answer.scale,
        answer.purpose,
        answer.dimension,
        answer.member,
        period.period,
        period.period_start,
        answer.customer_key,
        answer.scale_min,
        answer.scale_max,
        {{ score_point('measure.measure', 'measure.kind', 'answer') }} as point
    from answers as answer
    inner join measures as measure on answer.metric = measure.metric
    cross join lateral {{ score_period_rows('answer.answered_date', "answer.dimension in ('all', 'survey')") }}
    where measure.kind <> 'latest'
),

-- an answer is its customer's latest from when it was given until the next one, or until it is 90 days old
latest_answers as (
    select
        answer.scale,
        answer.purpose,
        answer.dimension,
        answer.member,
        answer.customer_key,
        answer.scale_min,
        answer.scale_max,
        answer.answered_at as counts_from,
        {{ score_point("'nps_customers_90d'", "'latest'", 'answer') }} as point,
        least(
            lead(answer.answered_at) over (
                partition by answer.dimension, answer.member, answer.scale, answer.purpose, answer.customer_key
                order by answer.answered_at, answer.answer_key
            ),
            answer.answered_at + interval '2160 hours'
        ) as counts_until
    from answers as answer
    where answer.metric = 'nps'
),

standing as (
    select
        latest.*,
        'all' as period,
        null::date as period_start
    from latest_answers as latest
    where latest.counts_until > {{ as_of() }}
    {%- for period in long_periods %}
        union all
        select
            latest.*,
            '{{ period }}' as period,
            start.period_start
        from latest_answers as latest
        cross join lateral {{ period_starts_between(
            period, company_date('latest.counts_from'), company_date('least(latest.counts_until, ' ~ as_of() ~ ')')
        ) }}
        where
            latest.counts_from <= {{ period_end(period, 'start.period_start') }}
            and latest.counts_until > {{ period_end(period, 'start.period_start') }}
    {%- endfor %}
),

points as (
    select * from given
    union all
    select
        'nps_customers_90d' as metric,
        'latest' as kind,
        scale,
        purpose,
        dimension,
        member,
        period,
        period_start,
        customer_key,
        scale_min,
        scale_max,
        point
    from standing
),

customers as (
    {{ score_customers('points', cell) }}
)

select
    *,
    {{ cell_key('customers') }} as cell_key
from customers
