{{ config(indexes=[{'columns': ['survey', 'period', 'period_start']}]) }}

-- An answer counts at every moment from when it was given until the customer's next one, or until it is 90 days old; so
-- the figures of all period ends come from one running sum.
with latest_answers as (
    select
        survey.survey,
        answer.scale,
        answer.purpose,
        answer.nps_group,
        answer.answered_at as counts_from,
        least(
            lead(answer.answered_at) over (
                partition by survey.survey, answer.scale, answer.purpose, answer.customer_key
                order by answer.answered_at, answer.answer_key
            ),
            answer.answered_at + interval '2160 hours'
        ) as counts_until
    from {{ ref('fct_survey_answers') }} as answer
    cross join lateral (values (answer.survey), ('all')) as survey (survey)
    where
        answer.metric = 'nps'
        and answer.audience = 'customer'
        and answer.answered_at <= {{ as_of() }}
),

first_days as (
    select
        survey,
        scale,
        purpose,
        {{ company_date('min(counts_from)') }} as first_day
    from latest_answers
    group by survey, scale, purpose
),

period_ends as (
    select distinct
        first_day.survey,
        first_day.scale,
        first_day.purpose,
        period.period,
        period.period_start,
        -- least() takes as_of for the period without an end
        least(
            {{ as_of() }},
            {{ day_start("(
                period.period_start
                + case period.period when 'month' then interval '1 month' when 'week' then interval '7 days'
                    else interval '1 day' end
            )::date") }}
        ) as ends_at
    from first_days as first_day
    cross join lateral {{ days_between('first_day.first_day', company_date(as_of())) }}
    cross join lateral {{ period_rows('day.day') }}
),

moments as (
    select
        survey,
        scale,
        purpose,
        null as period,
        null::date as period_start,
        counts_from as happens_at,
        1 as answer,
        case nps_group when 'promoter' then 1 else 0 end as promoter,
        case nps_group when 'detractor' then 1 else 0 end as detractor
    from latest_answers
    union all
    select
        survey,
        scale,
        purpose,
        null as period,
        null::date as period_start,
        counts_until as happens_at,
        -1 as answer,
        case nps_group when 'promoter' then -1 else 0 end as promoter,
        case nps_group when 'detractor' then -1 else 0 end as detractor
    from latest_answers
    union all
    select
        survey,
        scale,
        purpose,
        period,
        period_start,
        ends_at as happens_at,
        0 as answer,
        0 as promoter,
        0 as detractor
    from period_ends
),

running as (
    select
        survey,
        scale,
        purpose,
        period,
        period_start,
        (sum(answer) over so_far)::bigint as n,
        (sum(promoter) over so_far)::bigint as promoters,
        (sum(detractor) over so_far)::bigint as detractors
    from moments
    window so_far as (
        partition by survey, scale, purpose order by happens_at
        range between unbounded preceding and current row
    )
)

select
    survey,
    scale,
    purpose,
    period,
    period_start,
    n,
    promoters,
    detractors
from running
where period is not null
