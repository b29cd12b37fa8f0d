{{ config(indexes=[{'columns': ['team', 'quarter_start']}]) }}

{%- set staff_cell = ['kind', 'team', 'quarter_start'] %}
{%- set customer_cell = ['kind', 'metric', 'scale', 'purpose', 'team', 'quarter_start'] %}

with measures (metric, measure, kind, unit) as (
    {{ score_measures() }}
),

staff_points as (
    select
        team.team,
        -- employees answer without a name: each answer stands for itself
        answer.answer_key as customer_key,
        answer.scale_min,
        answer.scale_max,
        'net' as kind,
        date_trunc('quarter', answer.answered_date)::date as quarter_start,
        case answer.nps_group when 'promoter' then 100 when 'detractor' then -100 else 0 end as point
    from {{ ref('fct_staff_answers') }} as answer
    cross join lateral (values ('all'), (coalesce(answer.team, 'no team'))) as team (team)
    where answer.metric = 'enps'
),

staff_customers as (
    {{ score_customers('staff_points', staff_cell) }}
),

staff as (
    select * from {{ score_estimates('staff_customers', staff_cell, ref('t_critical_values')) }} as estimate
),

floors as (
    select
        max(setting_value) filter (where setting = 'staff_answers_floor') as staff_answers_floor,
        max(setting_value) filter (where setting = 'small_sample_floor') as small_sample_floor
    from {{ ref('metric_settings') }}
),

-- What all teams gave less what the shown ones gave is what the hidden ones gave. So the next larger team is hidden too
-- as long as those below it have fewer answers together than the floor.
smaller as (
    select
        team,
        quarter_start,
        coalesce(sum(n) over (
            partition by quarter_start order by n, team rows between unbounded preceding and 1 preceding
        ), 0) as answers_of_smaller
    from staff
    where team <> 'all'
),

shown as (
    select
        staff.*,
        staff.n < floors.staff_answers_floor
        or (smaller.answers_of_smaller > 0 and smaller.answers_of_smaller < floors.staff_answers_floor) as is_hidden
    from staff
    left join smaller on staff.team = smaller.team and staff.quarter_start = smaller.quarter_start
    cross join floors
),

points as (
    select
        measure.kind,
        measure.measure as metric,
        answer.scale,
        answer.purpose,
        team.team,
        date_trunc('quarter', answer.answered_date)::date as quarter_start,
        answer.customer_key,
        answer.scale_min,
        answer.scale_max,
        {{ score_point('measure.measure', 'measure.kind', 'answer') }} as point
    from {{ ref('mart_voice__answers') }} as answer
    inner join measures as measure on answer.metric = measure.metric
    cross join lateral (values ('all'), (answer.team)) as team (team)
    where
        measure.measure in ('csat', 'ces_mean', 'csat_helpdesk_latest', 'csat_helpdesk_survey')
        and answer.purpose = 'transactional'
        and answer.team is not null
),

customers as (
    {{ score_customers('points', customer_cell) }}
),

given as (
    select * from {{ score_estimates('customers', customer_cell, ref('t_critical_values')) }} as estimate
    where n > 0
)

select
    shown.team,
    shown.quarter_start,
    shown.n::bigint as n_staff_answers,
    coalesce(shown.is_hidden, false) as is_hidden,
    case when shown.is_hidden then null else {{ plain_number('shown.value') }} end as enps,
    case when shown.is_hidden then null else {{ plain_number('shown.ci_low') }} end as enps_ci_low,
    case when shown.is_hidden then null else {{ plain_number('shown.ci_high') }} end as enps_ci_high,
    given.metric as customer_metric,
    given.scale as customer_scale,
    {{ plain_number('given.value') }} as customer_value,
    given.n::bigint as n_customer_answers,
    {{ plain_number('given.ci_low') }} as customer_ci_low,
    {{ plain_number('given.ci_high') }} as customer_ci_high,
    given.n < floors.small_sample_floor as is_small_sample
from shown
left join given on shown.team = given.team and shown.quarter_start = given.quarter_start
cross join floors
