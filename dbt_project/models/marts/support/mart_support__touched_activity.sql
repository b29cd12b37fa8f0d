{#- Of the build, not for readers, so not among the marts. #}
{{ config(schema='intermediate', materialized='table', indexes=[{'columns': ['period_key'], 'unique': true}]) }}
{%- set held = held_relation('mart_support__activity_daily', 'intermediate') %}

-- Weeks and months whose contacts, orders and active customers this build counts again: a ticket, an order or an answer
-- of theirs changed, or there are more or fewer of them. Where one is gone and another came in its stead, that one is
-- new.
with changed_days as (
    select created_date as day
    from {{ ref('mart_support__touched_days') }}
    union
    select order_date as day
    from {{ ref('fct_orders') }}
    where build_number = {{ build_number() }}
    union
    select answered_date as day
    from {{ ref('fct_survey_answers') }}
    where build_number = {{ build_number() }}
    {%- if held %}
        union
        select coalesce(present.day, held.day) as day
        from ({{ daily_activity() }}) as present
        full outer join {{ held }} as held on present.day = held.day
        where (present.orders, present.answers) is distinct from (held.orders, held.answers)
    {%- endif %}
),

periods as (
    select
        period.period,
        period.period_start
    from changed_days as changed
    cross join lateral {{ period_rows('changed.day') }}
    where period.period in ('month', 'week')
    {{ listed_before(['period', 'period_start']) }}
)

select distinct
    {{ period_key('period', 'period_start') }} as period_key,
    period,
    period_start,
    {{ build_number() }} as build_number
from periods
