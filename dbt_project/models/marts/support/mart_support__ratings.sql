{{ config(materialized='view') }}

select
    ticket_key,
    max(case when is_good then 'good' else 'bad' end) filter (where is_first_of_ticket) as first_rating,
    max(case when is_good then 'good' else 'bad' end) filter (where is_latest_of_ticket) as latest_rating
from {{ ref('fct_survey_answers') }}
where metric = 'csat_helpdesk' and ticket_key is not null
group by ticket_key
