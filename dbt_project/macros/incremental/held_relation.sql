{#
    A table of this set as the set's last build left it, for a model that is built before that table and decides which of
    its rows have to be computed again; a ref would go in a circle. None in a full build, and where it does not stand yet.
    layer is intermediate or marts.
#}
{% macro held_relation(name, layer) -%}
    {%- if execute and not is_full_build() -%}
        {{ return(adapter.get_relation(
            database=target.database,
            schema=generate_schema_name(none if layer == 'marts' else layer, none),
            identifier=name,
        )) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{# The clock of the build before this one that wrote a held relation last, a scalar subquery: what time alone has moved was
   moved since. It may be of an earlier build, never of a later one, also where this build has begun to write the
   relation and was killed; of all time where no row is older. The model names source('ops', 'builds') in a depends_on. #}
{% macro held_as_of(held) -%}
    (
        select coalesce(max(former.as_of), 'epoch'::timestamptz)
        from {{ source('ops', 'builds') }} as former
        where former.build_number = (
            select max(latest.build_number)
            from {{ held }} as latest
            where latest.build_number < {{ build_number() }}
        )
    )
{%- endmacro %}
