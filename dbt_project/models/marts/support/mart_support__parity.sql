{{ config(materialized='view') }}

-- This warehouse's figure beside the helpdesk's own. A rule explains a difference only where it also gives the
-- helpdesk's figure, or where the helpdesk counts by something that this ticket had and our rule leaves out.
with replies as (
    select
        ticket_key,
        sum(reply_minutes) as reply_time,
        sum(reply_business_minutes) as reply_time_business
    from {{ ref('fct_ticket_replies') }}
    where answered_at is not null
    group by ticket_key
),

stretches as (
    select
        ticket_key,
        {{ minutes_of_seconds('sum(requester_wait_seconds)') }} as requester_wait_time,
        {{ minutes_of_seconds('sum(requester_wait_business_seconds)') }} as requester_wait_time_business,
        {{ minutes_of_seconds('sum(agent_work_seconds)') }} as agent_work_time,
        {{ minutes_of_seconds('sum(agent_work_business_seconds)') }} as agent_work_time_business
    from {{ ref('int_ticket__stretches') }}
    where stopped_at is not null
    group by ticket_key
),

bots as (
    select distinct ticket_key
    from {{ ref('int_ticket__turns') }}
    where author_role = 'bot' and is_public
),

-- whose tickets went through teams that work by different schedules; before the first team it is the default
schedules as (
    select spell.ticket_key
    from {{ ref('int_ticket__spells') }} as spell
    inner join {{ ref('fct_tickets') }} as ticket on spell.ticket_key = ticket.ticket_key
    left join {{ ref('int_ticket__team_schedules') }} as team
        on {{ team_key('ticket.source', 'spell.value') }} = team.team_key
    where spell.attribute = 'team'
    group by spell.ticket_key
    having count(distinct team.schedule_key) > 1
),

figures as (
    select
        vendor.ticket_key,
        ticket.ticket_id,
        ticket.source,
        vendor.metric,
        vendor.minutes as vendor_minutes,
        vendor.runs,
        ticket.is_merged,
        ticket.is_opened_by_agent,
        bot.ticket_key is not null as has_bot,
        schedule.ticket_key is not null as has_other_schedules,
        case vendor.metric
            when 'first_response' then ticket.first_response_minutes
            when 'first_response_business' then ticket.first_response_business_minutes
            when 'first_resolution' then ticket.first_resolution_minutes
            when 'first_resolution_business' then ticket.first_resolution_business_minutes
            when 'full_resolution' then ticket.full_resolution_minutes
            when 'full_resolution_business' then ticket.full_resolution_business_minutes
            when 'requester_wait' then ticket.requester_wait_minutes
            when 'requester_wait_business' then ticket.requester_wait_business_minutes
            when 'agent_wait' then ticket.agent_wait_minutes
            when 'agent_wait_business' then ticket.agent_wait_business_minutes
            when 'on_hold' then ticket.on_hold_minutes
            when 'on_hold_business' then ticket.on_hold_business_minutes
            when 'reply_time' then reply.reply_time
            when 'reply_time_business' then reply.reply_time_business
            when 'requester_wait_time' then stretch.requester_wait_time
            when 'requester_wait_time_business' then stretch.requester_wait_time_business
            when 'agent_work_time' then stretch.agent_work_time
            when 'agent_work_time_business' then stretch.agent_work_time_business
        end as our_minutes,
        -- what our events give by the helpdesk's own rule
        case vendor.metric
            when 'first_response' then ticket.first_response_zendesk_minutes
            when 'first_response_business' then ticket.first_response_zendesk_business_minutes
        end as minutes_by_seat,
        case vendor.metric
            when 'full_resolution' then resolution.last_resolution_minutes
            when 'full_resolution_business' then resolution.last_resolution_business_minutes
        end as minutes_to_last_solution,
        case vendor.metric
            when 'requester_wait' then resolution.requester_wait_ended_minutes
            when 'requester_wait_business' then resolution.requester_wait_ended_business_minutes
            when 'agent_wait' then resolution.agent_wait_ended_minutes
            when 'agent_wait_business' then resolution.agent_wait_ended_business_minutes
            when 'on_hold' then resolution.on_hold_ended_minutes
            when 'on_hold_business' then resolution.on_hold_ended_business_minutes
        end as minutes_of_ended_statuses
    from {{ ref('int_ticket__vendor_figures') }} as vendor
    inner join {{ ref('fct_tickets') }} as ticket on vendor.ticket_key = ticket.ticket_key
    inner join {{ ref('int_ticket__resolutions') }} as resolution on vendor.ticket_key = resolution.ticket_key
    left join replies as reply on vendor.ticket_key = reply.ticket_key
    left join stretches as stretch on vendor.ticket_key = stretch.ticket_key
    left join bots as bot on vendor.ticket_key = bot.ticket_key
    left join schedules as schedule on vendor.ticket_key = schedule.ticket_key
)

select
    ticket_key,
    source,
    ticket_id,
    metric,
    our_minutes,
    vendor_minutes,
    our_minutes - vendor_minutes as difference_minutes,
    case
        when (our_minutes is not distinct from vendor_minutes) then 'equal'
        when is_merged then 'merged'
        when our_minutes >= vendor_minutes and our_minutes < vendor_minutes + runs then 'whole_minutes'
        when {{ floors_to('minutes_by_seat', 'vendor_minutes') }}
            then case when is_opened_by_agent then 'agent_opened' else 'bot_reply' end
        when metric in ('reply_time', 'reply_time_business') and has_bot then 'bot_reply'
        when our_minutes is null and {{ floors_to('minutes_to_last_solution', 'vendor_minutes') }} then 're_solved'
        when vendor_minutes is null and coalesce(minutes_of_ended_statuses, 0) = 0 then 'running_status'
        when {{ floors_to('minutes_of_ended_statuses', 'vendor_minutes') }} then 'running_status'
        when metric like '%_business' and has_other_schedules then 'team_schedule'
        else 'unexplained'
    end as explanation
from figures
