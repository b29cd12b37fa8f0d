{{ config(indexes=[{'columns': ['answer_key'], 'unique': true}]) }}

select
    answer_key,
    source,
    survey,
    survey_label,
    question_ref,
    metric,
    scale,
    scale_min,
    scale_max,
    purpose,
    score,
    nps_group,
    respondent_team as team,
    answered_at,
    answered_date
from {{ ref('int_survey__answers') }}
where audience = 'internal' and answered_at <= {{ as_of() }}
