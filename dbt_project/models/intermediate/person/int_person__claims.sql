{{ config(materialized='view', tags=['evidence']) }}

-- What each identity claims to be: ids of records, addresses, numbers, as the source has them. Identity resolution
-- reads what changed (build_number) and keeps the claims in a normalised form of its own.
-- origin says what is replaced when it changes: all claims of the identity's record, history or ticket, or none of
-- them (merge).
with own_ids as (
    select
        identity.identity_key,
        'record' as origin,
        'record' as kind,
        identity.identity_key as value,
        'own_id' as rule,
        identity.created_at as claimed_at,
        identity.build_number
    from {{ ref('int_person__identities') }} as identity
    where identity.kind in ('crm_contact', 'helpdesk_user')
),

merged_records as (
    select
        merge.winner_key as identity_key,
        'merge' as origin,
        'record' as kind,
        merge.loser_key as value,
        merge.rule,
        merge.known_at as claimed_at,
        merge.build_number
    from {{ ref('int_person__merges') }} as merge
),

hubspot_addresses as (
    select
        'hubspot:' || address.contact_id as identity_key,
        'history' as origin,
        address.kind,
        address.address as value,
        case
            when address.kind = 'phone' then 'phone_and_name'
            when address.is_current then 'email'
            else 'former_email'
        end as rule,
        address.first_seen_at as claimed_at,
        address.build_number
    from {{ ref('stg_hubspot__contact_addresses') }} as address
    -- numbers are given to others once somebody has left them
    where address.kind = 'email' or address.is_current
),

zendesk_addresses as (
    select
        'zendesk:' || address.user_id as identity_key,
        'history' as origin,
        address.kind,
        address.address as value,
        case
            when address.kind = 'phone' then 'phone_and_name'
            when address.is_current then 'email'
            else 'former_email'
        end as rule,
        address.first_seen_at as claimed_at,
        address.build_number
    from {{ ref('stg_zendesk__user_addresses') }} as address
    where address.kind = 'email' or address.is_current
),

zendesk_external_ids as (
    select
        'zendesk:' || helpdesk_user.user_id as identity_key,
        'record' as origin,
        'record' as kind,
        '{{ var("crm_source") }}:' || btrim(helpdesk_user.external_id) as value,
        'helpdesk_external_id' as rule,
        helpdesk_user.created_at as claimed_at,
        helpdesk_user.build_number
    from {{ ref('stg_zendesk__users') }} as helpdesk_user
    where btrim(helpdesk_user.external_id) <> ''
),

-- an employee who is asked as one is no customer
typeform_responses as (
    select response.*
    from {{ ref('stg_typeform__responses') }} as response
    where
        response.answered_at is not null
        and response.form_id not in (
            select internal.survey
            from {{ ref('survey_scales') }} as internal
            where internal.source = 'typeform' and internal.audience = 'internal'
        )
),

typeform_claims as (
    select
        'typeform:' || response.form_id || ':' || response.response_id as identity_key,
        'record' as origin,
        claim.kind,
        claim.value,
        claim.rule,
        response.answered_at as claimed_at,
        response.build_number
    from typeform_responses as response
    inner join lateral (
        values
        ('email', lower(btrim(response.hidden_email)), 'survey_email'),
        ('email', lower(btrim(response.answered_email)), 'answered_email'),
        ('record', '{{ var("crm_source") }}:' || nullif(btrim(response.hidden_contact_id), ''), 'survey_contact_id')
    ) as claim (kind, value, rule) on true
    where claim.value <> ''
),

typeform_tickets as (
    select
        'typeform:' || response.form_id || ':' || response.response_id as identity_key,
        'ticket' as origin,
        'record' as kind,
        ticket.requester_key as value,
        'survey_ticket_id' as rule,
        response.answered_at as claimed_at,
        greatest(response.build_number, ticket.build_number) as build_number
    from typeform_responses as response
    inner join {{ ref('int_ticket__tickets') }} as ticket
        on '{{ var("helpdesk_source") }}:' || btrim(response.hidden_ticket_id) = ticket.ticket_key
    where ticket.requester_key is not null
),

ga4_logins as (
    select
        identity.identity_key,
        'record' as origin,
        'record' as kind,
        '{{ var("crm_source") }}:' || identity.identity_id as value,
        'login_id' as rule,
        identity.created_at as claimed_at,
        identity.build_number
    from {{ ref('int_person__identities') }} as identity
    where identity.source = 'ga4'
),

matomo_logins as (
    select
        identity.identity_key,
        'record' as origin,
        'record' as kind,
        '{{ var("crm_source") }}:' || visit.user_id as value,
        'browser_login' as rule,
        min(visit.started_at) as claimed_at,
        identity.build_number
    from {{ ref('int_person__identities') }} as identity
    inner join {{ ref('stg_matomo__visits') }} as visit on identity.identity_id = visit.visitor_id
    where identity.source = 'matomo' and visit.user_id is not null and not visit.is_deleted
    group by identity.identity_key, visit.user_id, identity.build_number
)

select * from own_ids
union all
select * from merged_records
union all
select * from hubspot_addresses
union all
select * from zendesk_addresses
union all
select * from zendesk_external_ids
union all
select * from typeform_claims
union all
select * from typeform_tickets
union all
select * from ga4_logins
union all
select * from matomo_logins
