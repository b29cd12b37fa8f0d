{#
    Which keys a build has to compute again: those of rows that changed in this build in any of the parents.
    parents is a list of [relation, key expression]. In a full build every key counts, so callers put the macro in a
    CTE and join it only under is_incremental(). A retried task of the same build sees the same keys.
#}
{% macro changed_keys(parents, alias) -%}
    {%- for relation, expression in parents %}
    {%- if not loop.first %}
    union
    {%- endif %}
    select {{ expression }} as {{ alias }}
    from {{ relation }}
    where build_number = {{ build_number() }} and {{ expression }} is not null
    {%- endfor %}
{%- endmacro %}
