{{ config(materialized='view') }}

-- Every live scored answer with its scale, or with none where nobody mapped the question.
select
    given.response_key,
    given.source,
    given.survey,
    given.question_ref,
    given.response_state,
    given.answer_value,
    given.identity_key,
    given.ticket_key,
    given.rated_agent_key,
    given.rated_team_id,
    given.rating_reason,
    given.respondent_team,
    given.answered_at,
    scale.survey_label,
    scale.metric,
    scale.scale,
    scale.scale_min,
    scale.scale_max,
    scale.good_from,
    scale.is_reversed,
    scale.purpose,
    scale.audience,
    case
        when scale.metric is null then 'question is not in survey_scales'
        when given.answer_value is null then 'answer is no number'
        when given.answer_value < scale.scale_min or given.answer_value > scale.scale_max then 'answer is out of scale'
        when given.answered_at is null then 'answer has no time'
    end as rejected_because
from {{ ref('int_survey__given') }} as given
left join {{ ref('survey_scales') }} as scale
    on given.source = scale.source and given.survey = scale.survey and given.question_ref = scale.question_ref
where
    given.question_ref is not null
    and not given.is_deleted
    and (given.is_scored_question or scale.metric is not null)
