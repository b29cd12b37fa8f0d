{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='customer_visit_key',
    indexes=[{'columns': ['customer_visit_key'], 'unique': true}, {'columns': ['customer_key']}],
) }}

select
    customer_visit_key,
    source,
    customer_key,
    visit_date,
    channel,
    device,
    sessions,
    engaged_sessions,
    page_views,
    {{ build_number() }} as build_number
from {{ ref('int_visit__customer_daily') }}
