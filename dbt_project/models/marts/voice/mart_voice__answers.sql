{{ config(indexes=[{'columns': ['answer_key'], 'unique': true}, {'columns': ['answered_date']}]) }}

select
    answer.answer_key,
    answer.response_key,
    answer.source,
    answer.survey,
    answer.survey_label,
    answer.question_ref,
    answer.metric,
    answer.scale,
    answer.scale_min,
    answer.scale_max,
    answer.purpose,
    answer.response_state,
    answer.answer_value,
    answer.score,
    answer.is_good,
    answer.nps_group,
    answer.customer_key,
    customer.account_key,
    customer.account_name,
    customer.segment,
    customer.country,
    customer.value_tier,
    answer.ticket_key,
    answer.channel,
    answer.topic,
    answer.agent_key,
    answer.rating_reason,
    answer.answered_at,
    answer.answered_date,
    answer.is_first_of_ticket,
    answer.is_latest_of_ticket,
    coalesce(team.team, answer.team_id) as team
from {{ ref('fct_survey_answers') }} as answer
left join {{ ref('mart_voice__members') }} as customer on answer.customer_key = customer.customer_key
-- the team is the helpdesk's, whoever asked
left join {{ ref('teams') }} as team
    on answer.team_id = team.team_id and team.source = split_part(answer.ticket_key, ':', 1)
where answer.answered_at <= {{ as_of() }}
