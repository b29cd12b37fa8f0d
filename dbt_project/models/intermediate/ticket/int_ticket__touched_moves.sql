{{ config(materialized='table', indexes=[{'columns': ['day'], 'unique': true}]) }}

-- depends_on: {{ ref('int_ticket__touched') }}
-- depends_on: {{ ref('int_ticket__touched_moves_before') }}
-- depends_on: {{ ref('int_ticket__moves') }}
-- Days whose moves this build adds up again: a ticket that it computed again moves on them, or did before.
{% if is_full_build() %}
    select distinct day
    from {{ ref('int_ticket__moves') }}
{% else %}
    select day
    from {{ ref('int_ticket__touched_moves_before') }}
    union
    select move.day
    from {{ ref('int_ticket__touched') }} as touched
    inner join {{ ref('int_ticket__moves') }} as move on touched.ticket_key = move.ticket_key
{% endif %}
