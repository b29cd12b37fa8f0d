{{ config(materialized='view') }}

select
    event_key as message_key,
    source,
    ticket_key,
    author_key,
    event_number as message_number,
    occurred_at as sent_at,
    is_public,
    is_automatic,
    build_number
from {{ ref('int_ticket__events') }}
where kind = 'message'
