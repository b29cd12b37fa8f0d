{{ config(materialized='table') }}
{%- set held = held_relation('int_ticket__moves', 'intermediate') %}

-- depends_on: {{ ref('int_ticket__touched') }}
-- Days on which the tickets that this build computes again had moved by what was known before: of a move that is gone,
-- nothing tells afterwards.
{% if held %}
    select distinct
        day,
        {{ build_number() }} as build_number
    from (
        select move.day
        from {{ ref('int_ticket__touched') }} as touched
        inner join {{ held }} as move on touched.ticket_key = move.ticket_key
        {{ listed_before(['day']) }}
    ) as moved
{% else %}
    select
        current_date as day,
        {{ build_number() }} as build_number
    where false
{% endif %}
