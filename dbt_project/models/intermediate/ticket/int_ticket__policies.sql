{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'int_ticket__touched'},
    indexes=[{'columns': ['ticket_key']}],
) }}

-- Which policy a ticket is under, and since when: its priority, team and unsolved status from the spells, laid over each
-- other. A solution does not end what was promised, so the last unsolved status stands on until the next one. Each
-- combination of what policies look at is judged once, however many tickets are in it.
with tickets as (
    select
        ticket.ticket_key,
        ticket.source,
        -- only what some policy looks at, so that there are few combinations
        case when looked_at.is_channel then ticket.channel end as channel,
        case when looked_at.is_account then split_part(ticket.account_identity_key, ':', 2) end as account,
        (
            select string_agg(mentioned.tag, ' ' order by mentioned.tag)
            from (
                select distinct jsonb_array_elements_text(wanted) as tag
                from {{ ref('int_sla__conditions') }}
                where field = 'tag'
            ) as mentioned
            where {{ json_array_holds('ticket.tags', 'mentioned.tag') }}
        ) as tags
    from {{ ref('int_ticket__tickets') }} as ticket
    cross join (
        select
            coalesce(bool_or(field = 'channel'), false) as is_channel,
            coalesce(bool_or(field = 'account'), false) as is_account
        from {{ ref('int_sla__conditions') }}
    ) as looked_at
    where
        {{ only_touched('ticket.ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
        and not ticket.is_merged
        and not ticket.is_deleted
        and ticket.source in (select policy.source from {{ ref('int_sla__policies') }} as policy)
),

fields as (
    select
        ticket_key,
        attribute,
        value,
        from_at,
        coalesce(
            case
                when attribute = 'status'
                    then lead(from_at) over (partition by ticket_key, attribute order by spell_number)
                else to_at
            end,
            'infinity'
        ) as to_at
    from {{ ref('int_ticket__spells') }}
    where
        {{ only_touched('ticket_key', ref('int_ticket__touched'), 'ticket_key') }}
        and (
            attribute in ('priority', 'team')
            or (attribute = 'status' and value in ('new', 'open', 'pending', 'hold'))
        )
),

laid_over as (
    select
        ticket.*,
        priority.value as priority,
        team.value as team,
        status.value as status,
        greatest(priority.from_at, team.from_at, status.from_at) as from_at,
        least(priority.to_at, team.to_at, status.to_at) as to_at
    from tickets as ticket
    inner join fields as priority on ticket.ticket_key = priority.ticket_key and priority.attribute = 'priority'
    inner join fields as team
        on ticket.ticket_key = team.ticket_key
        and team.attribute = 'team'
        and team.from_at < priority.to_at
        and team.to_at > priority.from_at
    inner join fields as status
        on ticket.ticket_key = status.ticket_key
        and status.attribute = 'status'
        and status.from_at < least(priority.to_at, team.to_at)
        and status.to_at > greatest(priority.from_at, team.from_at)
    where priority.to_at > priority.from_at and team.to_at > team.from_at and status.to_at > status.from_at
),

states as (
    select
        *,
        concat_ws('|', source, priority, '|', team, '|', status, '|', channel, '|', account, '|', tags) as state
    from laid_over
),

distinct_states as (
    select distinct
        state,
        source,
        priority,
        team,
        status,
        channel,
        account,
        tags
    from states
),

chosen as (
    select distinct on (state.state)
        state.state,
        policy.policy_key
    from distinct_states as state
    inner join {{ ref('int_sla__policies') }} as policy on state.source = policy.source
    where
        not exists (
            select 1
            from {{ ref('int_sla__conditions') }} as demand
            where
                demand.policy_key = policy.policy_key
                and demand.quantifier = 'all'
                and not {{ condition_holds('demand', 'state') }}
        )
        and (
            not exists (
                select 1
                from {{ ref('int_sla__conditions') }} as choice
                where choice.policy_key = policy.policy_key and choice.quantifier = 'any'
            )
            or exists (
                select 1
                from {{ ref('int_sla__conditions') }} as choice
                where
                    choice.policy_key = policy.policy_key
                    and choice.quantifier = 'any'
                    and {{ condition_holds('choice', 'state') }}
            )
        )
    order by state.state asc, policy.match_order asc
)

select
    state.ticket_key,
    chosen.policy_key,
    state.priority,
    state.team as team_id,
    state.from_at,
    nullif(state.to_at, 'infinity') as to_at,
    {{ build_number() }} as build_number
from states as state
inner join chosen on state.state = chosen.state
