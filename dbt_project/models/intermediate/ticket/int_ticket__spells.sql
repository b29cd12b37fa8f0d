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
    cross join
        lateral (
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
        order by is_birth desc, occurred_at asc, event_number asc
    )
),

spells as (
    select
        ticket_key,
        attribute,
        spell_number,
        from_value as former_value,
        created_at,
        case when is_birth and next_at is not null then next_found else to_value end as value,
        -- a helpdesk that dates a change before the ticket's creation would give it a wait below nothing
        case
            when is_initial and spell_number = 1 then created_at
            else greatest(occurred_at, created_at)
        end as from_at,
        case when next_at is not null then greatest(next_at, created_at) end as to_at
    from ordered
    where not (is_birth and is_next_initial)
),

-- only statuses are measured in business time
clocked as (
    select
        spell.*,
        {{ business_seconds('at_start', 'spell.from_at') }} - {{ business_seconds('at_creation', 'spell.created_at') }}
            as business_seconds_before
    from (
        select
            spell.*,
            case when spell.attribute = 'status' then team.schedule_key end as schedule_key
        from spells as spell
        inner join {{ ref('int_ticket__tickets') }} as ticket on spell.ticket_key = ticket.ticket_key
        left join {{ ref('int_ticket__team_schedules') }} as team
            on {{ team_key('ticket.source', 'ticket.team_id') }} = team.team_key
        where {{ only_touched('ticket.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
    ) as spell
    {{ join_business_clock('at_creation', 'spell.schedule_key', 'spell.created_at') }}
    {{ join_business_clock('at_start', 'spell.schedule_key', 'spell.from_at') }}
)

select
    ticket_key,
    attribute,
    spell_number,
    value,
    former_value,
    from_at,
    to_at,
    {{ seconds_between('from_at', 'to_at') }} as seconds,
    business_seconds_before,
    lead(business_seconds_before) over (partition by ticket_key, attribute order by spell_number)
    - business_seconds_before as business_seconds,
    {{ build_number() }} as build_number
from clocked
