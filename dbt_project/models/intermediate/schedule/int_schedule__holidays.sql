{{ config(materialized='table') }}

select
    'zendesk:' || schedule_id as schedule_key,
    name as holiday_name,
    starts_on as first_day,
    coalesce(ends_on, starts_on) as last_day
from {{ ref('stg_zendesk__holidays') }}
where not is_deleted and starts_on is not null
union all
select
    source || ':' || schedule_id as schedule_key,
    holiday_name,
    first_day,
    last_day
from {{ ref('business_holidays') }}
