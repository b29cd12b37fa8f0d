{# Values lie between minimum and maximum (inclusive unless told); null is no value. #}
{% test accepted_range(model, column_name, minimum=none, maximum=none, inclusive=true) %}
    {%- set equal = '=' if inclusive else '' %}
    select {{ column_name }}
    from {{ model }}
    where false
        {%- if minimum is not none %}
        or not {{ column_name }} >{{ equal }} {{ minimum }}
        {%- endif %}
        {%- if maximum is not none %}
        or not {{ column_name }} <{{ equal }} {{ maximum }}
        {%- endif %}
{% endtest %}
