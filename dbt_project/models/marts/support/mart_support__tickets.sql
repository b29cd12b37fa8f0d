{{ config(indexes=[{'columns': ['ticket_key'], 'unique': true}, {'columns': ['created_date']}]) }}

with ratings as (
    select
        ticket_key,
        max(case when is_good then 'good' else 'bad' end) filter (where is_first_of_ticket) as first_rating,
        max(case when is_good then 'good' else 'bad' end) filter (where is_latest_of_ticket) as latest_rating
    from {{ ref('fct_survey_answers') }}
    where metric = 'csat_helpdesk'
    group by ticket_key
)

select
    ticket.ticket_key,
    ticket.source,
    ticket.ticket_id,
    ticket.customer_key,
    coalesce(ticket.account_key, customer.account_key) as account_key,
    account.account_name,
    account.industry,
    coalesce(account.country, customer.country) as country,
    customer.lifecycle_stage,
    ticket.channel,
    ticket.topic,
    ticket.team_id,
    ticket.priority,
    ticket.status,
    ticket.is_open,
    ticket.is_merged,
    ticket.is_opened_by_agent,
    ticket.created_at,
    ticket.created_date,
    ticket.first_customer_turn_at,
    ticket.first_response_at,
    ticket.first_response_minutes,
    ticket.first_response_zendesk_minutes,
    ticket.is_unanswered,
    case
        when ticket.is_unanswered
            then {{ minutes_between('ticket.first_customer_turn_at', as_of()) }}
    end as unanswered_minutes,
    ticket.public_agent_replies,
    ticket.public_customer_messages,
    ticket.reopens,
    ticket.first_solved_at,
    ticket.last_solved_at,
    rating.first_rating,
    rating.latest_rating
from {{ ref('fct_tickets') }} as ticket
left join {{ ref('dim_customers') }} as customer on ticket.customer_key = customer.customer_key
left join {{ ref('dim_accounts') }} as account
    on coalesce(ticket.account_key, customer.account_key) = account.account_key
left join ratings as rating on ticket.ticket_key = rating.ticket_key
