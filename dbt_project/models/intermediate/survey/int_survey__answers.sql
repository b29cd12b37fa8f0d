{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='answer_key',
    indexes=[{'columns': ['answer_key'], 'unique': true}, {'columns': ['build_number']}],
) }}

with answers as (
    select
        answer.*,
        -- a deleted ticket says nothing of its answers any more
        case when not ticket.is_deleted then ticket.channel end as channel,
        case when not ticket.is_deleted then ticket.topic end as topic,
        -- whom a rating was given to, where the helpdesk says so; else who has the ticket
        coalesce(answer.rated_agent_key, case when not ticket.is_deleted then ticket.assignee_key end) as agent_key,
        coalesce(answer.rated_team_id, case when not ticket.is_deleted then ticket.team_id end) as team_id,
        case
            when answer.is_reversed then answer.scale_min + answer.scale_max - answer.answer_value
            else answer.answer_value
        end as score
    from {{ ref('int_survey__scored') }} as answer
    left join {{ ref('int_ticket__tickets') }} as ticket on answer.ticket_key = ticket.ticket_key
    where
        answer.rejected_because is null
        -- what was said of a deleted ticket goes with it where the helpdesk itself asked
        and (answer.metric not like 'csat_helpdesk%' or not coalesce(ticket.is_deleted, false))
)

select
    answer.response_key || ':' || answer.question_ref as answer_key,
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
    answer.audience,
    answer.response_state,
    answer.answer_value,
    answer.score,
    answer.score >= answer.good_from as is_good,
    case
        when answer.metric in ('nps', 'enps') and answer.score >= 9 then 'promoter'
        when answer.metric in ('nps', 'enps') and answer.score >= 7 then 'passive'
        when answer.metric in ('nps', 'enps') then 'detractor'
    end as nps_group,
    -- an employee who is asked as one is no customer
    case
        when answer.audience = 'customer'
            then coalesce(
                customer.customer_key,
                {{ surrogate_key(['coalesce(answer.identity_key, answer.response_key)']) }}
            )
    end as customer_key,
    answer.ticket_key,
    answer.channel,
    answer.topic,
    answer.team_id,
    answer.agent_key,
    answer.rating_reason,
    answer.respondent_team,
    answer.answered_at,
    {{ company_date('answer.answered_at') }} as answered_date,
    answer.metric = 'csat_helpdesk' and row_number() over (
        partition by answer.metric, answer.ticket_key
        order by answer.answered_at, answer.response_key
    ) = 1 as is_first_of_ticket,
    answer.metric = 'csat_helpdesk' and row_number() over (
        partition by answer.metric, answer.ticket_key
        order by answer.answered_at desc, answer.response_key desc
    ) = 1 as is_latest_of_ticket,
    {{ build_number() }} as build_number
from answers as answer
left join {{ ref('int_person__customers') }} as customer on answer.identity_key = customer.identity_key
