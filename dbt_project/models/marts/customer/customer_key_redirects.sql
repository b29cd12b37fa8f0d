{{ config(materialized='table', indexes=[{'columns': ['old_customer_key'], 'unique': true}]) }}

-- A customer is named after its oldest identity. So a key that readers were told once leads to wherever that identity
-- is now, however often it moved since.
with told as (
    select
        identity_key,
        customer_key,
        max(valid_to) as last_told_at,
        bool_or(valid_to is null) as is_told_still
    from {{ source('ops', 'customer_identities') }}
    where is_oldest
    group by identity_key, customer_key
)

select
    told.customer_key as old_customer_key,
    current_customer.customer_key,
    case when told.is_told_still then {{ as_of() }} else told.last_told_at end as redirected_at,
    coalesce(current_customer.rule, 'gone') as rule,
    coalesce(rule.label, 'the record is no customer any more') as evidence,
    told.identity_key,
    current_customer.linked_to_identity_key
from told
left join {{ ref('int_person__customers') }} as current_customer on told.identity_key = current_customer.identity_key
left join {{ ref('identity_rules') }} as rule on current_customer.rule = rule.rule
where current_customer.customer_key is distinct from told.customer_key
