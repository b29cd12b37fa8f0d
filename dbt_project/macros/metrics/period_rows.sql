{# The periods that a day falls in, one row each: use as `cross join lateral {{ period_rows('t.day') }}`, columns
   period and period_start. Which kinds there are is the var score_periods. #}
{% macro period_rows(day) -%}
    (
        values
        {%- for period in var('score_periods') %}
        {%- if period == 'all' %}
        ('all', null::date)
        {%- elif period == 'day' %}
        ('day', {{ day }})
        {%- else %}
        ('{{ period }}', date_trunc('{{ period }}', {{ day }})::date)
        {%- endif %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    ) as period (period, period_start)
{%- endmacro %}


{# A kind of period and its start as one text, the key of what is written period by period. #}
{% macro period_key(period, period_start) -%}
    {{ period }} || coalesce(' ' || {{ period_start }}, '')
{%- endmacro %}
