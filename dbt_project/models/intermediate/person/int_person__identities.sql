{{ config(
    materialized='incremental',
    tags=['evidence'],
    incremental_strategy='delete+insert',
    unique_key='identity_key',
    indexes=[
        {'columns': ['identity_key'], 'unique': true},
        {'columns': ['build_number']},
        {'columns': ['is_agent']},
    ],
) }}

with hubspot as (
    select
        'hubspot:' || contact.contact_id as identity_key,
        'hubspot' as source,
        contact.contact_id as identity_id,
        'crm_contact' as kind,
        {{ normalised_email('contact.email') }} as email,
        nullif(btrim(coalesce(contact.phone, contact.mobile_phone)), '') as phone,
        nullif(btrim(concat_ws(' ', contact.first_name, contact.last_name)), '') as full_name,
        nullif(btrim(contact.first_name), '') as given_name,
        nullif(btrim(contact.last_name), '') as family_name,
        contact.language,
        contact.lifecycle_stage,
        contact.country,
        contact.address,
        contact.city,
        contact.postal_code,
        {{ try_date('contact.date_of_birth') }}::text as birth_date,
        false as is_agent,
        contact.is_deleted,
        contact.created_at,
        contact.source_updated_at as changed_at
    from {{ ref('stg_hubspot__contacts') }} as contact
    where {{ only_changed('contact') }}
),

zendesk as (
    select
        'zendesk:' || helpdesk_user.user_id as identity_key,
        'zendesk' as source,
        helpdesk_user.user_id as identity_id,
        'helpdesk_user' as kind,
        {{ normalised_email('helpdesk_user.email') }} as email,
        nullif(btrim(helpdesk_user.phone), '') as phone,
        nullif(btrim(helpdesk_user.name), '') as full_name,
        null::text as given_name,
        null::text as family_name,
        split_part(helpdesk_user.locale, '-', 1) as language,
        null::text as lifecycle_stage,
        null::text as country,
        null::text as address,
        null::text as city,
        null::text as postal_code,
        null::text as birth_date,
        helpdesk_user.role <> 'end-user' as is_agent,
        helpdesk_user.is_deleted,
        helpdesk_user.created_at,
        helpdesk_user.updated_at as changed_at
    from {{ ref('stg_zendesk__users') }} as helpdesk_user
    where {{ only_changed('helpdesk_user') }}
),

-- a response is an identity of its own: what it claims to be of is in int_person__claims
typeform as (
    select
        'typeform:' || response.form_id || ':' || response.response_id as identity_key,
        'typeform' as source,
        response.form_id || ':' || response.response_id as identity_id,
        'survey_respondent' as kind,
        {{ normalised_email('response.hidden_email') }} as email,
        null::text as phone,
        null::text as full_name,
        null::text as given_name,
        null::text as family_name,
        null::text as language,
        null::text as lifecycle_stage,
        null::text as country,
        null::text as address,
        null::text as city,
        null::text as postal_code,
        null::text as birth_date,
        false as is_agent,
        response.is_deleted,
        response.answered_at as created_at,
        response.answered_at as changed_at
    from {{ ref('stg_typeform__responses') }} as response
    where
        {{ only_changed('response') }}
        and response.answered_at is not null
        -- an employee who is asked as one is no customer
        and response.form_id not in (
            select internal.survey
            from {{ ref('survey_scales') }} as internal
            where internal.source = 'typeform' and internal.audience = 'internal'
        )
),

ga4 as (
    select
        'ga4:' || visit.user_id as identity_key,
        'ga4' as source,
        visit.user_id as identity_id,
        'web_user' as kind,
        null::text as email,
        null::text as phone,
        null::text as full_name,
        null::text as given_name,
        null::text as family_name,
        null::text as language,
        null::text as lifecycle_stage,
        null::text as country,
        null::text as address,
        null::text as city,
        null::text as postal_code,
        null::text as birth_date,
        false as is_agent,
        bool_and(visit.is_deleted) as is_deleted,
        null::timestamptz as created_at,
        null::timestamptz as changed_at
    from {{ ref('stg_ga4__daily_users') }} as visit
    where
        visit.user_id in (
            select changed.user_id
            from {{ ref('stg_ga4__daily_users') }} as changed
            where {{ only_changed('changed') }}
        )
    group by visit.user_id
),

-- a browser is somebody, and nobody that can be named until they log in on it
matomo as (
    select
        'matomo:' || visit.visitor_id as identity_key,
        'matomo' as source,
        visit.visitor_id as identity_id,
        'browser' as kind,
        null::text as email,
        null::text as phone,
        null::text as full_name,
        null::text as given_name,
        null::text as family_name,
        null::text as language,
        null::text as lifecycle_stage,
        null::text as country,
        null::text as address,
        null::text as city,
        null::text as postal_code,
        null::text as birth_date,
        false as is_agent,
        bool_and(visit.is_deleted) as is_deleted,
        min(visit.started_at) as created_at,
        null::timestamptz as changed_at
    from {{ ref('stg_matomo__visits') }} as visit
    where
        visit.visitor_id in (
            select changed.visitor_id
            from {{ ref('stg_matomo__visits') }} as changed
            where {{ only_changed('changed') }}
        )
    group by visit.visitor_id
),

conformed as (
    select * from hubspot
    union all
    select * from zendesk
    union all
    select * from typeform
    union all
    select * from ga4
    union all
    select * from matomo
)

select
    identity_key,
    source,
    identity_id,
    kind,
    email,
    phone,
    full_name,
    given_name,
    family_name,
    language,
    lifecycle_stage,
    country,
    address,
    city,
    postal_code,
    birth_date,
    is_agent,
    is_deleted,
    created_at,
    changed_at,
    {{ build_number() }} as build_number
from conformed
