{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key=['comment_key', 'theme'],
    indexes=[{'columns': ['comment_key', 'theme'], 'unique': true}],
) }}

select
    said.comment_key,
    spoken.theme,
    string_agg(distinct spoken.term, ', ' order by spoken.term) as evidence_terms,
    {{ build_number() }} as build_number
from {{ source('voice', 'comment_scores') }} as said
inner join {{ ref('fct_comment_scores') }} as comment on said.comment_key = comment.comment_key
cross join lateral jsonb_to_recordset(said.themes) as spoken (theme text, term text)
group by said.comment_key, spoken.theme
