{{ config(
    materialized='table',
    indexes=[{'columns': ['contact_key']}, {'columns': ['ticket_key']}],
) }}
{%- set held = held_relation('int_ticket__contacts', 'intermediate') %}

-- Whose series of tickets this build reads again, with all their tickets: the owners of tickets that are new to a
-- series, gone from it, or described otherwise, as they are now and as they were. Whatever else happens in a ticket
-- moves no next contact. A full build reads all series anyway, and asks for none.
with present as (
    select
        ticket.ticket_key,
        ticket.topic,
        ticket.created_at,
        response.is_opened_by_agent,
        coalesce(customer.customer_key, ticket.requester_key, ticket.ticket_key) as contact_key
    from {{ ref('int_ticket__touched') }} as touched
    inner join {{ ref('int_ticket__tickets') }} as ticket on touched.ticket_key = ticket.ticket_key
    inner join {{ ref('int_ticket__responses') }} as response on touched.ticket_key = response.ticket_key
    left join {{ ref('int_person__customers') }} as customer on ticket.requester_key = customer.identity_key
    where not ticket.is_deleted and not {{ is_full_build() }}
),

former as (
    {%- if held %}
        select
            held.ticket_key,
            held.topic,
            held.created_at,
            held.is_opened_by_agent,
            held.contact_key
        from {{ ref('int_ticket__touched') }} as touched
        inner join {{ held }} as held on touched.ticket_key = held.ticket_key
    {%- else %}
        select *
        from present
        where false
    {%- endif %}
),

added as (
    select * from present
    except
    select * from former
),

removed as (
    select * from former
    except
    select * from present
),

owners as (
    select contact_key
    from added
    union
    select contact_key
    from removed
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
