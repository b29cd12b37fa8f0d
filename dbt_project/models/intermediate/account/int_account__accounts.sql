{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='account_identity_key',
    indexes=[{'columns': ['account_identity_key'], 'unique': true}, {'columns': ['account_key']}],
) }}

-- Each source's account, and the account that it is: companies with one web domain are one account.
with hubspot as (
    select
        'hubspot:' || company.company_id as account_identity_key,
        'hubspot' as source,
        company.name as account_name,
        {{ normalised_email('company.domain') }} as domain,
        company.industry,
        company.country,
        company.is_deleted,
        company.created_at
    from {{ ref('stg_hubspot__companies') }} as company
),

zendesk as (
    select
        'zendesk:' || organization.organization_id as account_identity_key,
        'zendesk' as source,
        organization.name as account_name,
        {{ normalised_email("organization.domain_names ->> 0") }} as domain,
        null::text as industry,
        null::text as country,
        organization.is_deleted,
        organization.created_at
    from {{ ref('stg_zendesk__organizations') }} as organization
),

conformed as (
    select * from hubspot
    union all
    select * from zendesk
)

select
    account_identity_key,
    {{ surrogate_key(["coalesce('domain:' || domain, account_identity_key)"]) }} as account_key,
    source,
    account_name,
    domain,
    industry,
    country,
    is_deleted,
    created_at,
    {{ build_number() }} as build_number
from conformed
