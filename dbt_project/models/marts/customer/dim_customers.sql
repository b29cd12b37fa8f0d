{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='customer_key',
    indexes=[{'columns': ['customer_key'], 'unique': true}, {'columns': ['build_number']}],
) }}

with records as (
    select
        customer.customer_key,
        min(identity.created_at) filter (where identity.kind <> 'browser') as first_seen_at,
        bool_or(identity.email is not null) as is_email_known,
        bool_or(not identity.is_deleted) filter (where identity.kind <> 'browser') as is_active,
        count(*) filter (where identity.kind = 'crm_contact') as crm_contacts,
        count(*) filter (where identity.kind = 'helpdesk_user') as helpdesk_users,
        count(*) filter (where identity.kind = 'survey_respondent') as survey_responses,
        count(*) filter (where identity.kind = 'web_user') as web_users,
        count(*) filter (where identity.kind = 'browser') as browsers,
        bool_or(customer.is_test) as is_test
    from {{ ref('int_person__customers') }} as customer
    inner join {{ ref('int_person__identities') }} as identity on customer.identity_key = identity.identity_key
    group by customer.customer_key
),

attributes as (
    select
        customer_key,
        max(value) filter (where attribute = 'account') as account_key,
        max(value) filter (where attribute = 'lifecycle_stage') as lifecycle_stage,
        max(value) filter (where attribute = 'country') as country,
        max(value) filter (where attribute = 'language') as language
    from {{ ref('int_person__attributes') }}
    group by customer_key
)

select
    records.customer_key,
    attribute.account_key,
    attribute.lifecycle_stage,
    attribute.country,
    attribute.language,
    records.first_seen_at,
    records.is_email_known,
    records.is_active,
    records.is_test,
    records.crm_contacts,
    records.helpdesk_users,
    records.survey_responses,
    records.web_users,
    records.browsers,
    {{ build_number() }} as build_number
from records
left join attributes as attribute on records.customer_key = attribute.customer_key
