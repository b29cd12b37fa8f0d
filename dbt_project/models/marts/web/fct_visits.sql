{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='visit_key',
    meta={'touched': 'int_visit__touched'},
    indexes=[{'columns': ['visit_key'], 'unique': true}, {'columns': ['customer_key']}],
) }}

select
    visit.visit_key,
    visit.source,
    visit.browser_key,
    visit.customer_key,
    visit.is_logged_in,
    visit.is_before_known,
    visit.customer_known_at,
    visit.started_at,
    visit.visit_date,
    visit.visit_seconds,
    visit.actions,
    visit.goal_conversions,
    visit.device,
    visit.referrer_type,
    visit.landing_url,
    {{ build_number() }} as build_number
from {{ ref('int_visit__visits') }} as visit
where {{ only_touched('visit.visit_key', ref('int_visit__touched'), 'visit_key') }}
