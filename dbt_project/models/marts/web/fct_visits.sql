{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='visit_key',
    meta={'touched': 'int_visit__touched'},
    indexes=[{'columns': ['visit_key'], 'unique': true}, {'columns': ['customer_key']}],
) }}

select
    visit_key,
    source,
    browser_key,
    customer_key,
    is_logged_in,
    is_before_known,
    customer_known_at,
    started_at,
    visit_date,
    visit_seconds,
    actions,
    goal_conversions,
    device,
    referrer_type,
    landing_url,
    {{ build_number() }} as build_number
from {{ ref('int_visit__visits') }} as visit
where {{ only_touched('visit.visit_key', ref('int_visit__touched'), 'visit_key') }}
