{{ config(materialized='table', indexes=[{'columns': ['customer_key', 'purpose'], 'unique': true}]) }}

select
    customer.customer_key,
    purpose.purpose,
    purpose.basis,
    coalesce(consent.state, 'unknown') as state,
    consent.source,
    consent.stated_at,
    case purpose.basis
        when 'consent' then coalesce(consent.state, 'unknown') = 'given'
        else coalesce(consent.state, 'unknown') <> 'withdrawn'
    end as is_allowed,
    {{ build_number() }} as build_number
from {{ ref('dim_customers') }} as customer
cross join {{ ref('consent_purposes') }} as purpose
left join {{ ref('int_person__consents') }} as consent
    on customer.customer_key = consent.customer_key and purpose.stated_as = consent.purpose
