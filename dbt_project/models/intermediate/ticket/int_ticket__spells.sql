{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'int_ticket__touched'},
    indexes=[{'columns': ['ticket_key', 'attribute']}],
) }}

-- What a ticket was when: each change begins a spell and ends the one before. The value at creation is what the first
-- change found; a field that never changed has been what it is. A birth stands before the changes of each field.
with births as (
    select
        ticket.ticket_key,
        field.attribute,
        field.value as present_value,
        ticket.created_at
    from {{ ref('int_ticket__tickets') }} as ticket
    cross join lateral (
        values
        ('status', ticket.status),
        ('priority', ticket.priority),
        ('assignee', split_part(ticket.assignee_key, ':', 2)),
        ('team', ticket.team_id)
    ) as field (attribute, value)
    where {{ only_touched('ticket.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
),

moments as (
    select
        ticket_key,
        attribute,
        0 as event_number,
        created_at as occurred_at,
        true as is_birth,
        false as is_initial,
        null as from_value,
        present_value as to_value
    from births
    union all
    select
        ticket_key,
        kind as attribute,
        event_number,
        occurred_at,
        false as is_birth,
        is_initial,
        from_value,
        to_value
    from {{ ref('int_ticket__events') }}
    where
        kind <> 'message'
        and {{ only_touched('ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
),

ordered as (
    select
        *,
        row_number() over field_history - 1 as spell_number,
        first_value(occurred_at) over field_history as created_at,
        lead(occurred_at) over field_history as next_at,
        lead(from_value) over field_history as next_found,
        -- a field that is set with the ticket has no spell before
        coalesce(lead(is_initial) over field_history, false) as is_next_initial
    from moments
    window field_history as (
        partition by ticket_key, attribute
        order by is_birth desc, occurred_at, event_number
    )
)

select
    ticket_key,
    attribute,
    spell_number,
    case when is_birth and next_at is not null then next_found else to_value end as value,
    from_value as former_value,
    case when is_initial and spell_number = 1 then created_at else occurred_at end as from_at,
    next_at as to_at,
    {{ build_number() }} as build_number
from ordered
where not (is_birth and is_next_initial)
