{#
    The customers who may be written to, or put on a list, for a purpose of the seed consent_purposes: a condition on a
    column that holds a customer's key. Survey and audience marts filter by it, so that the rule is written down once.
    What is nobody's (a null key) is nobody who may be written to.
#}
{% macro only_allowed(customer_key, purpose) -%}
    {{ customer_key }} in (
        select allowed.customer_key
        from {{ ref('fct_consents') }} as allowed
        where allowed.purpose = '{{ purpose }}' and allowed.is_allowed
    )
{%- endmacro %}
