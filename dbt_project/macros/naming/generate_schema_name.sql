{# The build set: candidate, candidate_staging, candidate_intermediate, candidate_settings. Publishing renames them
   together, so a custom schema is always a suffix of the target's. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none -%}
        {{ target.schema }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
