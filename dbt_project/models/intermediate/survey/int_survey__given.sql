{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='response_key',
    indexes=[{'columns': ['response_key']}, {'columns': ['build_number']}],
) }}

-- Every answered question of every response, as given. A response without answers keeps one row with no question, so
-- that an answer that was taken back vanishes.
with typeform as (
    select
        'typeform:' || response.form_id || ':' || response.response_id as response_key,
        'typeform' as source,
        response.form_id as survey,
        response.response_type as response_state,
        coalesce(answer.field ->> 'ref', answer.field ->> 'id') as question_ref,
        answer.field ->> 'type' in ('opinion_scale', 'rating', 'nps') as is_scored_question,
        {{ try_numeric('answer.number') }} as answer_value,
        answer.text as answer_text,
        coalesce(answer.field ->> 'type' = 'long_text', false) as is_comment,
        'typeform:' || response.form_id || ':' || response.response_id as identity_key,
        '{{ var("helpdesk_source") }}:' || nullif(btrim(response.hidden_ticket_id), '') as ticket_key,
        null::text as rated_agent_key,
        null::text as rated_team_id,
        null::text as rating_reason,
        nullif(btrim(response.hidden ->> 'team'), '') as respondent_team,
        response.answered_at,
        response.is_deleted
    from {{ ref('stg_typeform__responses') }} as response
    {{ json_rows('response.answers', 'answer', {
        'field': 'jsonb', 'type': 'text', 'number': 'text', 'text': 'text'
    }, keep_parent=true) }}
    where {{ only_changed('response') }}
),

zendesk_ratings as (
    select
        'zendesk:satisfaction_ratings:' || rating.rating_id as response_key,
        'zendesk' as source,
        'satisfaction_ratings' as survey,
        'completed' as response_state,
        case when rating.score in ('good', 'bad') then 'rating' end as question_ref,
        true as is_scored_question,
        case rating.score when 'good' then 1::numeric when 'bad' then 0::numeric end as answer_value,
        rating.comment as answer_text,
        true as is_comment,
        'zendesk:' || rating.requester_id as identity_key,
        'zendesk:' || rating.ticket_id as ticket_key,
        'zendesk:' || rating.assignee_id as rated_agent_key,
        rating.group_id as rated_team_id,
        -- what the helpdesk writes where the customer picked none
        nullif(nullif(btrim(rating.reason), ''), 'No reason provided') as rating_reason,
        null::text as respondent_team,
        rating.created_at as answered_at,
        rating.is_deleted
    from {{ ref('stg_zendesk__satisfaction_ratings') }} as rating
    where {{ only_changed('rating') }}
),

zendesk_surveys as (
    select
        'zendesk:survey_responses:' || response.response_id as response_key,
        'zendesk' as source,
        'survey_responses' as survey,
        'completed' as response_state,
        coalesce(answer.question ->> 'sub_type', answer.question ->> 'id') as question_ref,
        answer.type = 'rating_scale' as is_scored_question,
        {{ try_numeric('answer.rating') }} as answer_value,
        answer.value as answer_text,
        coalesce(answer.type = 'open_ended', false) as is_comment,
        'zendesk:' || response.responder_id as identity_key,
        'zendesk:' || response.ticket_id as ticket_key,
        null::text as rated_agent_key,
        null::text as rated_team_id,
        null::text as rating_reason,
        null::text as respondent_team,
        {{ try_timestamptz('answer.updated_at') }} as answered_at,
        response.is_deleted
    from {{ ref('stg_zendesk__survey_responses') }} as response
    {{ json_rows('response.answers', 'answer', {
        'type': 'text', 'question': 'jsonb', 'rating': 'text', 'value': 'text', 'updated_at': 'text'
    }, keep_parent=true) }}
    where {{ only_changed('response') }}
),

conformed as (
    select * from typeform
    union all
    select * from zendesk_ratings
    union all
    select * from zendesk_surveys
)

select
    response_key,
    source,
    survey,
    response_state,
    question_ref,
    is_scored_question,
    answer_value,
    answer_text,
    is_comment,
    identity_key,
    ticket_key,
    rated_agent_key,
    rated_team_id,
    rating_reason,
    respondent_team,
    answered_at,
    is_deleted,
    {{ build_number() }} as build_number
from conformed
