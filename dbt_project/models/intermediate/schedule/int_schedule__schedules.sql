{{ config(materialized='table', indexes=[{'columns': ['schedule_key'], 'unique': true}]) }}

-- Zendesk names zones as Rails does (Warsaw); a name that nobody knows would leave the schedule without hours, so such
-- a schedule is read in the company's zone, and a test warns.
with zendesk as (
    select
        'zendesk:' || schedule.schedule_id as schedule_key,
        'zendesk' as source,
        schedule.schedule_id,
        schedule.name as schedule_name,
        coalesce(named.time_zone, known.name) as time_zone,
        schedule.created_at
    from {{ ref('stg_zendesk__schedules') }} as schedule
    left join {{ ref('time_zones') }} as named on schedule.time_zone = named.vendor_name
    left join {{ known_time_zones() }} as known on schedule.time_zone = known.name
    where not schedule.is_deleted
),

settings as (
    select
        setting.source || ':' || setting.schedule_id as schedule_key,
        setting.source,
        setting.schedule_id,
        max(setting.schedule_name) as schedule_name,
        max(known.name) as time_zone,
        null::timestamptz as created_at
    from {{ ref('business_schedules') }} as setting
    left join {{ known_time_zones() }} as known on setting.time_zone = known.name
    group by setting.source, setting.schedule_id
),

conformed as (
    select * from zendesk
    union all
    select * from settings
)

select
    schedule_key,
    source,
    schedule_id,
    schedule_name,
    coalesce(time_zone, '{{ var("company_time_zone") }}') as time_zone,
    time_zone is not null as is_time_zone_known,
    row_number() over (
        partition by source
        order by created_at asc nulls last, length(schedule_id) asc, schedule_id asc
    ) = 1 as is_default
from conformed
