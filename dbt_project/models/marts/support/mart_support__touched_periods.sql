{#- Of the build, not for readers, so not among the marts. #}
{{ config(schema='intermediate', materialized='table', indexes=[{'columns': ['period_key'], 'unique': true}]) }}
{%- set held = held_relation('mart_support__cohorts', 'marts') %}

-- depends_on: {{ ref('mart_support__waits') }}
-- depends_on: {{ ref('fct_tickets') }}
-- depends_on: {{ ref('fct_ticket_replies') }}
-- depends_on: {{ source('ops', 'builds') }}
-- Periods whose durations this build computes again: something in them changed, or something in them still runs and has
-- not yet outlasted all that is over (what has, can outlast it further and no figure moves).
with changed_days as (
    select {{ company_date('ticket.created_at') }} as day
    from {{ ref('int_ticket__touched') }} as touched
    inner join {{ ref('int_ticket__tickets') }} as ticket on touched.ticket_key = ticket.ticket_key
    union
    -- turns that are gone had begun with one of these
    select {{ company_date('turn.sent_at') }} as day
    from {{ ref('int_ticket__touched') }} as touched
    inner join {{ ref('int_ticket__turns') }} as turn on touched.ticket_key = turn.ticket_key
    where turn.is_public and turn.author_role = 'customer'
    union
    select reply.asked_date as day
    from {{ ref('fct_tickets_touched') }} as touched
    inner join {{ ref('fct_ticket_replies') }} as reply on touched.ticket_key = reply.ticket_key
    where touched.has_moved
    union
    select ticket.created_date as day
    from {{ ref('fct_tickets_touched') }} as touched
    inner join {{ ref('fct_tickets') }} as ticket on touched.ticket_key = ticket.ticket_key
    where touched.has_moved
),

periods as (
    select
        period.period,
        period.period_start
    from changed_days as changed
    cross join lateral {{ period_rows('changed.day') }}
    where period.period <> 'all'
    {%- if held %}
        union
        select
            cohort.period,
            cohort.period_start
        from (
            select
                wait.metric,
                period.period,
                period.period_start,
                min(wait.minutes) as minutes
            from (
                select
                    metric,
                    cohort_date,
                    min(minutes) as minutes
                from {{ ref('mart_support__waits') }}
                -- the first is of the whole ticket, so that the others are not even laid out
                where has_running and not is_done
                group by metric, cohort_date
            ) as wait
            cross join lateral {{ period_rows('wait.cohort_date') }}
            group by wait.metric, period.period, period.period_start
        ) as running
        inner join {{ held }} as cohort
            on running.metric = cohort.metric
            and cohort.dimension = 'all'
            and running.period = cohort.period
            and running.period_start = cohort.period_start
        where
            running.minutes - {{ seconds_between(held_as_of(held), as_of()) }} / 60 < cohort.longest_done_minutes
    {%- endif %}
)

select distinct
    {{ period_key('period', 'period_start') }} as period_key,
    period,
    period_start
from periods
