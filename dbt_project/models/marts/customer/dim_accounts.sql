{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='account_key',
    indexes=[{'columns': ['account_key'], 'unique': true}],
) }}

with records as (
    select
        *,
        row_number() over (
            partition by account_key
            order by
                is_deleted asc,
                case source when '{{ var("crm_source") }}' then 1 else 2 end,
                created_at asc nulls last,
                account_identity_key asc
        ) as best_first
    from {{ ref('int_account__accounts') }}
),

people as (
    select
        attribute.value as account_key,
        count(*) as customers
    from {{ ref('int_person__attributes') }} as attribute
    where attribute.attribute = 'account'
    group by attribute.value
)

select
    records.account_key,
    (array_agg(records.account_name order by records.best_first) filter (where records.account_name is not null))[1]
        as account_name,
    min(records.domain) as domain,
    (array_agg(records.industry order by records.best_first) filter (where records.industry is not null))[1]
        as industry,
    (array_agg(records.country order by records.best_first) filter (where records.country is not null))[1] as country,
    min(records.created_at) as first_seen_at,
    not bool_and(records.is_deleted) as is_active,
    count(*) filter (where records.source = '{{ var("crm_source") }}') as crm_companies,
    count(*) filter (where records.source = '{{ var("helpdesk_source") }}') as helpdesk_organizations,
    coalesce(max(people.customers), 0) as customers,
    {{ build_number() }} as build_number
from records
left join people on records.account_key = people.account_key
group by records.account_key
