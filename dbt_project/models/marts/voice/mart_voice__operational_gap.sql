{{ config(indexes=[{'columns': ['success', 'rated_by', 'dimension', 'member', 'period', 'period_start']}]) }}

{%- set cell = ['kind', 'side', 'success', 'rated_by', 'scale', 'dimension', 'member', 'period', 'period_start'] %}
{%- set company = ['cell.company_value', 'cell.company_ci_low', 'cell.company_ci_high'] %}
{%- set customer = ['cell.customer_value', 'cell.customer_ci_low', 'cell.customer_ci_high'] %}

-- What the customers of a ticket said of it: the answer that stands, on each scale of its own.
with latest_answers as (
    select
        ticket_key,
        scale,
        is_good,
        case when metric = 'csat_helpdesk' then 'csat_helpdesk_latest' else metric end as rated_by,
        row_number() over (
            partition by ticket_key, metric, scale
            order by answered_at desc, answer_key desc
        ) as latest_first
    from {{ ref('mart_voice__answers') }}
    where ticket_key is not null and metric in ('csat', 'csat_helpdesk', 'csat_helpdesk_survey')
),

ways as (
    select
        case when metric = 'csat_helpdesk' then 'csat_helpdesk_latest' else metric end as rated_by,
        scale
    from {{ ref('survey_scales') }}
    where metric in ('csat_helpdesk', 'csat_helpdesk_survey')
    union distinct
    select
        rated_by,
        scale
    from latest_answers
),

-- All promises of a ticket together: one that is broken breaks it, one that still runs leaves it undecided.
promises as (
    select
        ticket_key,
        case
            when bool_or(is_breached) then 0
            when count(*) = count(stopped_at) then 1
        end as is_kept
    from {{ ref('fct_sla_targets') }}
    group by ticket_key
),

tickets as (
    select
        ticket.ticket_key,
        ticket.customer_key,
        ticket.created_date,
        ticket.channel,
        ticket.topic,
        promise.is_kept,
        null::text as survey,
        null::text as agent_key,
        customer.account_key,
        customer.segment,
        customer.country,
        customer.value_tier,
        coalesce(team.team, ticket.team_id) as team,
        case when ticket.status in ('solved', 'closed') then 1 else 0 end as is_solved
    from {{ ref('fct_tickets') }} as ticket
    left join promises as promise on ticket.ticket_key = promise.ticket_key
    left join {{ ref('teams') }} as team on ticket.source = team.source and ticket.team_id = team.team_id
    left join {{ ref('mart_voice__members') }} as customer on ticket.customer_key = customer.customer_key
    where not ticket.is_merged
),

interactions as (
    select
        success.success,
        way.rated_by,
        way.scale,
        cut.dimension,
        cut.member,
        period.period,
        period.period_start,
        success.is_success,
        coalesce(ticket.customer_key, ticket.ticket_key) as customer_key,
        case when answer.is_good then 1 when not answer.is_good then 0 end as is_good
    from tickets as ticket
    cross join
        lateral (
            values ('solved', ticket.is_solved), ('sla_met', ticket.is_kept)
        ) as success (success, is_success)
    cross join ways as way
    cross join lateral {{ voice_members('ticket') }}
    cross join lateral {{ period_rows('ticket.created_date') }}
    left join latest_answers as answer
        on ticket.ticket_key = answer.ticket_key
        and way.rated_by = answer.rated_by
        and way.scale = answer.scale
        and answer.latest_first = 1
    where success.is_success is not null and cut.member is not null and period.period in ('all', 'month')
),

points as (
    select
        interaction.*,
        'share' as kind,
        side.side,
        side.point,
        0::numeric as scale_min,
        1::numeric as scale_max
    from interactions as interaction
    cross join lateral (
        values ('company', interaction.is_success), ('customer', interaction.is_good)
    ) as side (side, point)
),

customers as (
    {{ score_customers('points', cell) }}
),

-- estimates and counts of a cell are stacked and gathered: no join by seven columns
figures as (
    select
        side,
        success,
        rated_by,
        scale,
        dimension,
        member,
        period,
        period_start,
        value,
        n,
        ci_low,
        ci_high,
        null::bigint as n_success,
        null::bigint as n_good,
        null::bigint as n_success_rated,
        null::bigint as n_success_rated_bad
    from {{ score_estimates('customers', cell, ref('t_critical_values')) }} as estimate
    union all
    select
        'both' as side,
        success,
        rated_by,
        scale,
        dimension,
        member,
        period,
        period_start,
        null as value,
        null as n,
        null as ci_low,
        null as ci_high,
        sum(is_success) as n_success,
        coalesce(sum(is_good), 0) as n_good,
        count(*) filter (where is_success = 1 and is_good is not null) as n_success_rated,
        count(*) filter (where is_success = 1 and is_good = 0) as n_success_rated_bad
    from interactions
    group by success, rated_by, scale, dimension, member, period, period_start
),

cells as (
    select
        success,
        rated_by,
        scale,
        dimension,
        member,
        period,
        period_start,
        {%- for side in ('company', 'customer') %}
            {%- for name in ('value', 'n', 'ci_low', 'ci_high') %}
                max({{ name }}) filter (where side = '{{ side }}') as {{ side }}_{{ name }},
            {%- endfor %}
        {%- endfor %}
        max(n_success) as n_success,
        max(n_good) as n_good,
        max(n_success_rated) as n_success_rated,
        max(n_success_rated_bad) as n_success_rated_bad
    from figures
    group by success, rated_by, scale, dimension, member, period, period_start
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
)

select
    cell.success,
    cell.rated_by,
    cell.scale,
    cell.dimension,
    cell.member,
    cell.period,
    cell.period_start,
    cell.company_n::bigint as n,
    cell.n_success,
    {{ plain_number('cell.company_value') }} as company_share,
    {{ plain_number('cell.company_ci_low') }} as company_ci_low,
    {{ plain_number('cell.company_ci_high') }} as company_ci_high,
    cell.customer_n::bigint as n_rated,
    cell.n_good,
    {{ plain_number('cell.customer_value') }} as customer_share,
    {{ plain_number('cell.customer_ci_low') }} as customer_ci_low,
    {{ plain_number('cell.customer_ci_high') }} as customer_ci_high,
    {{ plain_number('cell.company_value - cell.customer_value') }} as gap,
    {{ plain_number('round(' ~ difference_interval(company, customer, '0', 'low') ~ ', 12)') }} as gap_ci_low,
    {{ plain_number('round(' ~ difference_interval(company, customer, '0', 'high') ~ ', 12)') }} as gap_ci_high,
    cell.n_success_rated,
    cell.n_success_rated_bad,
    cell.customer_n < floor_setting.setting_value as is_small_sample
from cells as cell
cross join floor_setting
