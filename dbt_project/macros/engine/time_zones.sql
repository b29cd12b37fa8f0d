{# The names of time zones that the engine knows (IANA): a row source with the column name. #}
{% macro known_time_zones() -%}
    {{ return(adapter.dispatch('known_time_zones')()) }}
{%- endmacro %}

{% macro default__known_time_zones() -%}
    (select zone.name from pg_timezone_names as zone)
{%- endmacro %}


{# Minutes since midnight of a time written HH:MM; 24:00 is the day's end. #}
{% macro minutes_of_clock(expression) -%}
    (split_part({{ expression }}, ':', 1)::int * 60 + split_part({{ expression }}, ':', 2)::int)
{%- endmacro %}
