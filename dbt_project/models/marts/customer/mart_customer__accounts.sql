{{ config(indexes=[{'columns': ['account_key'], 'unique': true}]) }}

with people as (
    select
        account_key,
        count(*) filter (where is_active) as active_customers,
        sum(tickets)::bigint as tickets,
        sum(open_tickets)::bigint as open_tickets,
        sum(tickets_90d)::bigint as tickets_90d,
        sum(unanswered_tickets)::bigint as unanswered_tickets,
        count(*) filter (where last_nps_group = 'promoter') as promoters,
        count(*) filter (where last_nps_group = 'passive') as passives,
        count(*) filter (where last_nps_group = 'detractor') as detractors,
        sum(sessions_90d)::bigint as sessions_90d,
        max(last_touch_at) as last_touch_at
    from {{ ref('mart_customer__360') }}
    where account_key is not null
    group by account_key
),

-- what a company bought, whoever of its people the order names, if any
orders as (
    select
        account_key,
        count(*) filter (where not is_refund) as orders,
        count(*) filter (where is_refund) as refunds,
        sum(amount) as revenue_amount,
        min(order_date) filter (where not is_refund) as first_order_date,
        max(order_date) filter (where not is_refund) as last_order_date
    from (
        select
            sale.is_refund,
            sale.amount,
            sale.order_date,
            coalesce(sale.account_key, customer.account_key) as account_key
        from {{ ref('fct_orders') }} as sale
        left join {{ ref('dim_customers') }} as customer on sale.customer_key = customer.customer_key
    ) as attributed
    where account_key is not null
    group by account_key
)

select
    account.account_key,
    account.account_name,
    account.industry,
    account.country,
    account.is_active,
    account.first_seen_at,
    account.customers,
    sale.first_order_date,
    sale.last_order_date,
    coalesce(people.active_customers, 0) as active_customers,
    coalesce(sale.orders, 0) as orders,
    coalesce(sale.refunds, 0) as refunds,
    coalesce(sale.revenue_amount, 0) as revenue_amount,
    coalesce(people.tickets, 0) as tickets,
    coalesce(people.open_tickets, 0) as open_tickets,
    coalesce(people.tickets_90d, 0) as tickets_90d,
    coalesce(people.unanswered_tickets, 0) as unanswered_tickets,
    coalesce(people.promoters, 0) as promoters,
    coalesce(people.passives, 0) as passives,
    coalesce(people.detractors, 0) as detractors,
    coalesce(people.sessions_90d, 0) as sessions_90d,
    greatest(people.last_touch_at, {{ day_start('sale.last_order_date') }}) as last_touch_at
from {{ ref('dim_accounts') }} as account
left join people on account.account_key = people.account_key
left join orders as sale on account.account_key = sale.account_key
