{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='identity_key',
    meta={'touched': 'int_person__retold'},
    indexes=[{'columns': ['identity_key']}, {'columns': ['customer_key']}],
) }}

-- What was told before (ops.customer_identities, written when a night is published), and what this night tells.
with spells as (
    select
        spell.identity_key,
        spell.customer_key,
        spell.rule,
        spell.linked_to,
        spell.valid_from,
        spell.valid_to,
        (spell.valid_to is null and customer.customer_key is distinct from spell.customer_key) as ends_now
    from {{ source('ops', 'customer_identities') }} as spell
    left join {{ ref('int_person__customers') }} as customer on spell.identity_key = customer.identity_key
    where {{ only_touched('spell.identity_key', ref('int_person__retold'), 'identity_key') }}
),

begun as (
    select
        customer.identity_key,
        customer.customer_key,
        customer.rule,
        customer.linked_to_identity_key,
        {{ as_of() }} as valid_from,
        null::timestamptz as valid_to
    from {{ ref('int_person__customers') }} as customer
    where
        {{ only_touched('customer.identity_key', ref('int_person__retold'), 'identity_key') }}
        and not exists (
            select 1
            from spells
            where
                spells.identity_key = customer.identity_key
                and spells.customer_key = customer.customer_key
                and spells.valid_to is null
        )
)

select
    identity_key,
    customer_key,
    rule,
    linked_to as linked_to_identity_key,
    valid_from,
    case when ends_now then {{ as_of() }} else valid_to end as valid_to
from spells
union all
select *
from begun
