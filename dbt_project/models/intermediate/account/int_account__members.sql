{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='identity_key',
    indexes=[{'columns': ['identity_key'], 'unique': true}],
) }}

-- The one account that a person's record belongs to: the primary one, else the one known longest.
with hubspot as (
    select
        'hubspot:' || link.contact_id as identity_key,
        'hubspot:' || link.company_id as account_identity_key,
        link.is_primary
    from {{ ref('stg_hubspot__contact_companies') }} as link
    where not link.is_deleted
),

zendesk as (
    select
        'zendesk:' || helpdesk_user.user_id as identity_key,
        'zendesk:' || helpdesk_user.organization_id as account_identity_key,
        true as is_primary
    from {{ ref('stg_zendesk__users') }} as helpdesk_user
    where helpdesk_user.organization_id is not null and not helpdesk_user.is_deleted
),

conformed as (
    select * from hubspot
    union all
    select * from zendesk
),

ranked as (
    select
        link.identity_key,
        account.account_key,
        row_number() over (
            partition by link.identity_key
            order by link.is_primary desc, account.created_at asc nulls last, account.account_identity_key asc
        ) as best_first
    from conformed as link
    inner join {{ ref('int_account__accounts') }} as account
        on link.account_identity_key = account.account_identity_key
    where not account.is_deleted
)

select
    identity_key,
    account_key,
    {{ build_number() }} as build_number
from ranked
where best_first = 1
