{#- Of the build, not for readers, so not among the marts. #}
{{ config(schema='intermediate', materialized='table', indexes=[{'columns': ['period_key'], 'unique': true}]) }}

-- Weeks and months whose outcomes this build adds up again: those of the days that it counts again.
select distinct
    {{ period_key('period.period', 'period.period_start') }} as period_key,
    period.period,
    period.period_start
from {{ ref('mart_support__touched_days') }} as touched
cross join lateral {{ period_rows('touched.created_date') }}
where period.period in ('month', 'week')
