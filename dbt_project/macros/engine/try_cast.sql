{#
    Casts that give null where a text is not such a value, so that one odd record never fails a night.
    Postgres 15 has no pg_input_is_valid and a function would not move with the schemas, so patterns guard the cast.
#}
{% macro try_numeric(expression) -%}
    {{ return(adapter.dispatch('try_numeric')(expression)) }}
{%- endmacro %}

{% macro default__try_numeric(expression) -%}
    case
        when ({{ expression }})::text ~ '^\s*[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?\s*$'
            then ({{ expression }})::text::numeric
    end
{%- endmacro %}


{# Whole numbers only; '5.0' is whole, '5.5' is not. #}
{% macro try_integer(expression) -%}
    {{ return(adapter.dispatch('try_integer')(expression)) }}
{%- endmacro %}

{% macro default__try_integer(expression) -%}
    case
        when ({{ expression }})::text ~ '^\s*[+-]?[0-9]{1,18}(\.0+)?\s*$'
            then ({{ expression }})::text::numeric::bigint
    end
{%- endmacro %}


{# ISO 8601 with T or space, any precision, zone as Z, +hh, +hhmm or +hh:mm; a missing zone is UTC, a bare date is
   midnight UTC. Days that do not exist (30 February) give null. #}
{% macro try_timestamptz(expression) -%}
    {{ return(adapter.dispatch('try_timestamptz')(expression)) }}
{%- endmacro %}

{% macro default__try_timestamptz(expression) -%}
    {%- set day -%}
        (?!0000)(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)
    {%- endset -%}
    {%- set time = '[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?' -%}
    {%- set zone = '(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)' -%}
    case
        when ({{ expression }})::text ~ '^{{ day }}{{ time }}{{ zone }}$'
            then ({{ expression }})::text::timestamptz
        when ({{ expression }})::text ~ '^{{ day }}(?:{{ time }})?$'
            then (({{ expression }})::text)::timestamp at time zone 'UTC'
    end
{%- endmacro %}


{% macro try_date(expression) -%}
    (({{ try_timestamptz(expression) }}) at time zone 'UTC')::date
{%- endmacro %}
