{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='contact_key',
    meta={'touched': 'int_ticket__touched_contacts'},
    indexes=[
        {'columns': ['contact_key']},
        {'columns': ['ticket_key'], 'unique': true},
        {'columns': ['build_number']},
    ],
) }}

-- depends_on: {{ ref('int_ticket__touched_contacts') }}
-- When the same customer came next. Tickets that were merged away are contacts; what an agent opened is none. From the
-- latest to the oldest, the least moment of all groups before is that of the next contact, and ties are not after
-- each other.
with tickets as (
    select
        ticket.ticket_key,
        ticket.topic,
        ticket.created_at,
        response.is_opened_by_agent,
        coalesce(customer.customer_key, ticket.requester_key, ticket.ticket_key) as contact_key,
        case when not response.is_opened_by_agent then ticket.created_at end as contacted_at
    from {{ ref('int_ticket__tickets') }} as ticket
    inner join {{ ref('int_ticket__responses') }} as response on ticket.ticket_key = response.ticket_key
    left join {{ ref('int_person__customers') }} as customer on ticket.requester_key = customer.identity_key
    where
        not ticket.is_deleted
        {%- if is_incremental() %}
            and ticket.ticket_key in (
                select touched.ticket_key from {{ ref('int_ticket__touched_contacts') }} as touched
            )
            and coalesce(customer.customer_key, ticket.requester_key, ticket.ticket_key) in (
                select touched.contact_key from {{ ref('int_ticket__touched_contacts') }} as touched
            )
        {%- endif %}
)

select
    contact_key,
    ticket_key,
    topic,
    created_at,
    is_opened_by_agent,
    min(contacted_at) over (
        partition by contact_key
        order by created_at desc
        groups between unbounded preceding and 1 preceding
    ) as next_contact_at,
    -- topics that are unknown are not the same
    case
        when topic is not null
            then min(contacted_at) over (
                partition by contact_key, topic
                order by created_at desc
                groups between unbounded preceding and 1 preceding
            )
    end as next_same_topic_contact_at,
    {{ build_number() }} as build_number
from tickets
-- they are looked up by the ticket, of which a night reads the latest
order by ticket_key
