{#- Of the build, not for readers, so not among the marts. #}
{{ config(schema='intermediate', materialized='table', indexes=[{'columns': ['created_date'], 'unique': true}]) }}
{%- set held = held_relation('mart_support__outcomes_daily', 'marts') %}

-- depends_on: {{ ref('fct_tickets') }}
-- depends_on: {{ ref('fct_tickets_touched') }}
-- depends_on: {{ ref('fct_sla_targets') }}
-- depends_on: {{ source('ops', 'builds') }}
-- Days of creation whose outcomes this build counts again: a ticket of the day changed, or counts in another cut, a
-- window of first contact resolution closed or was broken, or a clock that runs has passed its target since the set's
-- build before. What merely goes on running moves no outcome, else each ticket that nobody ever solves would keep its
-- day busy for ever.
select distinct {{ company_date('ticket.created_at') }} as created_date
from {{ ref('int_ticket__touched') }} as touched
inner join {{ ref('int_ticket__tickets') }} as ticket on touched.ticket_key = ticket.ticket_key
{%- if held %}
    union
    select created_date
    from {{ ref('fct_tickets') }}
    where build_number = {{ build_number() }} and not is_open
    union
    select ticket.created_date
    from {{ ref('fct_tickets_touched') }} as touched
    inner join {{ ref('fct_tickets') }} as ticket on touched.ticket_key = ticket.ticket_key
    where touched.has_moved
    union
    select ticket.created_date
    from {{ ref('fct_sla_targets') }} as promise
    inner join {{ ref('fct_tickets') }} as ticket on promise.ticket_key = ticket.ticket_key
    where {{ is_missed_since('promise', held_as_of(ref('fct_tickets'))) }}
{%- endif %}
