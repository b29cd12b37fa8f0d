{# What a ticket, or what is counted of tickets, belongs to in each cut, one row each: a row source with the columns
   dimension and member, aliased cut. Where the member is null it is in none. #}
{% macro ticket_members(row) -%}
    (
        values
        ('all', 'all'),
        ('channel', {{ row }}.channel),
        ('topic', {{ row }}.topic),
        ('team', {{ row }}.team_id)
    ) as cut (dimension, member)
{%- endmacro %}
