{{ config(materialized='view') }}

-- What each customer allows, by purpose. Of several records the one that says no counts, then the latest word.
with hubspot as (
    select
        'hubspot' as source,
        'marketing_email' as purpose,
        consent.state,
        consent.stated_at,
        'hubspot:' || consent.contact_id as identity_key
    from {{ ref('stg_hubspot__contact_consents') }} as consent
    where not consent.is_deleted
)

select distinct on (customer.customer_key, consent.purpose)
    customer.customer_key,
    consent.purpose,
    consent.state,
    consent.stated_at,
    consent.source
from hubspot as consent
inner join {{ ref('int_person__customers') }} as customer on consent.identity_key = customer.identity_key
order by
    customer.customer_key asc,
    consent.purpose asc,
    case consent.state when 'withdrawn' then 1 when 'given' then 2 else 3 end asc,
    consent.stated_at desc
