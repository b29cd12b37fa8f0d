{{ config(
    materialized='table',
    indexes=[{'columns': ['contact_key']}, {'columns': ['ticket_key']}],
) }}
{%- set held = held_relation('int_ticket__contacts', 'intermediate') %}

-- Whose series of tickets this build reads again, with all their tickets: the owners of touched tickets, as they are
-- now and as they were. A full build reads all series anyway, and asks for none.
with owners as (
    select coalesce(customer.customer_key, ticket.requester_key, ticket.ticket_key) as contact_key
    from {{ ref('int_ticket__touched') }} as touched
    inner join {{ ref('int_ticket__tickets') }} as ticket on touched.ticket_key = ticket.ticket_key
    left join {{ ref('int_person__customers') }} as customer on ticket.requester_key = customer.identity_key
    where not {{ is_full_build() }}
    {%- if held %}
        union
        select held.contact_key
        from {{ ref('int_ticket__touched') }} as touched
        inner join {{ held }} as held on touched.ticket_key = held.ticket_key
    {%- endif %}
),

requesters as (
    select
        customer.identity_key as requester_key,
        customer.customer_key as contact_key
    from {{ ref('int_person__customers') }} as customer
    where customer.customer_key in (select owner.contact_key from owners as owner)
)

select
    owner.contact_key,
    coalesce(known.ticket_key, own.ticket_key) as ticket_key
from owners as owner
left join requesters as requester on owner.contact_key = requester.contact_key
left join {{ ref('int_ticket__tickets') }} as known on requester.requester_key = known.requester_key
left join {{ ref('int_ticket__tickets') }} as own on owner.contact_key = own.requester_key
