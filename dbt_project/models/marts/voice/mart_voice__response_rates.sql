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
    -- the team is the helpdesk's, whoever asked
    left join {{ ref('teams') }} as team
        on response.team_id = team.team_id and team.source = split_part(response.ticket_key, ':', 1)
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

-- estimates and counts of a cell are stacked and gathered: no join by five columns
figures as (
    select
        survey,
        dimension,
        member,
        period,
        period_start,
        null as survey_label,
        null::bigint as n_invited,
        null::bigint as n_started,
        null::bigint as n_answered,
        null::bigint as n_completed,
        null::bigint as n_started_completed,
        value,
        ci_low,
        ci_high
    from {{ score_estimates('customers', cell, ref('t_critical_values')) }} as estimate
    union all
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
            as n_started_completed,
        null as value,
        null as ci_low,
        null as ci_high
    from cuts
    group by survey, dimension, member, period, period_start
),

gathered as (
    select
        survey,
        dimension,
        member,
        period,
        period_start,
        max(survey_label) as survey_label,
        max(n_invited) as n_invited,
        max(n_started) as n_started,
        max(n_answered) as n_answered,
        max(n_completed) as n_completed,
        max(n_started_completed) as n_started_completed,
        max(value) as value,
        max(ci_low) as ci_low,
        max(ci_high) as ci_high
    from figures
    group by survey, dimension, member, period, period_start
),

cells as (
    select
        *,
        max(n_invited) filter (where dimension = 'all') over whole as all_invited,
        max(n_answered) filter (where dimension = 'all') over whole as all_answered
    from gathered
    window whole as (partition by survey, period, period_start)
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
)

select
    cell.survey,
    coalesce(cell.survey_label, cell.survey) as survey_label,
    cell.dimension,
    cell.member,
    cell.period,
    cell.period_start,
    cell.n_invited,
    cell.n_started,
    cell.n_answered,
    cell.n_completed,
    {{ plain_number('cell.value') }} as response_rate,
    {{ plain_number('cell.ci_low') }} as response_rate_ci_low,
    {{ plain_number('cell.ci_high') }} as response_rate_ci_high,
    {{ plain_number('cell.n_started_completed::numeric / nullif(cell.n_started, 0)') }} as completion_rate,
    {{ plain_number('cell.n_invited::numeric / nullif(cell.all_invited, 0)') }} as share_of_invited,
    case
        when cell.n_invited is not null
            then {{ plain_number('cell.n_answered::numeric / nullif(cell.all_answered, 0)') }}
    end as share_of_answered,
    coalesce(cell.n_invited, cell.n_started, cell.n_answered) < floor_setting.setting_value as is_small_sample
from cells as cell
cross join floor_setting
