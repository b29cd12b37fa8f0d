{# What a ticket, or what is counted of tickets, belongs to in each cut, one row each: a row source with the columns
   dimension and member, aliased cut. Where the member is null it is in none. #}
{% macro ticket_members(row) -%}
    (
        values
        ('all', 'all'),
        ('channel', {{ row }}.channel),
        ('topic', {{ row }}.topic),
        ('team', {{ row }}.team_id),
        ('agent', {{ row }}.agent_key),
        ('segment', {{ row }}.segment),
        ('account', {{ row }}.account_key)
    ) as cut (dimension, member)
{%- endmacro %}


{# Whether a cut is told of by a kind of period: an account's day or week is a handful of tickets, so its months are told. #}
{% macro is_told_by(dimension, period) -%}
    ({{ dimension }} <> 'account' or {{ period }} in ('month', 'all'))
{%- endmacro %}
