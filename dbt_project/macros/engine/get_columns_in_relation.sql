{# Asked some four times for each incremental model. dbt asks information_schema, whose view looks at the privileges,
   domains and collations of every column: six times as long as to ask the catalog what the view is made of. #}
{% macro postgres__get_columns_in_relation(relation) -%}
    {% call statement('get_columns_in_relation', fetch_result=true) -%}
        select
            attribute.attname::text as column_name,
            format_type(attribute.atttypid, null) as data_type,
            information_schema._pg_char_max_length(attribute.atttypid, attribute.atttypmod)
                as character_maximum_length,
            information_schema._pg_numeric_precision(attribute.atttypid, attribute.atttypmod) as numeric_precision,
            information_schema._pg_numeric_scale(attribute.atttypid, attribute.atttypmod) as numeric_scale
        from pg_catalog.pg_attribute as attribute
        where
            attribute.attrelid = to_regclass({{ dbt.string_literal(relation.include(database=false) | string) }})
            and attribute.attnum > 0
            and not attribute.attisdropped
        order by attribute.attnum
    {%- endcall %}
    {{ return(sql_convert_columns_in_relation(load_result('get_columns_in_relation').table)) }}
{%- endmacro %}
