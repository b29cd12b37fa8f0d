{{ config(materialized='table') }}

select
    'zendesk:' || schedule.schedule_id as schedule_key,
    opening.start_time::int as opens_minute,
    opening.end_time::int as closes_minute
from {{ ref('stg_zendesk__schedules') }} as schedule
{{ json_rows('schedule.intervals', 'opening', {'start_time': 'numeric', 'end_time': 'numeric'}) }}
where not schedule.is_deleted and opening.end_time > opening.start_time
union all
select
    source || ':' || schedule_id as schedule_key,
    -- the week begins on Sunday, as Zendesk's does
    (iso_weekday % 7) * 1440 + {{ minutes_of_clock('opens_at') }} as opens_minute,
    (iso_weekday % 7) * 1440 + {{ minutes_of_clock('closes_at') }} as closes_minute
from {{ ref('business_schedules') }}
