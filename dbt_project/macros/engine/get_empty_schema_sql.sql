{# dbt's own macro, without its warning about numeric columns that have no precision: here such a numeric is exact and
   never rounds, and every score and amount is one. #}
{% macro postgres__get_empty_schema_sql(columns) %}
    {%- set untyped = [] -%}
    select
    {% for i in columns %}
        {%- set column = columns[i] -%}
        {%- if column['data_type'] is not defined -%}
            {%- do untyped.append(column['name']) -%}
        {%- endif -%}
        {{ cast('null', column['data_type']) }} as {{ column['name'] }}{{ ', ' if not loop.last }}
    {% endfor -%}
    {%- if untyped -%}
        {{ exceptions.column_type_missing(column_names=untyped) }}
    {%- endif -%}
{% endmacro %}
