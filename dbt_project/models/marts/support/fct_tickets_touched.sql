{#- Of the build, not for readers, so not among the marts. #}
{{ config(schema='intermediate', materialized='table', indexes=[{'columns': ['ticket_key'], 'unique': true}]) }}
{%- set held = held_relation('fct_tickets', 'marts') %}

-- depends_on: {{ ref('dim_customers') }}
-- depends_on: {{ ref('int_ticket__tickets') }}
-- depends_on: {{ ref('int_account__accounts') }}
-- Tickets whose row in fct_tickets this build writes again: their figures are stated again, or they are another
-- account's now, since their customer is. The latter count in other cuts, which nothing else tells.
with touched as (
    select
        ticket_key,
        false as has_moved
    from {{ ref('int_ticket__restated') }}
    {%- if held %}
        union all
        select
            held.ticket_key,
            true as has_moved
        from {{ ref('dim_customers') }} as customer
        inner join {{ held }} as held on customer.customer_key = held.customer_key
        inner join {{ ref('int_ticket__tickets') }} as ticket on held.ticket_key = ticket.ticket_key
        left join {{ ref('int_account__accounts') }} as account
            on ticket.account_identity_key = account.account_identity_key
        where
            customer.build_number = {{ build_number() }}
            and coalesce(account.account_key, customer.account_key) is distinct from held.account_key
    {%- endif %}
    {{ listed_before(['ticket_key', 'has_moved']) }}
)

select
    ticket_key,
    bool_or(has_moved) as has_moved,
    {{ build_number() }} as build_number
from touched
group by ticket_key
order by ticket_key
