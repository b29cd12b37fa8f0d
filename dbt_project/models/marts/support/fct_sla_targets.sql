{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='ticket_key',
    meta={'touched': 'fct_sla_touched', 'rewritten': 'touched.is_whole or held.stopped_at is null'},
    indexes=[
        {'columns': ['ticket_key', 'metric', 'instance_number'], 'unique': true},
        {'columns': ['build_number']},
    ],
) }}

-- Every run of a clock that somebody promised something for. Which policy, priority and target count is asked when the
-- clock stops, or now if it runs; the whole time is held against that target.
with tickets as (
    select
        ticket.ticket_key,
        ticket.source,
        ticket.ticket_id,
        team.schedule_key,
        {{ 'touched.is_whole' if is_incremental() else 'true' }} as is_whole
    from {{ ref('int_ticket__tickets') }} as ticket
    left join {{ ref('int_ticket__team_schedules') }} as team
        on {{ team_key('ticket.source', 'ticket.team_id') }} = team.team_key
    {%- if is_incremental() %}
        inner join {{ ref('fct_sla_touched') }} as touched on ticket.ticket_key = touched.ticket_key
    {%- endif %}
    where not ticket.is_merged and not ticket.is_deleted
),

{% if is_incremental() -%}
    -- of a night's tickets looked up once each, not once for each of their clocks
    promises as materialized (
        select promise.*
        from {{ ref('int_ticket__policies') }} as promise
        where promise.ticket_key in (select touched.ticket_key from {{ ref('fct_sla_touched') }} as touched)
    ),
{%- endif %}

promised as (
    select distinct metric
    from {{ ref('int_sla__targets') }}
),

replies as (
    select
        reply.ticket_key,
        reply.asked_at as started_at,
        reply.answered_at as stopped_at,
        case when reply.turn_number = 1 then 'first_reply_time' else 'next_reply_time' end as metric,
        greatest(reply.turn_number - 1, 1) as instance_number,
        coalesce(reply.reply_minutes, {{ minutes_between('reply.asked_at', as_of()) }}) as calendar_minutes,
        coalesce(
            reply.reply_business_minutes,
            {{ business_minutes('at_asking', 'reply.asked_at', 'at_night', as_of()) }}
        ) as business_minutes
    from (
        select
            reply.*,
            case when reply.answered_at is null then ticket.schedule_key end as running_schedule_key
        from {{ ref('fct_ticket_replies') }} as reply
        inner join tickets as ticket on reply.ticket_key = ticket.ticket_key
        where ticket.is_whole or reply.answered_at is null
    ) as reply
    {{ join_business_clock('at_asking', 'reply.running_schedule_key', 'reply.asked_at') }}
    {{ join_business_clock('at_night', 'reply.running_schedule_key', as_of()) }}
),

waits as (
    select
        stretch.ticket_key,
        clock.metric,
        stretch.stretch_number as instance_number,
        stretch.started_at,
        stretch.stopped_at,
        {{ minutes_of_seconds('clock.seconds') }} as calendar_minutes,
        {{ minutes_of_seconds('clock.business_seconds') }} as business_minutes
    from {{ ref('int_ticket__stretches') }} as stretch
    inner join tickets as ticket on stretch.ticket_key = ticket.ticket_key
    cross join
        lateral (
            values
            ('requester_wait_time', stretch.requester_wait_seconds, stretch.requester_wait_business_seconds),
            ('agent_work_time', stretch.agent_work_seconds, stretch.agent_work_business_seconds)
        ) as clock (metric, seconds, business_seconds)
    where
        clock.metric in (select promised.metric from promised)
        and (ticket.is_whole or stretch.stopped_at is null)
),

-- from each public comment of a person to the next one, or to the solution
comments as (
    select
        turn.ticket_key,
        turn.position,
        turn.sent_at,
        lead(turn.sent_at) over (partition by turn.ticket_key order by turn.position) as next_sent_at
    from {{ ref('int_ticket__turns') }} as turn
    where
        turn.is_public
        and turn.author_role = 'agent'
        and 'pausable_update_time' in (select promised.metric from promised)
        and {{ only_touched('turn.ticket_key', ref('fct_sla_touched'), 'ticket_key') }}
),

updates as (
    select
        ticket.ticket_key,
        ticket.schedule_key,
        comment.sent_at as started_at,
        row_number() over (partition by ticket.ticket_key order by comment.position) as instance_number,
        least(comment.next_sent_at, stretch.stopped_at) as stopped_at
    from comments as comment
    inner join tickets as ticket on comment.ticket_key = ticket.ticket_key
    inner join {{ ref('int_ticket__stretches') }} as stretch
        on comment.ticket_key = stretch.ticket_key
        and comment.sent_at >= stretch.started_at
        and (comment.sent_at < stretch.stopped_at or stretch.stopped_at is null)
),

pauses as (
    select
        pause.ticket_key,
        pause.instance_number,
        sum({{ seconds_between('pause.from_at', 'pause.to_at') }}) as seconds,
        sum({{ business_seconds('at_end', 'pause.to_at') }} - {{ business_seconds('at_start', 'pause.from_at') }})
            as business_seconds
    from (
        select
            run.ticket_key,
            run.instance_number,
            run.schedule_key,
            greatest(run.started_at, spell.from_at) as from_at,
            least(coalesce(run.stopped_at, {{ as_of() }}), coalesce(spell.to_at, {{ as_of() }})) as to_at
        from updates as run
        inner join {{ ref('int_ticket__spells') }} as spell
            on run.ticket_key = spell.ticket_key
            and spell.attribute = 'status'
            and spell.value = 'pending'
            and spell.from_at < coalesce(run.stopped_at, {{ as_of() }})
            and coalesce(spell.to_at, {{ as_of() }}) > run.started_at
    ) as pause
    {{ join_business_clock('at_start', 'pause.schedule_key', 'pause.from_at') }}
    {{ join_business_clock('at_end', 'pause.schedule_key', 'pause.to_at') }}
    group by pause.ticket_key, pause.instance_number
),

clocks as (
    select
        ticket_key,
        metric,
        instance_number,
        started_at,
        stopped_at,
        calendar_minutes,
        business_minutes
    from replies
    where metric in (select promised.metric from promised)
    union all
    select
        ticket_key,
        metric,
        instance_number,
        started_at,
        stopped_at,
        calendar_minutes,
        business_minutes
    from waits
    union all
    select
        run.ticket_key,
        'pausable_update_time' as metric,
        run.instance_number,
        run.started_at,
        run.stopped_at,
        {{ minutes_of_seconds(
            seconds_between('run.started_at', 'coalesce(run.stopped_at, ' ~ as_of() ~ ')')
            ~ ' - coalesce(pause.seconds, 0)'
        ) }} as calendar_minutes,
        {{ minutes_of_seconds(
            business_seconds('at_end', 'coalesce(run.stopped_at, ' ~ as_of() ~ ')')
            ~ ' - ' ~ business_seconds('at_start', 'run.started_at') ~ ' - coalesce(pause.business_seconds, 0)'
        ) }} as business_minutes
    from updates as run
    left join pauses as pause on run.ticket_key = pause.ticket_key and run.instance_number = pause.instance_number
    {{ join_business_clock('at_start', 'run.schedule_key', 'run.started_at') }}
    {{ join_business_clock('at_end', 'run.schedule_key', 'coalesce(run.stopped_at, ' ~ as_of() ~ ')') }}
)

select
    clock.ticket_key || ':' || clock.metric || ':' || clock.instance_number as sla_key,
    clock.ticket_key,
    ticket.source,
    ticket.ticket_id,
    clock.metric,
    clock.instance_number,
    policy.policy_id,
    policy.title as policy_title,
    promise.priority,
    promise.team_id,
    {{ plain_number('target.target_minutes') }} as target_minutes,
    target.is_business,
    clock.started_at,
    {{ company_date('clock.started_at') }} as started_date,
    clock.stopped_at,
    case when target.is_business then clock.business_minutes else clock.calendar_minutes end as elapsed_minutes,
    case when target.is_business then clock.business_minutes else clock.calendar_minutes end > target.target_minutes
        as is_breached,
    {{ build_number() }} as build_number
from clocks as clock
inner join tickets as ticket
    on clock.ticket_key = ticket.ticket_key and (ticket.is_whole or clock.stopped_at is null)
inner join {{ 'promises' if is_incremental() else ref('int_ticket__policies') }} as promise
    on clock.ticket_key = promise.ticket_key
    and coalesce(clock.stopped_at, {{ as_of() }}) >= promise.from_at
    and (coalesce(clock.stopped_at, {{ as_of() }}) < promise.to_at or promise.to_at is null)
-- as one text, so that it is joined after the promise: before it, by the metric alone, each clock would look for its
-- promise once for every target of that metric
inner join {{ ref('int_sla__targets') }} as target
    on promise.policy_key || ' ' || clock.metric || ' ' || promise.priority
    = target.policy_key || ' ' || target.metric || ' ' || target.priority
inner join {{ ref('int_sla__policies') }} as policy on promise.policy_key = policy.policy_key
