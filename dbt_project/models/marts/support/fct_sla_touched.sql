{#- Of the build, not for readers, so not among the marts. #}
{{ config(schema='intermediate', materialized='table', indexes=[{'columns': ['ticket_key'], 'unique': true}]) }}
{%- set held = held_relation('fct_tickets', 'marts') %}

-- depends_on: {{ ref('fct_ticket_replies') }}
-- Tickets whose targets this build judges again: all of them where something happened in the ticket, and only those
-- whose clock runs where nothing did, since time moves no other. A clock runs in a ticket that runs, or while a
-- customer waits for a reply in one that does not.
with touched as (
    select
        ticket_key,
        true as is_whole
    from {{ ref('int_ticket__touched') }}
    {%- if held %}
        union all
        select
            held.ticket_key,
            false as is_whole
        from {{ held }} as held
        where held.is_running
        union all
        select
            ticket_key,
            false as is_whole
        from {{ ref('fct_ticket_replies') }}
        where answered_at is null
    {%- endif %}
)

select
    ticket_key,
    bool_or(is_whole) as is_whole
from touched
group by ticket_key
order by ticket_key
