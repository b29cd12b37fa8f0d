{{ config(materialized='view') }}

-- Of the clocks, what is over: each run was rounded down for itself.
select
    'zendesk:' || figure.ticket_id as ticket_key,
    told.metric,
    told.minutes::numeric as minutes,
    1::bigint as runs
from {{ ref('stg_zendesk__ticket_metrics') }} as figure
cross join
    lateral (
        values
        ('first_response', figure.reply_calendar_minutes),
        ('first_response_business', figure.reply_business_minutes),
        ('first_resolution', figure.first_resolution_calendar_minutes),
        ('first_resolution_business', figure.first_resolution_business_minutes),
        ('full_resolution', figure.full_resolution_calendar_minutes),
        ('full_resolution_business', figure.full_resolution_business_minutes),
        ('requester_wait', figure.requester_wait_calendar_minutes),
        ('requester_wait_business', figure.requester_wait_business_minutes),
        ('agent_wait', figure.agent_wait_calendar_minutes),
        ('agent_wait_business', figure.agent_wait_business_minutes),
        ('on_hold', figure.on_hold_calendar_minutes),
        ('on_hold_business', figure.on_hold_business_minutes)
    ) as told (metric, minutes)
where not figure.is_deleted
union all
select
    'zendesk:' || tick.ticket_id as ticket_key,
    told.metric,
    sum(told.minutes) as minutes,
    count(*) as runs
from {{ ref('stg_zendesk__metric_events') }} as tick
cross join
    lateral (
        values
        (tick.metric, tick.calendar_minutes),
        (tick.metric || '_business', tick.business_minutes)
    ) as told (metric, minutes)
where
    tick.event_type = 'update_status'
    and tick.metric in ('reply_time', 'requester_wait_time', 'agent_work_time')
    and told.minutes is not null
    and not tick.is_deleted
group by tick.ticket_id, told.metric
