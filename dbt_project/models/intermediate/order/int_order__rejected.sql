{{ config(materialized='view') }}

-- Sales that were won but are no orders, and why.
select
    order_key,
    source,
    order_date,
    rejected_because
from {{ ref('int_order__candidates') }}
where rejected_because is not null
