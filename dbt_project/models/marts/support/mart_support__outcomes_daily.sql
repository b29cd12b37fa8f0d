{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='created_date',
    meta={'touched': 'mart_support__touched_days'},
    indexes=[{'columns': ['created_date']}],
) }}
{%- set outcomes = {
    'one_touch': ['is_one_touch is not null', 'is_one_touch'],
    'fcr_7d_same_topic': ['is_fcr_7d_same_topic is not null', 'is_fcr_7d_same_topic'],
    'fcr_7d_any_topic': ['is_fcr_7d_any_topic is not null', 'is_fcr_7d_any_topic'],
    'fcr_14d_same_topic': ['is_fcr_14d_same_topic is not null', 'is_fcr_14d_same_topic'],
    'fcr_14d_any_topic': ['is_fcr_14d_any_topic is not null', 'is_fcr_14d_any_topic'],
    'reopened': ['first_resolved_at is not null', 'first_resolved_at is not null and reopens > 0'],
    'unanswered': ['first_customer_turn_at is not null', 'is_unanswered'],
} %}

-- Counted once by day and all that it is cut by, then added up over the cuts: so the many combinations are not
-- multiplied by metrics.
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
    where
        not is_merged
        and {{ only_touched('created_date', ref('mart_support__touched_days'), 'created_date') }}
    group by created_date, channel, topic, team_id
),

-- a clock that runs and is within its target is not decided
promises as (
    select
        ticket.created_date,
        ticket.channel,
        ticket.topic,
        ticket.team_id,
        promise.metric,
        count(*) as n,
        count(*) filter (where not promise.is_breached) as hits
    from {{ ref('fct_sla_targets') }} as promise
    inner join {{ ref('fct_tickets') }} as ticket on promise.ticket_key = ticket.ticket_key
    where
        (promise.stopped_at is not null or promise.is_breached)
        and {{ only_touched('ticket.created_date', ref('mart_support__touched_days'), 'created_date') }}
    group by ticket.created_date, ticket.channel, ticket.topic, ticket.team_id, promise.metric
),

cut_tickets as (
    select
        ticket.created_date,
        cut.dimension,
        cut.member,
    {%- for name in outcomes %}
        sum(ticket.{{ name }}_n) as {{ name }}_n,
        sum(ticket.{{ name }}_hits) as {{ name }}_hits
        {{- ',' if not loop.last }}
    {%- endfor %}
    from tickets as ticket
    cross join lateral {{ ticket_members('ticket') }}
    where cut.member is not null
    group by ticket.created_date, cut.dimension, cut.member
),

counted as (
    select
        outcome.metric,
        ticket.created_date,
        ticket.dimension,
        ticket.member,
        outcome.n,
        outcome.hits
    from cut_tickets as ticket
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
        'sla_met_' || promise.metric as metric,
        promise.created_date,
        cut.dimension,
        cut.member,
        sum(promise.n) as n,
        sum(promise.hits) as hits
    from promises as promise
    cross join lateral {{ ticket_members('promise') }}
    where cut.member is not null
    group by promise.metric, promise.created_date, cut.dimension, cut.member
)

select
    created_date,
    metric,
    dimension,
    member,
    n::bigint as n,
    hits::bigint as hits,
    {{ build_number() }} as build_number
from counted
