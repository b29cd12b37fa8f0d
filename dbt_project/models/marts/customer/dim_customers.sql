{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='customer_key',
    indexes=[{'columns': ['customer_key'], 'unique': true}, {'columns': ['build_number']}],
) }}

with records as (
    select
        customer.customer_key,
        identity.kind,
        identity.created_at,
        identity.lifecycle_stage,
        identity.country,
        identity.is_deleted,
        member.account_key,
        identity.email is not null as is_email_known,
        customer.is_test,
        row_number() over (
            partition by customer.customer_key
            order by
                identity.is_deleted asc,
                case identity.kind when 'crm_contact' then 1 when 'helpdesk_user' then 2 else 3 end asc,
                identity.created_at asc nulls last,
                identity.identity_key asc
        ) as best_first
    from {{ ref('int_person__customers') }} as customer
    inner join {{ ref('int_person__identities') }} as identity on customer.identity_key = identity.identity_key
    left join {{ ref('int_account__members') }} as member on customer.identity_key = member.identity_key
)

select
    customer_key,
    (array_agg(account_key order by best_first) filter (where account_key is not null))[1] as account_key,
    (array_agg(lifecycle_stage order by best_first) filter (where lifecycle_stage is not null))[1] as lifecycle_stage,
    (array_agg(country order by best_first) filter (where country is not null))[1] as country,
    min(created_at) filter (where kind <> 'browser') as first_seen_at,
    bool_or(is_email_known) as is_email_known,
    coalesce(not bool_and(is_deleted) filter (where kind <> 'browser'), false) as is_active,
    count(*) filter (where kind = 'crm_contact') as crm_contacts,
    count(*) filter (where kind = 'helpdesk_user') as helpdesk_users,
    count(*) filter (where kind = 'survey_respondent') as survey_responses,
    count(*) filter (where kind = 'web_user') as web_users,
    count(*) filter (where kind = 'browser') as browsers,
    bool_or(is_test) as is_test,
    {{ build_number() }} as build_number
from records
group by customer_key
