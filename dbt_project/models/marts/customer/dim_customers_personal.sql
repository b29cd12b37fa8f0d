{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='customer_key',
    indexes=[{'columns': ['customer_key'], 'unique': true}],
) }}

with records as (
    select
        customer.customer_key,
        identity.full_name,
        identity.email,
        identity.phone,
        row_number() over (
            partition by customer.customer_key
            order by
                identity.is_deleted asc,
                case when customer.rule in ('crm_merge', 'helpdesk_merge') then 2 else 1 end asc,
                case identity.kind when 'crm_contact' then 1 when 'helpdesk_user' then 2 else 3 end asc,
                identity.created_at asc nulls last,
                identity.identity_key asc
        ) as best_first
    from {{ ref('int_person__customers') }} as customer
    inner join {{ ref('int_person__identities') }} as identity on customer.identity_key = identity.identity_key
)

select
    customer_key,
    (array_agg(full_name order by best_first) filter (where full_name is not null))[1] as full_name,
    (array_agg(email order by best_first) filter (where email is not null))[1] as email,
    (array_agg(phone order by best_first) filter (where phone is not null))[1] as phone,
    {{ build_number() }} as build_number
from records
group by customer_key
