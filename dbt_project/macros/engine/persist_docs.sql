{# dbt writes the comments of a table and all of its columns again whenever it builds it. Here it first asks whether they
   all stand already, as they do in every increment. #}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set wanted = [('', model.description)] -%}
    {%- for column in model.columns.values() -%}
        {%- do wanted.append((column.name, column.description)) -%}
    {%- endfor -%}
    {%- set literals = [] -%}
    {%- for name, description in wanted if description -%}
        {%- do literals.append(
            "('" ~ dbt.escape_single_quotes(name) ~ "', '" ~ dbt.escape_single_quotes(description) ~ "')"
        ) -%}
    {%- endfor -%}
    {%- if literals -%}
        {%- set missing = run_query(
            "select count(*) from (values " ~ literals | join(', ') ~ ") as wanted (name, description)
            where not exists (
                select 1
                from pg_catalog.pg_description as held
                left join pg_catalog.pg_attribute as attribute
                    on held.objoid = attribute.attrelid and held.objsubid = attribute.attnum
                where held.objoid = to_regclass(" ~ dbt.string_literal(relation.include(database=false) | string) ~ ")
                    and held.classoid = 'pg_catalog.pg_class'::regclass
                    and coalesce(attribute.attname, '') = wanted.name
                    and held.description = wanted.description
            )"
        ).columns[0][0] -%}
        {%- if missing > 0 -%}
            {{ default__persist_docs(relation, model, for_relation, for_columns) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
