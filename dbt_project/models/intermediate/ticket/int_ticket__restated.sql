{{ config(materialized='table', indexes=[{'columns': ['ticket_key'], 'unique': true}]) }}
{%- set held = held_relation('fct_tickets', 'marts') %}
{%- set is_judged_otherwise -%}
    (
        held.is_fcr_7d_same_topic is distinct from
        {{ is_fcr('held', 'held.next_same_topic_contact_at', 'fcr_window.hours_7d') }}
        or held.is_fcr_7d_any_topic is distinct from
        {{ is_fcr('held', 'held.next_contact_at', 'fcr_window.hours_7d') }}
        or held.is_fcr_14d_same_topic is distinct from
        {{ is_fcr('held', 'held.next_same_topic_contact_at', 'fcr_window.hours_14d') }}
        or held.is_fcr_14d_any_topic is distinct from
        {{ is_fcr('held', 'held.next_contact_at', 'fcr_window.hours_14d') }}
    )
{%- endset %}

-- depends_on: {{ ref('int_ticket__contacts') }}
-- depends_on: {{ ref('int_ticket__fcr_windows') }}
-- depends_on: {{ ref('metric_settings') }}
-- depends_on: {{ source('ops', 'builds') }}
-- Tickets whose figures this build states again: what happened in them changed, or time alone moves them. It moves what
-- is unsolved, and what was solved when a window of first contact resolution closes or a next contact comes into it. A
-- window can only have closed over what was solved since it began, so older solutions are judged again only when an
-- analyst has changed the windows. One by one, since an "or" of them would read all tickets.
with restated as (
    select ticket_key
    from {{ ref('int_ticket__touched') }}
    {%- if held %}
        union all
        select held.ticket_key
        from {{ held }} as held
        inner join {{ ref('int_ticket__contacts') }} as contact on held.ticket_key = contact.ticket_key
        where
            contact.build_number = {{ build_number() }}
            and (
                contact.next_contact_at is distinct from held.next_contact_at
                or contact.next_same_topic_contact_at is distinct from held.next_same_topic_contact_at
            )
        union all
        select ticket_key
        from {{ held }}
        where is_running and is_open
        union all
        select held.ticket_key
        from {{ fcr_windows() }} as fcr_window
        inner join {{ held }} as held
            on held.first_resolved_at > least({{ held_as_of(held) }}, {{ as_of() }})
            - greatest(fcr_window.hours_7d, fcr_window.hours_14d) * interval '1 hour'
            -- no window closes over what lies ahead; and the planner expects few between two bounds
            and held.first_resolved_at <= {{ as_of() }}
        where {{ is_judged_otherwise }}
        union all
        select held.ticket_key
        from {{ held }} as held
        cross join {{ fcr_windows() }} as fcr_window
        where
            exists (
                select 1
                from {{ ref('int_ticket__fcr_windows') }} as setting
                where setting.build_number = {{ build_number() }}
            )
            and {{ is_judged_otherwise }}
    {%- endif %}
    {{ listed_before(['ticket_key']) }}
)

select distinct
    ticket_key,
    {{ build_number() }} as build_number
from restated
order by ticket_key
