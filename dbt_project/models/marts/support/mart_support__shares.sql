{{ config(indexes=[{'columns': ['metric', 'dimension', 'period']}]) }}
{%- set outcomes = {
    'one_touch': ['is_one_touch is not null', 'is_one_touch'],
    'fcr_7d_same_topic': ['is_fcr_7d_same_topic is not null', 'is_fcr_7d_same_topic'],
    'fcr_7d_any_topic': ['is_fcr_7d_any_topic is not null', 'is_fcr_7d_any_topic'],
    'fcr_14d_same_topic': ['is_fcr_14d_same_topic is not null', 'is_fcr_14d_same_topic'],
    'fcr_14d_any_topic': ['is_fcr_14d_any_topic is not null', 'is_fcr_14d_any_topic'],
    'reopened': ['first_resolved_at is not null', 'first_resolved_at is not null and reopens > 0'],
    'unanswered': ['first_customer_turn_at is not null', 'is_unanswered'],
} %}

-- Counted once by day and all that it is cut by, and added up from there.
with tickets as (
    select
        created_date,
        channel,
        topic,
        team_id,
    {%- for name, outcome in outcomes.items() %}
        count(*) filter (where {{ outcome[0] }}) as {{ name }}_n,
        count(*) filter (where {{ outcome[1] }}) as {{ name }}_hits
        {{- ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('fct_tickets') }}
    where not is_merged
    group by created_date, channel, topic, team_id
),

-- a clock that runs and is within its target is not decided
promises as (
    select
        ticket.created_date,
        ticket.channel,
        ticket.topic,
        ticket.team_id,
        'sla_met_' || promise.metric as metric,
        count(*) as n,
        count(*) filter (where not promise.is_breached) as hits
    from {{ ref('fct_sla_targets') }} as promise
    inner join {{ ref('fct_tickets') }} as ticket on promise.ticket_key = ticket.ticket_key
    where promise.stopped_at is not null or promise.is_breached
    group by ticket.created_date, ticket.channel, ticket.topic, ticket.team_id, promise.metric
),

counted as (
    select
        outcome.metric,
        ticket.created_date,
        ticket.channel,
        ticket.topic,
        ticket.team_id,
        outcome.n,
        outcome.hits
    from tickets as ticket
    cross join
        lateral (
            values
            {%- for name in outcomes %}
                ('{{ name }}', ticket.{{ name }}_n, ticket.{{ name }}_hits){{ ',' if not loop.last }}
            {%- endfor %}
        ) as outcome (metric, n, hits)
    where outcome.n > 0
    union all
    select
        metric,
        created_date,
        channel,
        topic,
        team_id,
        n,
        hits
    from promises
),

summed as (
    select
        outcome.metric,
        cut.dimension,
        cut.member,
        period.period,
        period.period_start,
        sum(outcome.n) as n,
        sum(outcome.hits) as hits
    from counted as outcome
    cross join lateral {{ period_rows('outcome.created_date') }}
    cross join
        lateral (
            values
            ('all', 'all'), ('channel', outcome.channel), ('topic', outcome.topic), ('team', outcome.team_id)
        ) as cut (dimension, member)
    where cut.member is not null
    group by outcome.metric, cut.dimension, cut.member, period.period, period.period_start
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
)

select
    total.metric,
    total.dimension,
    total.member,
    total.period,
    total.period_start,
    total.n::bigint as n,
    {{ plain_number('total.hits / total.n') }} as value,
    {{ plain_number(wilson_interval('total.hits / total.n', 'total.n', 'low')) }} as ci_low,
    {{ plain_number(wilson_interval('total.hits / total.n', 'total.n', 'high')) }} as ci_high,
    total.n < floor_setting.setting_value as is_small_sample,
    target.target
from summed as total
cross join floor_setting
left join {{ ref('metric_targets') }} as target
    on total.metric = target.metric and total.member = target.segment and total.period = target.period
