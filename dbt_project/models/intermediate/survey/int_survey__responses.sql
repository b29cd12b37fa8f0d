{{ config(materialized='view') }}

-- Everybody who was asked by a survey or came to one, and how far they got. What a source does not tell is null: the
-- survey tool does not know who was invited, and the helpdesk does not know who began.
with audiences as (
    select
        source,
        survey,
        min(audience) as audience,
        min(survey_label) as survey_label
    from {{ ref('survey_scales') }}
    group by source, survey
),

typeform as (
    select
        'typeform:' || response.form_id || ':' || response.response_id as response_key,
        'typeform' as source,
        response.form_id as survey,
        'typeform:' || response.form_id || ':' || response.response_id as identity_key,
        '{{ var("helpdesk_source") }}:' || nullif(btrim(response.hidden_ticket_id), '') as ticket_key,
        null::timestamptz as invited_at,
        response.landed_at as started_at,
        response.answered_at,
        case when response.response_type = 'completed' then response.submitted_at end as completed_at
    from {{ ref('stg_typeform__responses') }} as response
    where not response.is_deleted
),

-- one request a ticket, however often it was rated: a rating that was changed is no second answer
zendesk_ratings as (
    select
        'zendesk:satisfaction_ratings:ticket:' || rating.ticket_id as response_key,
        'zendesk' as source,
        'satisfaction_ratings' as survey,
        'zendesk:' || min(rating.requester_id) as identity_key,
        'zendesk:' || rating.ticket_id as ticket_key,
        min(rating.created_at) as invited_at,
        null::timestamptz as started_at,
        min(rating.created_at) filter (where rating.score in ('good', 'bad')) as answered_at,
        min(rating.created_at) filter (where rating.score in ('good', 'bad')) as completed_at
    from {{ ref('stg_zendesk__satisfaction_ratings') }} as rating
    left join {{ ref('stg_zendesk__tickets') }} as ticket on rating.ticket_id = ticket.ticket_id
    where
        not rating.is_deleted
        and rating.score <> 'unoffered'
        and not coalesce(ticket.is_deleted, false)
    group by rating.ticket_id
),

-- the helpdesk lists the answered ones only, so nobody knows how many were sent
zendesk_surveys as (
    select
        'zendesk:survey_responses:' || response.response_id as response_key,
        'zendesk' as source,
        'survey_responses' as survey,
        'zendesk:' || response.responder_id as identity_key,
        'zendesk:' || response.ticket_id as ticket_key,
        null::timestamptz as invited_at,
        null::timestamptz as started_at,
        min(answer.answered_at) as answered_at,
        min(answer.answered_at) as completed_at
    from {{ ref('stg_zendesk__survey_responses') }} as response
    inner join {{ ref('int_survey__given') }} as answer
        on 'zendesk:survey_responses:' || response.response_id = answer.response_key
    left join {{ ref('stg_zendesk__tickets') }} as ticket on response.ticket_id = ticket.ticket_id
    where not response.is_deleted and not coalesce(ticket.is_deleted, false)
    group by response.response_id, response.responder_id, response.ticket_id
    having min(answer.answered_at) is not null
),

conformed as (
    select * from typeform
    union all
    select * from zendesk_ratings
    union all
    select * from zendesk_surveys
)

select
    response.response_key,
    response.source,
    response.survey,
    audience.survey_label,
    coalesce(audience.audience, 'customer') as audience,
    coalesce(
        customer.customer_key,
        {{ surrogate_key(['response.identity_key']) }}
    ) as customer_key,
    ticket.ticket_key,
    case when not ticket.is_deleted then ticket.channel end as channel,
    case when not ticket.is_deleted then ticket.topic end as topic,
    case when not ticket.is_deleted then ticket.team_id end as team_id,
    case when not ticket.is_deleted then ticket.assignee_key end as agent_key,
    response.invited_at,
    response.started_at,
    response.answered_at,
    response.completed_at,
    {{ company_date('coalesce(response.invited_at, response.started_at, response.answered_at)') }} as asked_date
from conformed as response
left join audiences as audience on response.source = audience.source and response.survey = audience.survey
left join {{ ref('int_person__customers') }} as customer on response.identity_key = customer.identity_key
left join {{ ref('int_ticket__tickets') }} as ticket on response.ticket_key = ticket.ticket_key
where coalesce(response.invited_at, response.started_at, response.answered_at) is not null
