{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key=['customer_key', 'attribute'],
    indexes=[{'columns': ['customer_key', 'attribute'], 'unique': true}, {'columns': ['build_number']}],
) }}

-- What is believed of a customer where records differ: the source that survivorship_rules ranks first, else the newest
-- record that says anything; and which sources say the same, which another thing.
with stated as (
    select
        customer.customer_key,
        identity.identity_key,
        identity.source,
        identity.is_deleted,
        identity.changed_at,
        said.attribute,
        said.value
    from {{ ref('int_person__customers') }} as customer
    inner join {{ ref('int_person__identities') }} as identity on customer.identity_key = identity.identity_key
    left join {{ ref('int_account__members') }} as member on identity.identity_key = member.identity_key
    inner join lateral (
        values
        ('full_name', identity.full_name),
        ('email', identity.email),
        ('phone', identity.phone),
        ('country', identity.country),
        ('language', identity.language),
        ('address', identity.address),
        ('city', identity.city),
        ('postal_code', identity.postal_code),
        ('birth_date', identity.birth_date),
        ('lifecycle_stage', identity.lifecycle_stage),
        ('account', member.account_key)
    ) as said (attribute, value) on true
    where said.value is not null
),

chosen as (
    select distinct on (stated.customer_key, stated.attribute)
        stated.customer_key,
        stated.attribute,
        stated.value,
        stated.source,
        stated.identity_key,
        stated.changed_at
    from stated
    left join {{ ref('survivorship_rules') }} as rule
        on stated.attribute = rule.attribute and stated.source = rule.source
    order by
        stated.customer_key asc,
        stated.attribute asc,
        stated.is_deleted asc,
        rule.rank asc nulls last,
        stated.changed_at desc nulls last,
        stated.identity_key asc
),

-- addresses and numbers are compared in the form in which identity compares them, anything else letter case aside
compared as (
    select
        stated.customer_key,
        stated.attribute,
        stated.source,
        stated.identity_key,
        coalesce(claim.value, lower(stated.value)) as value
    from stated
    left join {{ source('identity', 'claims') }} as claim
        on stated.identity_key = claim.identity_key
        and stated.attribute = claim.kind
        and claim.rule in ('email', 'survey_email', 'phone_and_name')
    where not stated.is_deleted
),

agreement as (
    select
        compared.customer_key,
        compared.attribute,
        compared.source,
        bool_or(same.value is not null) as agrees
    from compared
    inner join chosen
        on compared.customer_key = chosen.customer_key and compared.attribute = chosen.attribute
    left join compared as same
        on chosen.identity_key = same.identity_key
        and compared.attribute = same.attribute
        and compared.value = same.value
    group by compared.customer_key, compared.attribute, compared.source
),

sources as (
    select
        customer_key,
        attribute,
        string_agg(source, ', ' order by source) filter (where agrees) as agreeing_sources,
        string_agg(source, ', ' order by source) filter (where not agrees) as disagreeing_sources
    from agreement
    group by customer_key, attribute
)

select
    chosen.customer_key,
    chosen.attribute,
    chosen.value,
    chosen.source,
    chosen.identity_key,
    chosen.changed_at,
    said_by.agreeing_sources,
    said_by.disagreeing_sources,
    {{ build_number() }} as build_number
from chosen
left join sources as said_by
    on chosen.customer_key = said_by.customer_key and chosen.attribute = said_by.attribute
