{#- Of the build, not for readers, so not among the marts. #}
{{ config(schema='intermediate', materialized='table', indexes=[{'columns': ['ticket_key'], 'unique': true}]) }}
{%- set held = held_relation('mart_support__tickets', 'marts') %}

-- depends_on: {{ ref('mart_support__ratings') }}
-- depends_on: {{ ref('fct_sla_targets') }}
-- depends_on: {{ source('ops', 'builds') }}
-- Tickets whose row in mart_support__tickets this build writes again: their figures were stated again, who asked is
-- described otherwise, the customer still waits, a target was missed, or a rating was given, changed or taken back.
with changed_accounts as (
    select account_key
    from {{ ref('dim_accounts') }}
    where build_number = {{ build_number() }}
),

changed_customers as (
    select customer_key
    from {{ ref('dim_customers') }}
    where build_number = {{ build_number() }}
    union
    select customer_key
    from {{ ref('dim_customers') }}
    where account_key in (select changed.account_key from changed_accounts as changed)
),

changed as (
    select ticket_key
    from {{ ref('fct_tickets_touched') }}
    {#- one by one: an "or" of them would read all tickets #}
    union
    select ticket_key
    from {{ ref('fct_tickets') }}
    where is_running and is_unanswered
    union
    select ticket_key
    from {{ ref('fct_tickets') }}
    where account_key in (select account.account_key from changed_accounts as account)
    union
    select ticket_key
    from {{ ref('fct_tickets') }}
    where customer_key in (select customer.customer_key from changed_customers as customer)
    {%- if held %}
        union
        select coalesce(rating.ticket_key, held.ticket_key) as ticket_key
        from (
            select
                ticket_key,
                first_rating,
                latest_rating
            from {{ held }}
            where latest_rating is not null
        ) as held
        full outer join {{ ref('mart_support__ratings') }} as rating on held.ticket_key = rating.ticket_key
        where
            (rating.first_rating, rating.latest_rating)
            is distinct from (held.first_rating, held.latest_rating)
        union
        select promise.ticket_key
        from {{ ref('fct_sla_targets') }} as promise
        where {{ is_missed_since('promise', held_as_of(ref('fct_tickets'))) }}
    {%- endif %}
)

select ticket_key
from changed
order by ticket_key
