{{ config(materialized='table', indexes=[{'columns': ['ticket_key'], 'unique': true}]) }}

-- A conversation is computed again as a whole when any part of it changes: the ticket, a message, a status, or what is
-- known of somebody who wrote in it.
with changed as (
    select ticket_key
    from {{ ref('int_ticket__tickets') }}
    where build_number = {{ build_number() }}
    union
    select ticket_key
    from {{ ref('int_ticket__messages') }}
    where build_number = {{ build_number() }}
    union
    select ticket_key
    from {{ ref('int_ticket__status_changes') }}
    where build_number = {{ build_number() }}
    union
    select message.ticket_key
    from {{ ref('int_ticket__agents') }} as agent
    inner join {{ ref('int_ticket__messages') }} as message on agent.agent_key = message.author_key
    where agent.build_number = {{ build_number() }}
    union
    -- one who has stopped being an agent is no longer among them
    select message.ticket_key
    from {{ ref('int_person__identities') }} as identity
    inner join {{ ref('int_ticket__messages') }} as message on identity.identity_key = message.author_key
    where identity.build_number = {{ build_number() }} and not identity.is_agent
    union
    select ticket.ticket_key
    from {{ ref('int_account__accounts') }} as account
    inner join {{ ref('int_ticket__tickets') }} as ticket
        on account.account_identity_key = ticket.account_identity_key
    where account.build_number = {{ build_number() }}
    union
    select ticket.ticket_key
    from {{ ref('int_person__customers') }} as customer
    inner join {{ ref('int_ticket__tickets') }} as ticket on customer.identity_key = ticket.requester_key
    where customer.build_number = {{ build_number() }}
)

select ticket_key
from changed
