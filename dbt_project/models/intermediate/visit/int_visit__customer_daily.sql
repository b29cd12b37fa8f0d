{{ config(materialized='view') }}

-- Visits of customers who were logged in; those of everybody are in int_visit__daily and the two are never added.
with ga4 as (
    select
        visit.visit_date,
        visit.channel,
        visit.device,
        visit.sessions,
        visit.engaged_sessions,
        visit.page_views,
        'ga4' as source,
        'ga4:' || visit.user_id as identity_key
    from {{ ref('stg_ga4__daily_users') }} as visit
    where not visit.is_deleted and visit.user_id is not null
),

resolved as (
    select
        visit.source,
        customer.customer_key,
        visit.visit_date,
        visit.channel,
        visit.device,
        sum(visit.sessions)::bigint as sessions,
        sum(visit.engaged_sessions)::bigint as engaged_sessions,
        sum(visit.page_views)::bigint as page_views
    from ga4 as visit
    inner join {{ ref('int_person__customers') }} as customer on visit.identity_key = customer.identity_key
    group by visit.source, customer.customer_key, visit.visit_date, visit.channel, visit.device
)

select
    {{ surrogate_key(['source', 'customer_key', "to_char(visit_date, 'YYYYMMDD')", 'channel', 'device']) }}
        as customer_visit_key,
    source,
    customer_key,
    visit_date,
    channel,
    device,
    sessions,
    engaged_sessions,
    page_views
from resolved
