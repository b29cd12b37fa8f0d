{#
    Two ways to write an incremental table beside dbt's own.

    delta     The model computes all of its rows; only rows that differ from what stands are written, and rows that
              are gone are deleted. So build_number says when a row last changed, however the model came to its rows.
              Needs unique_key. Columns named in meta.run_columns are not compared.

    touched   The model computes the rows of the keys that the relation meta.touched lists for this build. All rows of
              those keys are deleted, then what the model gives is inserted: a key that has no row any more vanishes.
              Needs unique_key to be a single column that the touched relation has too. Where only some rows of a key
              are computed, meta.rewritten tells which, a condition on a row `held` of the table and `touched`.
#}
{% macro get_incremental_delta_sql(arg_dict) -%}
    {{ return(adapter.dispatch('incremental_delta_sql')(arg_dict)) }}
{%- endmacro %}


{% macro default__incremental_delta_sql(arg_dict) -%}
    {%- set target_relation = arg_dict['target_relation'] -%}
    {%- set fresh_relation = arg_dict['temp_relation'] -%}
    {%- set keys = [arg_dict['unique_key']] if arg_dict['unique_key'] is string else arg_dict['unique_key'] -%}
    {%- set run_columns = config.get('meta', {}).get('run_columns', ['build_number']) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set compared = columns | reject('in', run_columns) | list -%}

    delete from {{ target_relation }} as held
    where not exists (
        select 1
        from {{ fresh_relation }} as fresh
        where
            {%- for key in keys %}
            fresh.{{ adapter.quote(key) }} = held.{{ adapter.quote(key) }} and
            {%- endfor %}
            ({% for column in compared %}fresh.{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %})
            is not distinct from
            ({% for column in compared %}held.{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %})
    );

    insert into {{ target_relation }} ({{ columns | map('tojson') | join(', ') }})
    select {% for column in columns %}fresh.{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ fresh_relation }} as fresh
    where not exists (
        select 1
        from {{ target_relation }} as held
        where
            {%- for key in keys %}
            held.{{ adapter.quote(key) }} = fresh.{{ adapter.quote(key) }}{{ ' and' if not loop.last }}
            {%- endfor %}
    )
{%- endmacro %}


{% macro get_incremental_touched_sql(arg_dict) -%}
    {{ return(adapter.dispatch('incremental_touched_sql')(arg_dict)) }}
{%- endmacro %}


{% macro default__incremental_touched_sql(arg_dict) -%}
    {%- set target_relation = arg_dict['target_relation'] -%}
    {%- set key = adapter.quote(arg_dict['unique_key']) -%}
    {%- set touched = ref(config.get('meta')['touched']) -%}
    {%- set rewritten = config.get('meta').get('rewritten') -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}

    delete from {{ target_relation }} as held
    where exists (
        select 1
        from {{ touched }} as touched
        where touched.{{ key }} = held.{{ key }}
            {%- if rewritten %}
                and ({{ rewritten }})
            {%- endif %}
    );

    insert into {{ target_relation }} ({{ columns | map('tojson') | join(', ') }})
    select {% for column in columns %}fresh.{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ arg_dict['temp_relation'] }} as fresh
{%- endmacro %}


{# The rows that the touched strategy has to compute: those of the touched keys, or all of them in a full build. #}
{% macro only_touched(key, relation, column) -%}
    {%- if is_incremental() -%}
        {{ key }} in (select touched.{{ column }} from {{ relation }} as touched)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
