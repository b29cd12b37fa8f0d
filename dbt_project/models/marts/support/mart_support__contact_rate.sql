{{ config(materialized='view') }}

select
    period,
    period_start,
    channel,
    topic,
    contacts,
    active_customers,
    orders,
    {{ plain_number('contacts::numeric / nullif(active_customers, 0)') }} as contacts_per_active_customer,
    {{ plain_number('contacts::numeric / nullif(orders, 0)') }} as contacts_per_order
from {{ ref('mart_support__contacts') }}
