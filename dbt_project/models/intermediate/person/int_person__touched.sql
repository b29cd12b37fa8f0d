{{ config(materialized='table', indexes=[{'columns': ['identity_key'], 'unique': true}]) }}

-- The identities of which this build has something new to say: their record or their customer changed, or they are a
-- customer's no more. A full build says all anyway.
with touched as (
    select identity_key
    from {{ ref('int_person__customers') }}
    where build_number = {{ build_number() }} or {{ is_full_build() }}
    union
    select identity_key
    from {{ source('identity', 'changes') }}
    where build_number = {{ build_number() }}
    union
    select identity_key
    from {{ ref('int_person__identities') }}
    where build_number = {{ build_number() }}
)

select identity_key
from touched
