{#- Of the build, not for readers, so not among the marts. #}
{{ config(schema='intermediate', materialized='table', indexes=[{'columns': ['ticket_key'], 'unique': true}]) }}
{%- set held = held_relation('fct_sla_targets', 'marts') %}

-- Tickets whose targets this build judges again: stated again, or with a clock that still runs, as one does where
-- nobody answered.
select ticket_key
from {{ ref('int_ticket__restated') }}
{%- if held %}
    union
    select held.ticket_key
    from {{ held }} as held
    where held.stopped_at is null
{%- endif %}
