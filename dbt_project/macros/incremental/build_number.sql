{# What a run is told: the variable, or where none is given (0 is given) what the environment says. The environment is
   asked only once the project is parsed, so dbt does not parse it anew each night for another number and clock. #}
{% macro told(name) -%}
    {%- set given = var(name) -%}
    {%- if given is none and execute -%}
        {%- set given = env_var('CX_' ~ name | upper, '') -%}
    {%- endif -%}
    {{ return(given) }}
{%- endmacro %}


{# The number of the build in which a row last changed: the last column of every incremental table. #}
{% macro build_number() -%}
    {{ told('build_number') | int }}::bigint
{%- endmacro %}


{# The clock of the run, a timestamptz. A build without it is refused: ages reckoned from a made-up clock are lies. #}
{% macro as_of() -%}
    {%- set moment = told('as_of') -%}
    {%- if not moment -%}
        {%- if execute and flags.WHICH in ('run', 'build') and model is defined and model.resource_type == 'model' -%}
            {{ exceptions.raise_compiler_error("var as_of is missing: pass --vars '{as_of: 2026-03-01T02:00:00Z}'") }}
        {%- endif -%}
        {%- set moment = '1970-01-01T00:00:00Z' -%}
    {%- endif -%}
    '{{ moment }}'::timestamptz
{%- endmacro %}


{# Whether everything is built from nothing, also tables that are rebuilt every night. True or false, never nothing: it
   also stands in conditions of SQL, and a linter has no flags. #}
{% macro is_full_build() -%}
    {{ return(true if execute and flags.FULL_REFRESH else false) }}
{%- endmacro %}
