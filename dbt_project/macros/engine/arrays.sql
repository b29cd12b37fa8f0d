{#
    Many values of one group as one sorted list, where a figure is the value at a known place: cheaper than a window over all
    rows of all groups.
#}

{# The values of a group where the condition holds, in order; null where there is none. #}
{% macro sorted_values(value, condition) -%}
    {{ return(adapter.dispatch('sorted_values')(value, condition)) }}
{%- endmacro %}

{% macro default__sorted_values(value, condition) -%}
    array_agg({{ value }} order by {{ value }}) filter (where {{ condition }})
{%- endmacro %}


{# The value at a place of a list, the first being 1; null beyond its end. #}
{% macro value_at(list, place) -%}
    {{ return(adapter.dispatch('value_at')(list, place)) }}
{%- endmacro %}

{% macro default__value_at(list, place) -%}
    ({{ list }})[{{ place }}]
{%- endmacro %}


{# The values of a list, one row each: a row source with one column. #}
{% macro listed_values(list) -%}
    {{ return(adapter.dispatch('listed_values')(list)) }}
{%- endmacro %}

{% macro default__listed_values(list) -%}
    unnest({{ list }})
{%- endmacro %}


{# How many values of a sorted list are not greater than one. #}
{% macro values_up_to(list, value) -%}
    {{ return(adapter.dispatch('values_up_to')(list, value)) }}
{%- endmacro %}

{% macro default__values_up_to(list, value) -%}
    width_bucket({{ value }}, {{ list }})::bigint
{%- endmacro %}
