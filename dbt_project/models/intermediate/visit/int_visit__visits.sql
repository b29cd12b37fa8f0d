{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='visit_key',
    meta={'touched': 'int_visit__touched'},
    indexes=[{'columns': ['visit_key'], 'unique': true}, {'columns': ['customer_key']}],
) }}

-- Visit by visit, as Matomo has them. Whose it was is known from its login, else from another login on its browser.
with matomo as (
    select
        'matomo:' || visit.visit_id as visit_key,
        'matomo' as source,
        'matomo:' || visit.visitor_id as browser_key,
        '{{ var("crm_source") }}:' || visit.user_id as login_key,
        visit.started_at,
        visit.visit_date,
        visit.visit_seconds,
        visit.actions,
        visit.goal_conversions,
        visit.device,
        visit.referrer_type,
        visit.landing_url
    from {{ ref('stg_matomo__visits') }} as visit
    where not visit.is_deleted
)

select
    visit.visit_key,
    visit.source,
    visit.browser_key,
    coalesce(login.customer_key, browser.customer_key) as customer_key,
    login.customer_key is not null as is_logged_in,
    -- the customer was a stranger on that day, and became known on this browser later
    login.customer_key is null
    and browser.customer_key is not null
    and visit.started_at < browser.linked_at as is_before_known,
    case
        when login.customer_key is not null then visit.started_at
        else browser.linked_at
    end as customer_known_at,
    visit.started_at,
    visit.visit_date,
    visit.visit_seconds,
    visit.actions,
    visit.goal_conversions,
    visit.device,
    visit.referrer_type,
    visit.landing_url,
    {{ build_number() }} as build_number
from matomo as visit
left join {{ ref('int_person__customers') }} as login on visit.login_key = login.identity_key
left join {{ ref('int_person__customers') }} as browser on visit.browser_key = browser.identity_key
where {{ only_touched('visit.visit_key', ref('int_visit__touched'), 'visit_key') }}
