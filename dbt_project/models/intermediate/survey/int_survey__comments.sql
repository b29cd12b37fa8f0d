{{ config(materialized='view', tags=['evidence']) }}

select
    response_key,
    source,
    survey,
    question_ref,
    answer_text as comment_text,
    identity_key,
    ticket_key,
    answered_at,
    response_key || ':' || coalesce(question_ref, '') as comment_key,
    md5(answer_text) as text_hash
from {{ ref('int_survey__given') }}
where is_comment and not is_deleted and answer_text ~ '\S'
