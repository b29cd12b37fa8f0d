{{ config(severity='warn') }}

-- A scored question that survey_scales does not know feeds no metric until somebody maps it.
select
    source,
    survey,
    question_ref,
    sum(records) as answers
from {{ ref('mart_quality__rejected') }}
where rejected_because = 'question is not in survey_scales'
group by source, survey, question_ref
