{# The rows of one parent that changed in this build; all rows when the table is built whole. #}
{% macro only_changed(alias) -%}
    {%- if is_incremental() -%}
        {{ alias }}.build_number = {{ build_number() }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
