{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='period_key',
    meta={'touched': 'mart_support__touched_activity'},
    indexes=[{'columns': ['period_key']}],
) }}
{%- set touched = ref('mart_support__touched_activity') %}

-- depends_on: {{ touched }}
-- depends_on: {{ ref('mart_support__activity_daily') }}
-- A contact is a ticket that a customer opened. Who was active, and what was bought, is of the whole period: a
-- channel's rate says how many of all active customers came by it.
with contacts as (
    select
        customer_key,
        created_date as day,
        channel,
        topic
    from {{ ref('fct_tickets') }}
    where
        not is_opened_by_agent
        {%- if is_incremental() %}
            and {{ in_touched_periods('created_date', touched) }}
        {%- endif %}
),

orders as (
    select
        customer_key,
        order_date as day
    from {{ ref('fct_orders') }}
    where
        not is_refund
        {%- if is_incremental() %}
            and {{ in_touched_periods('order_date', touched) }}
        {%- endif %}
),

seen as (
    select
        customer_key,
        day
    from contacts
    union all
    select
        customer_key,
        day
    from orders
    union all
    select
        customer_key,
        answered_date as day
    from {{ ref('fct_survey_answers') }}
    {%- if is_incremental() %}
        where {{ in_touched_periods('answered_date', touched) }}
    {%- endif %}
),

-- one by one before they are counted: a distinct count would sort them all
active as (
    {%- for period in ['month', 'week'] %}
        {{ 'union all' if not loop.first }}
        select distinct
            '{{ period }}' as period,
            date_trunc('{{ period }}', day)::date as period_start,
            customer_key
        from seen
        where customer_key is not null
    {%- endfor %}
),

activity as (
    select
        period,
        period_start,
        count(*) as active_customers
    from active
    group by period, period_start
),

sales as (
    select
        period.period,
        period.period_start,
        count(*) as orders
    from orders
    cross join lateral {{ period_rows('orders.day') }}
    where period.period in ('month', 'week')
    group by period.period, period.period_start
),

counted as (
    select
        day,
        channel,
        topic,
        count(*) as contacts
    from contacts
    group by day, channel, topic
),

summed as (
    select
        period.period,
        period.period_start,
        channel.channel,
        topic.topic,
        sum(counted.contacts)::bigint as contacts
    from counted
    cross join lateral {{ period_rows('counted.day') }}
    cross join lateral (values ('all'), (counted.channel)) as channel (channel)
    cross join lateral (values ('all'), (counted.topic)) as topic (topic)
    where period.period in ('month', 'week') and channel.channel is not null and topic.topic is not null
    group by period.period, period.period_start, channel.channel, topic.topic
)

select
    {{ period_key('total.period', 'total.period_start') }} as period_key,
    total.period,
    total.period_start,
    total.channel,
    total.topic,
    total.contacts,
    coalesce(activity.active_customers, 0) as active_customers,
    coalesce(sale.orders, 0) as orders,
    {{ build_number() }} as build_number
from summed as total
left join activity on total.period = activity.period and total.period_start = activity.period_start
left join sales as sale on total.period = sale.period and total.period_start = sale.period_start
where {{ only_touched(period_key('total.period', 'total.period_start'), touched, 'period_key') }}
