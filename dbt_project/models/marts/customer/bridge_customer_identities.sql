{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='identity_key',
    meta={'touched': 'int_person__touched'},
    indexes=[
        {'columns': ['identity_key'], 'unique': true}, {'columns': ['customer_key']}, {'columns': ['build_number']}
    ],
) }}

select
    customer.identity_key,
    customer.customer_key,
    identity.source,
    identity.identity_id,
    identity.kind,
    customer.rule,
    coalesce(
        rule.label,
        case customer.rule
            when 'alone' then 'the only record of its customer' else 'the oldest record of its customer'
        end
    ) as evidence,
    customer.linked_to_identity_key,
    {{ plain_number('customer.confidence') }} as confidence,
    {{ plain_number('customer.match_weight') }} as match_weight,
    customer.model_version,
    customer.linked_at,
    identity.created_at,
    identity.is_deleted,
    customer.is_test,
    {{ build_number() }} as build_number
from {{ ref('int_person__customers') }} as customer
inner join {{ ref('int_person__identities') }} as identity on customer.identity_key = identity.identity_key
left join {{ ref('identity_rules') }} as rule on customer.rule = rule.rule
where {{ only_touched('customer.identity_key', ref('int_person__touched'), 'identity_key') }}
