{# A stable text key over some columns; a null differs from an empty text, and ('a','bc') from ('ab','c'). #}
{% macro surrogate_key(expressions) -%}
    {{ return(adapter.dispatch('surrogate_key')(expressions)) }}
{%- endmacro %}

{% macro default__surrogate_key(expressions) -%}
    md5(
        {%- for expression in expressions %}
        coalesce(length(({{ expression }})::text)::text || ':' || ({{ expression }})::text, '-')
        {%- if not loop.last %} || '|' ||{% endif %}
        {%- endfor %}
    )
{%- endmacro %}
