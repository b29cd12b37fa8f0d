{{ config(materialized='view') }}

select
    sale.order_key,
    sale.source,
    sale.order_id,
    customer.customer_key,
    account.account_key,
    sale.ordered_at,
    sale.order_date,
    sale.original_amount,
    sale.currency_code,
    sale.amount,
    sale.amount < 0 as is_refund
from {{ ref('int_order__candidates') }} as sale
left join {{ ref('int_person__customers') }} as customer on sale.identity_key = customer.identity_key
left join {{ ref('int_account__accounts') }} as account on sale.account_identity_key = account.account_identity_key
where sale.rejected_because is null
