{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='comment_key',
    indexes=[{'columns': ['comment_key'], 'unique': true}, {'columns': ['customer_key']}],
) }}

-- Which answer of the same response stands beside its comment: a recommendation before a satisfaction before an effort.
with answers as (
    select distinct on (answer.response_key)
        answer.response_key,
        answer.metric,
        answer.scale,
        answer.score,
        answer.is_good,
        answer.nps_group
    from {{ ref('fct_survey_answers') }} as answer
    order by
        answer.response_key asc,
        array_position(
            array['nps', 'csat', 'csat_helpdesk', 'csat_helpdesk_survey', 'ces'], answer.metric
        ) asc,
        answer.question_ref asc
),

surveys as (
    select
        source,
        survey,
        min(survey_label) as survey_label,
        min(purpose) as purpose,
        min(audience) as audience
    from {{ ref('survey_scales') }}
    group by source, survey
)

select
    comment.comment_key,
    comment.response_key,
    comment.source,
    comment.survey,
    survey.survey_label,
    comment.question_ref,
    survey.purpose,
    survey.audience,
    coalesce(
        customer.customer_key,
        {{ surrogate_key(['coalesce(comment.identity_key, comment.response_key)']) }}
    ) as customer_key,
    comment.ticket_key,
    comment.answered_at,
    {{ company_date('comment.answered_at') }} as answered_date,
    answer.metric,
    answer.scale,
    answer.score,
    answer.is_good,
    answer.nps_group,
    said.language,
    said.language_confidence::numeric as language_confidence,
    said.is_mixed_language,
    said.sentiment::numeric as sentiment,
    said.emotion,
    said.model,
    said.model_version,
    {{ build_number() }} as build_number
from {{ ref('int_survey__comments') }} as comment
inner join {{ source('voice', 'comment_scores') }} as said on comment.comment_key = said.comment_key
left join surveys as survey on comment.source = survey.source and comment.survey = survey.survey
left join answers as answer on comment.response_key = answer.response_key
left join {{ ref('int_person__customers') }} as customer on comment.identity_key = customer.identity_key
left join {{ ref('int_ticket__tickets') }} as ticket on comment.ticket_key = ticket.ticket_key
-- what was said of a deleted ticket goes with it where the helpdesk itself asked
where comment.source <> '{{ var("helpdesk_source") }}' or not coalesce(ticket.is_deleted, false)
