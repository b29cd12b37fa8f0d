{{ config(materialized='table', indexes=[{'columns': ['purpose', 'customer_key'], 'unique': true}]) }}

with may as (
    {% for purpose in ['survey_email', 'audience'] %}
        select
            '{{ purpose }}' as purpose,
            customer.customer_key,
            customer.account_key,
            customer.country,
            customer.language,
            customer.lifecycle_stage
        from {{ ref('dim_customers') }} as customer
        where customer.is_active and not customer.is_test and {{ only_allowed('customer.customer_key', purpose) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    may.purpose,
    may.customer_key,
    may.account_key,
    may.country,
    may.language,
    may.lifecycle_stage,
    {{ build_number() }} as build_number
from may
