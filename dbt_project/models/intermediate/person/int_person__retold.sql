{{ config(materialized='table', indexes=[{'columns': ['identity_key'], 'unique': true}]) }}

-- The identities whose history this build has to write again. A set is two nights old, so what was published since then
-- is not in it either.
with since as (
    select coalesce(min(latest.build_number), 0) as build_number
    from (
        select publication.build_number
        from {{ source('ops', 'publications') }} as publication
        order by publication.id desc
        limit 2
    ) as latest
),

touched as (
    select identity_key
    from {{ ref('int_person__touched') }}
    union
    select spell.identity_key
    from {{ source('ops', 'customer_identities') }} as spell
    cross join since
    where
        spell.from_build >= since.build_number
        or spell.to_build >= since.build_number
        or {{ is_full_build() }}
)

select identity_key
from touched
