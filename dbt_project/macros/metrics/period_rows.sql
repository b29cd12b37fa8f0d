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


{# The last day of a period of a kind: of month, week or day. #}
{% macro last_day(period, period_start) -%}
    case {{ period }}
        when 'month' then ({{ period_start }} + interval '1 month')::date - 1
        when 'week' then {{ period_start }} + 6
        else {{ period_start }}
    end
{%- endmacro %}


{# Whether a day lies in one of the periods of a relation with the columns period and period_start. The days are listed
   first, so that an index on `day` is used however few they are. #}
{% macro in_touched_periods(day, relation) -%}
    {{ day }} = any(array(
        select distinct day.day
        from {{ relation }} as touched_period
        cross join lateral {{ days_between(
            'touched_period.period_start', last_day('touched_period.period', 'touched_period.period_start')
        ) }}
    ))
{%- endmacro %}


{# The periods of score_periods in which an answer of a day counts, one row each, aliased period: single days only where
   `is_daily` holds. There also the days that it is compared with: like_weekdays of a day are the four days of the same
   weekday before it. #}
{% macro score_period_rows(day, is_daily) -%}
    (
        select
            period.period,
            period.period_start
        from {{ period_rows(day) }}
        where period.period <> 'day' or {{ is_daily }}
        {%- if 'day' in var('score_periods') %}
        union all
        select
            'like_weekdays' as period,
            {{ day }} + 7 * weeks.later as period_start
        from (values (1), (2), (3), (4)) as weeks (later)
        where {{ is_daily }} and {{ day }} + 7 * weeks.later <= {{ company_date(as_of()) }}
        {%- endif %}
    ) as period
{%- endmacro %}
