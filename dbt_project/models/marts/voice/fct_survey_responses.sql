{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='response_key',
    indexes=[{'columns': ['response_key'], 'unique': true}, {'columns': ['customer_key']}],
) }}

select
    response_key,
    source,
    survey,
    survey_label,
    customer_key,
    ticket_key,
    channel,
    topic,
    team_id,
    agent_key,
    invited_at,
    started_at,
    answered_at,
    completed_at,
    asked_date,
    {{ build_number() }} as build_number
from {{ ref('int_survey__responses') }}
where audience = 'customer'
