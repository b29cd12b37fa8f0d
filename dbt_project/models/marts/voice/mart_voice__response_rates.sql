{{ config(indexes=[{'columns': ['survey', 'dimension', 'member', 'period', 'period_start']}]) }}

{%- set cell = ['kind', 'survey', 'dimension', 'member', 'period', 'period_start'] %}

with responses as (
    select
        response.*,
        coalesce(team.team, response.team_id) as team,
        customer.account_key,
        customer.segment,
        customer.country,
        customer.value_tier,
        -- a survey that knows of nobody whom it invited has no response rate
        bool_or(response.invited_at is not null) over (partition by response.survey) as has_invitations,
        bool_or(response.started_at is not null) over (partition by response.survey) as has_starts,
        case when response.answered_at <= {{ as_of() }} then 1 else 0 end as is_answered,
        case when response.completed_at <= {{ as_of() }} then 1 else 0 end as is_completed
    from {{ ref('fct_survey_responses') }} as response
    left join {{ ref('teams') }} as team on response.source = team.source and response.team_id = team.team_id
    left join {{ ref('mart_voice__members') }} as customer on response.customer_key = customer.customer_key
    where coalesce(response.invited_at, response.started_at, response.answered_at) <= {{ as_of() }}
),

cuts as (
    select
        response.*,
        cut.dimension,
        cut.member,
        period.period,
        period.period_start
    from responses as response
    cross join lateral {{ voice_members('response') }}
    cross join lateral {{ period_rows('response.asked_date') }}
    where
        cut.member is not null
        -- whoever merely opened a form is nobody that is known, so only those who were invited are cut any finer
        and (cut.dimension = 'all' or response.has_invitations)
        and cut.dimension <> 'survey'
        and (period.period <> 'day' or cut.dimension = 'all')
),

points as (
    select
        'share' as kind,
        survey,
        dimension,
        member,
        period,
        period_start,
        customer_key,
        is_answered as point,
        0::numeric as scale_min,
        1::numeric as scale_max
    from cuts
    where invited_at is not null
),

customers as (
    {{ score_customers('points', cell) }}
),

rates as (
    select * from {{ score_estimates('customers', cell, ref('t_critical_values')) }} as estimate
),

totals as (
    select
        survey,
        dimension,
        member,
        period,
        period_start,
        min(survey_label) as survey_label,
        case when bool_or(has_invitations) then count(invited_at) end as n_invited,
        case when bool_or(has_starts) then count(started_at) end as n_started,
        sum(is_answered) as n_answered,
        sum(is_completed) as n_completed,
        case when bool_or(has_starts) then count(*) filter (where started_at is not null and is_completed = 1) end
            as n_started_completed
    from cuts
    group by survey, dimension, member, period, period_start
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
)

select
    total.survey,
    coalesce(total.survey_label, total.survey) as survey_label,
    total.dimension,
    total.member,
    total.period,
    total.period_start,
    total.n_invited,
    total.n_started,
    total.n_answered,
    total.n_completed,
    {{ plain_number('rate.value') }} as response_rate,
    {{ plain_number('rate.ci_low') }} as response_rate_ci_low,
    {{ plain_number('rate.ci_high') }} as response_rate_ci_high,
    {{ plain_number('total.n_started_completed::numeric / nullif(total.n_started, 0)') }} as completion_rate,
    {{ plain_number('total.n_invited::numeric / nullif(whole.n_invited, 0)') }} as share_of_invited,
    case
        when total.n_invited is not null
            then {{ plain_number('total.n_answered::numeric / nullif(whole.n_answered, 0)') }}
    end as share_of_answered,
    coalesce(total.n_invited, total.n_started, total.n_answered) < floor_setting.setting_value as is_small_sample
from totals as total
inner join totals as whole
    on total.survey = whole.survey
    and total.period = whole.period
    and total.period_start is not distinct from whole.period_start
    and whole.dimension = 'all'
left join rates as rate
    on total.survey = rate.survey
    and total.dimension = rate.dimension
    and total.member = rate.member
    and total.period = rate.period
    and total.period_start is not distinct from rate.period_start
cross join floor_setting
