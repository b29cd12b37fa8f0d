{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='account_identity_key',
    indexes=[{'columns': ['account_identity_key'], 'unique': true}, {'columns': ['account_key']}],
) }}

-- Each source's company, and the account that it is: a helpdesk's organization that carries the CRM's id is that
-- company, and companies with one web domain are one account. The account is named after its oldest company.
with hubspot as (
    select
        'hubspot:' || company.company_id as account_identity_key,
        'hubspot' as source,
        company.name as account_name,
        {{ normalised_email('company.domain') }} as domain,
        company.industry,
        company.country,
        null::text as crm_account_key,
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
        '{{ var("crm_source") }}:' || nullif(btrim(organization.external_id), '') as crm_account_key,
        organization.is_deleted,
        organization.created_at
    from {{ ref('stg_zendesk__organizations') }} as organization
),

conformed as (
    select * from hubspot
    union all
    select * from zendesk
),

-- one step from the organization to its company, then by the company's domain: no chain is longer. A mail provider's
-- domain is no company's
evidenced as (
    select
        conformed.*,
        coalesce(
            'domain:' || case
                when provider.domain is null then coalesce(company.domain, conformed.domain)
            end,
            company.account_identity_key,
            conformed.account_identity_key
        ) as evidence
    from conformed
    left join conformed as company on conformed.crm_account_key = company.account_identity_key
    left join {{ ref('email_providers') }} as provider
        on coalesce(company.domain, conformed.domain) = provider.domain
),

named as (
    select
        *,
        first_value(account_identity_key) over (
            partition by evidence
            order by created_at asc nulls last, source asc, account_identity_key asc
        ) as oldest_key
    from evidenced
)

select
    account_identity_key,
    {{ surrogate_key(['oldest_key']) }} as account_key,
    source,
    account_name,
    domain,
    industry,
    country,
    is_deleted,
    created_at,
    {{ build_number() }} as build_number
from named
