{{ config(materialized='view') }}

-- Every sale that was won, with its amount in the company's currency, or with why it has none.
with rates as (
    select
        currency_code,
        company_amount_per_unit,
        case
            when row_number() over (partition by currency_code order by valid_from) = 1 then '-infinity'::date
            else valid_from
        end as valid_from,
        coalesce(lead(valid_from) over (partition by currency_code order by valid_from), 'infinity'::date) as valid_to
    from {{ ref('currency_rates') }}
),

hubspot_contacts as (
    select
        deal_id,
        min(contact_id) as contact_id
    from {{ ref('stg_hubspot__deal_contacts') }}
    where not is_deleted
    group by deal_id
),

hubspot_companies as (
    select
        deal_id,
        min(company_id) as company_id
    from {{ ref('stg_hubspot__deal_companies') }}
    where not is_deleted
    group by deal_id
),

hubspot as (
    select
        deal.deal_id as order_id,
        deal.amount,
        'hubspot' as source,
        'hubspot:' || deal.deal_id as order_key,
        'hubspot:' || contact.contact_id as identity_key,
        'hubspot:' || company.company_id as account_identity_key,
        upper(coalesce(nullif(btrim(deal.currency_code), ''), nullif('{{ var("crm_default_currency") }}', '')))
            as currency_code,
        coalesce(deal.closed_at, deal.created_at) as ordered_at
    from {{ ref('stg_hubspot__deals') }} as deal
    left join hubspot_contacts as contact on deal.deal_id = contact.deal_id
    left join hubspot_companies as company on deal.deal_id = company.deal_id
    where deal.is_closed_won and not deal.is_deleted
),

conformed as (
    select
        *,
        {{ company_date('ordered_at') }} as order_date
    from hubspot
)

select
    sale.order_key,
    sale.source,
    sale.order_id,
    sale.identity_key,
    sale.account_identity_key,
    sale.ordered_at,
    sale.order_date,
    {{ plain_number('sale.amount') }} as original_amount,
    sale.currency_code,
    {{ plain_number('sale.amount * rate.company_amount_per_unit') }} as amount,
    case
        when sale.amount is null then 'amount is missing'
        when sale.currency_code is null then 'currency is missing'
        when rate.currency_code is null then 'currency has no rate'
    end as rejected_because
from conformed as sale
left join rates as rate
    on sale.currency_code = rate.currency_code
    and sale.order_date >= rate.valid_from
    and sale.order_date < rate.valid_to
