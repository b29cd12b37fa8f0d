{#- Of the build, not for readers, so not among the marts. #}
{{ config(schema='intermediate', materialized='table', indexes=[{'columns': ['ticket_key'], 'unique': true}]) }}
{%- set held = held_relation('fct_sla_targets', 'marts') %}

-- Tickets whose targets this build judges again: all of them where something happened in the ticket, and only those
-- whose clock runs where nothing did, since time moves no other. A clock that began after the last build's own runs
-- unjudged, so open tickets are among them as well as those whose clock is known to run.
with touched as (
    select
        ticket_key,
        true as is_whole
    from {{ ref('int_ticket__touched') }}
    union all
    select
        ticket_key,
        false as is_whole
    from {{ ref('int_ticket__restated') }}
    {%- if held %}
        union all
        select
            held.ticket_key,
            false as is_whole
        from {{ held }} as held
        where held.stopped_at is null
    {%- endif %}
)

select
    ticket_key,
    bool_or(is_whole) as is_whole
from touched
group by ticket_key
