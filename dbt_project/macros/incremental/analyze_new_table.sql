{# A post-hook: fresh statistics for a table that was just built whole. Without them the planner guesses the size of
   everything that this build joins to it. What is written in increments, autovacuum looks after. #}
{% macro analyze_new_table() -%}
    {{ return(adapter.dispatch('analyze_new_table')()) }}
{%- endmacro %}

{% macro default__analyze_new_table() -%}
    {%- if not is_incremental() and config.get('materialized') in ('table', 'incremental') -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
