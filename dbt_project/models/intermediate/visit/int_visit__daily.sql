{{ config(materialized='view') }}

-- All visits of a day by channel, device and landing page; restated days replace what was known of them.
with ga4 as (
    select
        'ga4' as source,
        visit.visit_date,
        visit.channel,
        visit.device,
        visit.landing_page,
        sum(visit.sessions)::bigint as sessions,
        sum(visit.engaged_sessions)::bigint as engaged_sessions,
        sum(visit.page_views)::bigint as page_views,
        sum(visit.key_events)::numeric as key_events,
        sum(visit.engagement_seconds)::bigint as engagement_seconds
    from {{ ref('stg_ga4__daily_traffic') }} as visit
    where not visit.is_deleted
    group by visit.visit_date, visit.channel, visit.device, visit.landing_page
)

select
    {{ surrogate_key(['source', "to_char(visit_date, 'YYYYMMDD')", 'channel', 'device', 'landing_page']) }}
        as visit_day_key,
    source,
    visit_date,
    channel,
    device,
    landing_page,
    sessions,
    engaged_sessions,
    page_views,
    key_events,
    engagement_seconds
from ga4
