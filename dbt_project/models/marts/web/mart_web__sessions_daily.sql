{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='visit_day_key',
    indexes=[{'columns': ['visit_day_key'], 'unique': true}],
) }}

select
    visit_day_key,
    source,
    visit_date,
    channel,
    device,
    landing_page,
    sessions,
    engaged_sessions,
    page_views,
    key_events,
    engagement_seconds,
    {{ build_number() }} as build_number
from {{ ref('int_visit__daily') }}
