{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='answer_key',
    indexes=[{'columns': ['answer_key'], 'unique': true}, {'columns': ['customer_key']}],
) }}

select
    answer_key,
    response_key,
    source,
    survey,
    survey_label,
    question_ref,
    metric,
    scale,
    scale_min,
    scale_max,
    purpose,
    audience,
    response_state,
    answer_value,
    score,
    is_good,
    nps_group,
    customer_key,
    ticket_key,
    channel,
    topic,
    team_id,
    agent_key,
    rating_reason,
    answered_at,
    answered_date,
    is_first_of_ticket,
    is_latest_of_ticket,
    {{ build_number() }} as build_number
from {{ ref('int_survey__answers') }}
-- what employees say is in fct_staff_answers, which readers do not get
where audience = 'customer'
