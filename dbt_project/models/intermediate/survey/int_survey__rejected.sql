{{ config(materialized='view') }}

-- Scored answers that feed no metric, and why.
select
    response_key || ':' || question_ref as answer_key,
    source,
    survey,
    question_ref,
    metric,
    scale,
    purpose,
    rejected_because,
    {{ company_date('answered_at') }} as answered_date,
    answered_at
from {{ ref('int_survey__scored') }}
where rejected_because is not null
