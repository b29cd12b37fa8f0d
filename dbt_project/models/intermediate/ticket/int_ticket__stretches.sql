{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'int_ticket__restated'},
    indexes=[{'columns': ['ticket_key']}],
) }}

-- From the creation, or a return, to the next solution: what a helpdesk counts as one run of its clocks.
with statuses as (
    select
        spell.ticket_key,
        spell.spell_number,
        spell.value as status,
        spell.former_value,
        spell.from_at,
        spell.to_at,
        spell.seconds,
        spell.business_seconds,
        case when spell.to_at is null then team.schedule_key end as running_schedule_key,
        coalesce(
            lag(spell.value) over (partition by spell.ticket_key order by spell.spell_number)
            in ('new', 'open', 'pending', 'hold'),
            false
        ) as was_unsolved
    from {{ ref('int_ticket__spells') }} as spell
    inner join {{ ref('int_ticket__tickets') }} as ticket on spell.ticket_key = ticket.ticket_key
    left join {{ ref('int_ticket__team_schedules') }} as team
        on {{ team_key('ticket.source', 'ticket.team_id') }} = team.team_key
    where
        spell.attribute = 'status'
        and not ticket.is_deleted
        and {{ only_touched('spell.ticket_key', ref('int_ticket__restated'), 'ticket_key') }}
),

numbered as (
    select
        *,
        sum(case when was_unsolved then 0 else 1 end) over (
            partition by ticket_key
            order by spell_number
            rows unbounded preceding
        ) as stretch_number
    from statuses
    where status in ('new', 'open', 'pending', 'hold')
),

clocked as (
    select
        spell.ticket_key,
        spell.stretch_number,
        spell.status,
        spell.from_at,
        spell.to_at,
        not spell.was_unsolved and spell.former_value = 'solved' as is_reopening,
        coalesce(spell.seconds, {{ seconds_between('spell.from_at', as_of()) }}) as seconds,
        coalesce(
            spell.business_seconds,
            {{ business_seconds('at_night', as_of()) }} - {{ business_seconds('at_start', 'spell.from_at') }}
        ) as business_seconds
    from numbered as spell
    {{ join_business_clock('at_start', 'spell.running_schedule_key', 'spell.from_at') }}
    {{ join_business_clock('at_night', 'spell.running_schedule_key', as_of()) }}
)

select
    ticket_key,
    stretch_number,
    min(from_at) as started_at,
    case when count(*) = count(to_at) then max(to_at) end as stopped_at,
    coalesce(bool_or(is_reopening), false) as is_reopening,
    {%- for clock, statuses in {'requester_wait': "'new', 'open', 'hold'", 'agent_work': "'new', 'open'"}.items() %}
        coalesce(sum(seconds) filter (where status in ({{ statuses }})), 0) as {{ clock }}_seconds,
        -- null without a schedule, not 0
        case
            when count(business_seconds) > 0
                then coalesce(sum(business_seconds) filter (where status in ({{ statuses }})), 0)
        end as {{ clock }}_business_seconds,
    {%- endfor %}
    {{ build_number() }} as build_number
from clocked
group by ticket_key, stretch_number
-- what a night writes again lies together then
order by ticket_key
