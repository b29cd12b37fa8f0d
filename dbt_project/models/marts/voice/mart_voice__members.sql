{{ config(indexes=[{'columns': ['customer_key'], 'unique': true}]) }}

with tiers as (
    select
        value_tier,
        revenue_from,
        lead(revenue_from) over (order by revenue_from nulls first) as revenue_below
    from {{ ref('value_tiers') }}
)

select
    customer.customer_key,
    customer.account_key,
    customer.account_name,
    customer.country,
    tier.value_tier,
    case when customer.account_key is null then 'consumer' else 'business' end as segment
from {{ ref('mart_customer__360') }} as customer
left join tiers as tier
    on (tier.revenue_from is null or customer.revenue_amount >= tier.revenue_from)
    and (tier.revenue_below is null or customer.revenue_amount < tier.revenue_below)
