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
                is_deleted,
                case source when '{{ var("crm_source") }}' then 1 else 2 end,
                created_at asc nulls last,
                account_identity_key asc
        ) as best_first
    from {{ ref('int_account__accounts') }}
)

select
    account_key,
    (array_agg(account_name order by best_first) filter (where account_name is not null))[1] as account_name,
    min(domain) as domain,
    (array_agg(industry order by best_first) filter (where industry is not null))[1] as industry,
    (array_agg(country order by best_first) filter (where country is not null))[1] as country,
    min(created_at) as first_seen_at,
    not bool_and(is_deleted) as is_active,
    {{ build_number() }} as build_number
from records
group by account_key
