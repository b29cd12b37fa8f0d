{# A pre-hook: joins of this model by hash. Where millions of rows are joined to a few, and the planner takes them for fewer
   than they are, it sorts them all to merge the few in. #}
{% macro without_merge_joins() -%}
    {{ return(adapter.dispatch('without_merge_joins')()) }}
{%- endmacro %}

{% macro default__without_merge_joins() -%}
    set local enable_mergejoin = off
{%- endmacro %}
