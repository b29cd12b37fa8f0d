{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'int_ticket__touched'},
    indexes=[{'columns': ['ticket_key']}],
) }}

select
    message.ticket_key,
    row_number() over (
        partition by message.ticket_key
        order by message.sent_at, message.message_number
    ) as position,
    message.sent_at,
    message.is_public,
    message.author_key,
    case
        when message.is_automatic then 'automatic'
        -- whoever asks for help in a ticket is its customer, also one who is an agent by now
        when agent.agent_key is null or message.author_key = ticket.requester_key then 'customer'
        when agent.is_bot then 'bot'
        else 'agent'
    end as author_role,
    {{ build_number() }} as build_number
from {{ ref('int_ticket__messages') }} as message
inner join {{ ref('int_ticket__tickets') }} as ticket on message.ticket_key = ticket.ticket_key
left join {{ ref('int_ticket__agents') }} as agent on message.author_key = agent.agent_key
where {{ only_touched('message.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
