{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='identity_key',
    indexes=[{'columns': ['identity_key'], 'unique': true}, {'columns': ['build_number']}],
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
        contact.lifecycle_stage,
        contact.country,
        null::text as leads_to_identity_key,
        null::text as leads_to_ticket_key,
        false as is_agent,
        contact.is_deleted,
        contact.created_at
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
        null::text as lifecycle_stage,
        null::text as country,
        null::text as leads_to_identity_key,
        null::text as leads_to_ticket_key,
        helpdesk_user.role <> 'end-user' as is_agent,
        helpdesk_user.is_deleted,
        helpdesk_user.created_at
    from {{ ref('stg_zendesk__users') }} as helpdesk_user
    where {{ only_changed('helpdesk_user') }}
),

-- a response is an identity of its own: what its link carried says who it may be
typeform as (
    select
        'typeform:' || response.form_id || ':' || response.response_id as identity_key,
        'typeform' as source,
        response.form_id || ':' || response.response_id as identity_id,
        'survey_respondent' as kind,
        {{ normalised_email('response.hidden_email') }} as email,
        null::text as phone,
        null::text as full_name,
        null::text as lifecycle_stage,
        null::text as country,
        '{{ var("crm_source") }}:' || nullif(btrim(response.hidden_contact_id), '') as leads_to_identity_key,
        '{{ var("helpdesk_source") }}:' || nullif(btrim(response.hidden_ticket_id), '') as leads_to_ticket_key,
        false as is_agent,
        response.is_deleted,
        response.answered_at as created_at
    from {{ ref('stg_typeform__responses') }} as response
    where
        {{ only_changed('response') }}
        and response.answered_at is not null
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
        null::text as lifecycle_stage,
        null::text as country,
        '{{ var("crm_source") }}:' || visit.user_id as leads_to_identity_key,
        null::text as leads_to_ticket_key,
        false as is_agent,
        bool_and(visit.is_deleted) as is_deleted,
        null::timestamptz as created_at
    from {{ ref('stg_ga4__daily_users') }} as visit
    where
        visit.user_id in (
            select changed.user_id
            from {{ ref('stg_ga4__daily_users') }} as changed
            where {{ only_changed('changed') }}
        )
    group by visit.user_id
),

conformed as (
    select * from hubspot
    union all
    select * from zendesk
    union all
    select * from typeform
    union all
    select * from ga4
)

select
    identity_key,
    source,
    identity_id,
    kind,
    email,
    phone,
    full_name,
    lifecycle_stage,
    country,
    leads_to_identity_key,
    leads_to_ticket_key,
    is_agent,
    is_deleted,
    created_at,
    {{ build_number() }} as build_number
from conformed
