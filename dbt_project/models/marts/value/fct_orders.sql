{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='order_key',
    indexes=[{'columns': ['order_key'], 'unique': true}, {'columns': ['customer_key']}],
) }}

select
    order_key,
    source,
    order_id,
    customer_key,
    account_key,
    ordered_at,
    order_date,
    original_amount,
    currency_code,
    amount,
    is_refund,
    {{ build_number() }} as build_number
from {{ ref('int_order__orders') }}
