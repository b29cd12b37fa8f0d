{# No two rows agree in all of the columns; nulls are equal here, as a grain may hold an empty dimension. #}
{% test unique_combination(model, columns) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
