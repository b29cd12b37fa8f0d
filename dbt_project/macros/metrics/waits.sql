{# What a customer waits for, as mart_support__durations names it. #}
{% macro waits() -%}
    {{ return([
        'first_response', 'first_response_business', 'next_reply', 'next_reply_business', 'first_resolution',
        'first_resolution_business', 'full_resolution', 'full_resolution_business', 'requester_wait',
    ]) }}
{%- endmacro %}


{# The place of a wait among them, from 1: cheaper to sort by than its name. #}
{% macro wait_number(wait) -%}
    {{ waits().index(wait) + 1 }}::bigint
{%- endmacro %}
