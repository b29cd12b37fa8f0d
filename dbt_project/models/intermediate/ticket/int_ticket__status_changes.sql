{{ config(materialized='view') }}

select
    event_key as status_change_key,
    source,
    ticket_key,
    event_number as change_number,
    from_status,
    to_status,
    occurred_at as changed_at,
    build_number
from {{ ref('int_ticket__events') }}
where kind = 'status'
