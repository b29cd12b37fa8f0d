{# The members that an answer or a response belongs to, one row each: use as
   `cross join lateral {{ voice_members('t') }}`, columns dimension and member. A member that is not known is null:
   leave those rows out. #}
{% macro voice_members(row) -%}
    (
        values
        ('all', 'all'),
        ('survey', {{ row }}.survey),
        ('channel', {{ row }}.channel),
        ('topic', {{ row }}.topic),
        ('team', {{ row }}.team),
        ('agent', {{ row }}.agent_key),
        ('account', {{ row }}.account_key),
        ('segment', {{ row }}.segment),
        ('country', {{ row }}.country),
        ('value_tier', {{ row }}.value_tier)
    ) as cut (dimension, member)
{%- endmacro %}
