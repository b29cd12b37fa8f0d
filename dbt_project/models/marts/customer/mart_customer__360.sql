{{ config(indexes=[{'columns': ['customer_key'], 'unique': true}]) }}
{%- set attributes = ['full_name', 'email', 'phone', 'country', 'language', 'lifecycle_stage', 'account'] %}

with tickets as (
    select
        customer_key,
        count(*) as tickets,
        count(*) filter (where is_open) as open_tickets,
        count(*) filter (where created_at > {{ as_of() }} - interval '2160 hours') as tickets_90d,
        count(*) filter (where is_unanswered) as unanswered_tickets,
        percentile_cont(0.5) within group (order by first_response_minutes)::numeric as first_response_median_minutes,
        max(created_at) as last_ticket_at,
        count(*) filter (where not is_open) as past_tickets,
        min(created_at) as first_ticket_at
    from {{ ref('fct_tickets') }}
    where customer_key is not null
    group by customer_key
),

-- the channel of most of the year's tickets; of channels used alike the one used last
channels as (
    select distinct on (customer_key)
        customer_key,
        channel as preferred_channel
    from {{ ref('fct_tickets') }}
    where customer_key is not null and channel is not null and created_at > {{ as_of() }} - interval '8760 hours'
    group by customer_key, channel
    order by customer_key asc, count(*) desc, max(created_at) desc, channel asc
),

orders as (
    select
        customer_key,
        count(*) filter (where not is_refund) as orders,
        count(*) filter (where is_refund) as refunds,
        sum(amount) as revenue_amount,
        min(order_date) filter (where not is_refund) as first_order_date,
        max(order_date) filter (where not is_refund) as last_order_date
    from {{ ref('fct_orders') }}
    where customer_key is not null
    group by customer_key
),

latest_answers as (
    select distinct on (customer_key, metric)
        customer_key,
        metric,
        score,
        is_good,
        nps_group,
        answered_at
    from {{ ref('fct_survey_answers') }}
    where audience = 'customer' and answered_at <= {{ as_of() }}
    order by customer_key asc, metric asc, answered_at desc, answer_key desc
),

answers as (
    select
        customer_key,
        max(score) filter (where metric = 'nps') as last_nps_score,
        max(nps_group) filter (where metric = 'nps') as last_nps_group,
        max(answered_at) filter (where metric = 'nps') as last_nps_at,
        bool_or(is_good) filter (where metric = 'csat') as is_last_csat_good,
        max(answered_at) filter (where metric = 'csat') as last_csat_at,
        bool_or(is_good) filter (where metric = 'ces') as is_last_effort_easy,
        max(answered_at) filter (where metric = 'ces') as last_ces_at,
        bool_or(is_good) filter (where metric = 'csat_helpdesk') as is_last_helpdesk_rating_good,
        max(answered_at) as last_answer_at
    from latest_answers
    group by customer_key
),

browsing as (
    select
        customer_key,
        count(*) filter (where is_before_known) as visits_before_known,
        min(started_at) as first_visit_at
    from {{ ref('fct_visits') }}
    where customer_key is not null
    group by customer_key
),

attributes as (
    select
        customer_key,
    {%- for attribute in attributes %}
        max(source) filter (where attribute = '{{ attribute }}') as {{ attribute }}_source,
        max(agreeing_sources) filter (where attribute = '{{ attribute }}') as {{ attribute }}_agreeing_sources,
        max(disagreeing_sources) filter (where attribute = '{{ attribute }}')
            as {{ attribute }}_disagreeing_sources
        {{- ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('int_person__attributes') }}
    group by customer_key
),

visits as (
    select
        customer_key,
        sum(sessions) filter (where visit_date > {{ company_date(as_of()) }} - 90)::bigint as sessions_90d,
        max(visit_date) as last_visit_date
    from {{ ref('fct_customer_visits') }}
    group by customer_key
)

select
    customer.customer_key,
    customer.account_key,
    account.account_name,
    account.industry,
    coalesce(account.country, customer.country) as country,
    customer.lifecycle_stage,
    customer.language,
    customer.is_active,
    customer.is_test,
    customer.first_seen_at,
    customer.crm_contacts,
    customer.helpdesk_users,
    customer.survey_responses,
    customer.web_users,
    customer.browsers,
    consent.state as marketing_email_consent,
    consent.stated_at as marketing_email_consent_at,
    consent.source as marketing_email_consent_source,
    coalesce(sale.orders, 0) as orders,
    coalesce(sale.refunds, 0) as refunds,
    coalesce(sale.revenue_amount, 0) as revenue_amount,
    sale.first_order_date,
    sale.last_order_date,
    {{ company_date(as_of()) }} - sale.last_order_date as days_since_last_order,
    coalesce(ticket.tickets, 0) as tickets,
    coalesce(ticket.open_tickets, 0) as open_tickets,
    coalesce(ticket.tickets_90d, 0) as tickets_90d,
    coalesce(ticket.unanswered_tickets, 0) as unanswered_tickets,
    ticket.first_response_median_minutes,
    coalesce(ticket.past_tickets, 0) as past_tickets,
    ticket.first_ticket_at,
    ticket.last_ticket_at,
    channel.preferred_channel,
    answer.last_nps_score,
    answer.last_nps_group,
    answer.last_nps_at,
    answer.is_last_csat_good,
    answer.last_csat_at,
    answer.is_last_effort_easy,
    answer.last_ces_at,
    answer.is_last_helpdesk_rating_good,
    answer.last_answer_at,
    coalesce(visit.sessions_90d, 0) as sessions_90d,
    visit.last_visit_date,
    coalesce(browse.visits_before_known, 0) as visits_before_known,
    browse.first_visit_at,
    {%- for attribute in attributes %}
        attribute.{{ attribute }}_source,
        attribute.{{ attribute }}_agreeing_sources,
        attribute.{{ attribute }}_disagreeing_sources,
    {%- endfor %}
    greatest(
        ticket.last_ticket_at, answer.last_answer_at,
        {{ day_start('sale.last_order_date') }}, {{ day_start('visit.last_visit_date') }}
    ) as last_touch_at
from {{ ref('dim_customers') }} as customer
left join {{ ref('dim_accounts') }} as account on customer.account_key = account.account_key
left join tickets as ticket on customer.customer_key = ticket.customer_key
left join orders as sale on customer.customer_key = sale.customer_key
left join answers as answer on customer.customer_key = answer.customer_key
left join visits as visit on customer.customer_key = visit.customer_key
left join channels as channel on customer.customer_key = channel.customer_key
left join browsing as browse on customer.customer_key = browse.customer_key
left join attributes as attribute on customer.customer_key = attribute.customer_key
left join {{ ref('int_person__consents') }} as consent
    on customer.customer_key = consent.customer_key and consent.purpose = 'marketing_email'
