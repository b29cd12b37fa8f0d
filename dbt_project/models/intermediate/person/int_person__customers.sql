{{ config(materialized='view') }}

-- Which customer each identity is, as resolved from what int_person__claims says.
select
    identity_key,
    customer_key,
    rule,
    linked_to as linked_to_identity_key,
    confidence,
    match_weight,
    model_version,
    linked_at,
    is_test,
    build_number
from {{ source('identity', 'membership') }}
where customer_key is not null
