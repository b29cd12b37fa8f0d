{#
    One row per element of a jsonb array of objects: `from t {{ json_rows('t.answers', 'answer', {...}) }}`.
    columns maps a field to its SQL type; the array is parsed once for all of them. Anything but an array has no rows;
    with keep_parent the parent row stays, once, with nulls.
#}
{% macro json_rows(expression, alias, columns, keep_parent=false) -%}
    {{ return(adapter.dispatch('json_rows')(expression, alias, columns, keep_parent)) }}
{%- endmacro %}

{% macro default__json_rows(expression, alias, columns, keep_parent) -%}
    {{ 'left' if keep_parent else 'inner' }} join lateral jsonb_to_recordset(
        case when jsonb_typeof({{ expression }}) = 'array' then {{ expression }} else '[]'::jsonb end
    ) as {{ alias }} (
        {%- for name, type in columns.items() %}
        {{ adapter.quote(name) }} {{ type }}{{ ',' if not loop.last }}
        {%- endfor %}
    ) on true
{%- endmacro %}


{# Whether a jsonb array of texts holds a text. #}
{% macro json_array_has(expression, text) -%}
    {{ return(adapter.dispatch('json_array_has')(expression, text)) }}
{%- endmacro %}

{% macro default__json_array_has(expression, text) -%}
    coalesce({{ expression }} @> '["{{ text }}"]'::jsonb, false)
{%- endmacro %}


{#
    A text out of a jsonb array of objects: `field` of the first one whose `name` is `value` and that has such a text.
    Null for anything but an array.
#}
{% macro json_first_text(expression, name, value, field) -%}
    {{ return(adapter.dispatch('json_first_text')(expression, name, value, field)) }}
{%- endmacro %}

{% macro default__json_first_text(expression, name, value, field) -%}
    jsonb_path_query_first(
        {{ expression }},
        'strict $[*] ? (@.{{ name }} == "{{ value }}" && @.{{ field }}.type() == "string").{{ field }}',
        '{}',
        true
    ) #>> '{}'
{%- endmacro %}


{#
    One row per element of a jsonb array, whole: `from t {{ json_elements('t.children', 'child') }}`, column child.value.
    Where the elements are small and it matters whether a key is there at all (json_has), which a parsed row cannot say.
#}
{% macro json_elements(expression, alias) -%}
    {{ return(adapter.dispatch('json_elements')(expression, alias)) }}
{%- endmacro %}

{% macro default__json_elements(expression, alias) -%}
    inner join lateral jsonb_array_elements(
        case when jsonb_typeof({{ expression }}) = 'array' then {{ expression }} else '[]'::jsonb end
    ) as {{ alias }} (value) on true
{%- endmacro %}


{# Whether a jsonb object has a key, also one that holds null. #}
{% macro json_has(expression, key) -%}
    {{ return(adapter.dispatch('json_has')(expression, key)) }}
{%- endmacro %}

{% macro default__json_has(expression, key) -%}
    ({{ expression }}) ? '{{ key }}'
{%- endmacro %}


{# A jsonb value as a jsonb array of its words: the elements of a list or the one value itself, split at spaces. #}
{% macro json_words(expression) -%}
    {{ return(adapter.dispatch('json_words')(expression)) }}
{%- endmacro %}

{% macro default__json_words(expression) -%}
    (
        select jsonb_agg(word.word order by word.word)
        from jsonb_array_elements_text(
            case jsonb_typeof({{ expression }})
                when 'array' then {{ expression }}
                when 'null' then '[]'::jsonb
                else jsonb_build_array({{ expression }})
            end
        ) as element (element)
        cross join lateral regexp_split_to_table(element.element, '\s+') as word (word)
    )
{%- endmacro %}


{# Whether a jsonb array of texts holds the text of another expression. #}
{% macro json_array_holds(expression, text) -%}
    {{ return(adapter.dispatch('json_array_holds')(expression, text)) }}
{%- endmacro %}

{% macro default__json_array_holds(expression, text) -%}
    coalesce(({{ expression }}) ? ({{ text }}), false)
{%- endmacro %}


{# Whether a jsonb array of texts holds one of the words of a text. #}
{% macro json_array_holds_word(expression, words) -%}
    {{ return(adapter.dispatch('json_array_holds_word')(expression, words)) }}
{%- endmacro %}

{% macro default__json_array_holds_word(expression, words) -%}
    coalesce(({{ expression }}) ?| string_to_array({{ words }}, ' '), false)
{%- endmacro %}
