{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'int_ticket__touched'},
    indexes=[{'columns': ['ticket_key']}],
) }}

-- Which policy a ticket is under, and since when: its priority, team and unsolved status from the spells, laid over
-- each other. A solution does not end what was promised, so the last unsolved status stands on until the next one. Each
-- combination of what policies look at is judged once, however many tickets are in it.
with looked_at as (
    select
        coalesce(bool_or(field = 'channel'), false) as is_channel,
        coalesce(bool_or(field = 'account'), false) as is_account
    from {{ ref('int_sla__conditions') }}
),

-- its tags are read once for a ticket, not once for each of its states
tickets as materialized (
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
    cross join looked_at
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

-- the moments at which something changed, with what holds from then on: the latest value of each field so far
moments as (
    select
        ticket_key,
        from_at,
    {%- for field in ['priority', 'team', 'status'] %}
        max(coalesce(value, '')) filter (where attribute = '{{ field }}') as {{ field }}
        {{- ',' if not loop.last }}
    {%- endfor %}
    from fields
    where to_at > from_at
    group by ticket_key, from_at
),

placed as (
    select
        *,
        lpad((row_number() over in_time)::text, 8, '0') as place,
        lead(from_at) over in_time as to_at
    from moments
    window in_time as (partition by ticket_key order by from_at)
),

carried as (
    select
        ticket_key,
        from_at,
        to_at,
    {%- for field in ['priority', 'team', 'status'] %}
        -- a text that begins with its place: the greatest is the latest
        nullif(substr(max(place || {{ field }}) over so_far, 9), '') as {{ field }}
        {{- ',' if not loop.last }}
    {%- endfor %}
    from placed
    window so_far as (partition by ticket_key order by from_at)
),

states as (
    select
        ticket.*,
        carried.from_at,
        carried.to_at,
        carried.priority,
        carried.team,
        carried.status,
        concat_ws(
            '|', ticket.source, carried.priority, '|', carried.team, '|', carried.status, '|', ticket.channel,
            '|', ticket.account, '|', ticket.tags
        ) as state
    from carried
    inner join tickets as ticket on carried.ticket_key = ticket.ticket_key
    where carried.status is not null
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
    state.to_at,
    {{ build_number() }} as build_number
from states as state
inner join chosen on state.state = chosen.state
