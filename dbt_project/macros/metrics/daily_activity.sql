{# Orders and survey answers of each day, one row per day: day, orders, answers. A select to stand alone or in brackets. #}
{% macro daily_activity() -%}
    select
        day,
        sum(orders) as orders,
        sum(answers) as answers
    from (
        select
            order_date as day,
            1 as orders,
            0 as answers
        from {{ ref('fct_orders') }}
        where not is_refund
        union all
        select
            answered_date as day,
            0 as orders,
            1 as answers
        from {{ ref('fct_survey_answers') }}
    ) as happened
    group by day
{%- endmacro %}
