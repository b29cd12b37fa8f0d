{# Values of several columns lie between their minimum and maximum, both included: `columns: {n: [0, null]}`. Null is no
   value. One scan for all columns of a table. #}
{% test accepted_ranges(model, columns) %}
    select *
    from {{ model }}
    where false
        {%- for column, bounds in columns.items() %}
        {%- if bounds[0] is not none %}
        or {{ column }} < {{ bounds[0] }}
        {%- endif %}
        {%- if bounds[1] is not none %}
        or {{ column }} > {{ bounds[1] }}
        {%- endif %}
        {%- endfor %}
{% endtest %}
