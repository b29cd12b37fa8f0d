{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='customer_key',
    indexes=[{'columns': ['customer_key'], 'unique': true}],
) }}

select
    customer.customer_key,
    max(attribute.value) filter (where attribute.attribute = 'full_name') as full_name,
    max(attribute.value) filter (where attribute.attribute = 'email') as email,
    max(attribute.value) filter (where attribute.attribute = 'phone') as phone,
    max(attribute.value) filter (where attribute.attribute = 'address') as address,
    max(attribute.value) filter (where attribute.attribute = 'postal_code') as postal_code,
    max(attribute.value) filter (where attribute.attribute = 'city') as city,
    max(attribute.value) filter (where attribute.attribute = 'birth_date') as birth_date,
    {{ build_number() }} as build_number
from {{ ref('dim_customers') }} as customer
left join {{ ref('int_person__attributes') }} as attribute on customer.customer_key = attribute.customer_key
group by customer.customer_key
