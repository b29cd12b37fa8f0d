{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='comment_key',
    indexes=[{'columns': ['comment_key'], 'unique': true}],
) }}

select
    scored.comment_key,
    scored.customer_key,
    comment.comment_text,
    {{ build_number() }} as build_number
from {{ ref('fct_comment_scores') }} as scored
inner join {{ ref('int_survey__comments') }} as comment on scored.comment_key = comment.comment_key
