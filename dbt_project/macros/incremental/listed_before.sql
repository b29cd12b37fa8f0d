{#
    For a table that lists what a build touches, of what it finds by comparing with tables that the build then writes:
    the rows that an attempt of the same build before has listed, to be united with. An attempt that was killed after it
    had written some of those tables would else leave the others as they were, since the next one finds nothing in them
    to differ. Needs a column build_number.
#}
{% macro listed_before(columns) -%}
    {%- set former = held_relation(this.identifier, 'intermediate') %}
    {%- if former %}
        union all
        select {{ columns | join(', ') }}
        from {{ former }}
        where build_number = {{ build_number() }}
    {%- endif %}
{%- endmacro %}
