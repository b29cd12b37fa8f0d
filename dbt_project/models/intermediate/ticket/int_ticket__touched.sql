{{ config(materialized='table', indexes=[{'columns': ['ticket_key'], 'unique': true}]) }}

-- A conversation is computed again as a whole when any part of it changes: the ticket, a message, a field, what is
-- known of somebody who wrote in it, the hours of its team, or what is promised. A full build computes all of them
-- anyway.
{% if is_full_build() %}
    select ticket_key
    from {{ ref('int_ticket__tickets') }}
{% else %}
    with changed as (
        select ticket_key
        from {{ ref('int_ticket__tickets') }}
        where build_number = {{ build_number() }}
        union
        select ticket_key
        from {{ ref('int_ticket__events') }}
        where build_number = {{ build_number() }}
        union
        select event.ticket_key
        from {{ ref('int_ticket__agents') }} as agent
        inner join {{ ref('int_ticket__events') }} as event on agent.agent_key = event.author_key
        where agent.build_number = {{ build_number() }}
        union
        -- one who has stopped being an agent is no longer among them
        select event.ticket_key
        from {{ ref('int_person__identities') }} as identity
        inner join {{ ref('int_ticket__events') }} as event on identity.identity_key = event.author_key
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
        union
        select ticket.ticket_key
        from {{ ref('int_ticket__team_schedules') }} as team
        inner join {{ ref('int_ticket__tickets') }} as ticket
            on team.source = ticket.source and coalesce(team.team_id, '') = coalesce(ticket.team_id, '')
        where team.build_number = {{ build_number() }}
        union
        select ticket.ticket_key
        from {{ ref('int_sla__rulebooks') }} as rulebook
        inner join {{ ref('int_ticket__tickets') }} as ticket on rulebook.source = ticket.source
        where rulebook.build_number = {{ build_number() }}
    )

    select ticket_key
    from changed
    -- so that what is looked up of them by index is met in its order
    order by ticket_key
{% endif %}
