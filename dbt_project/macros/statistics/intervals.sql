{#
    95 % intervals. n is the effective number of answers: answers ÷ design effect, so that five answers of one customer
    do not count as five customers. All expressions are numeric; a null or zero n gives null, never 0.
#}
{% macro z_95() -%}
    1.959963984540054
{%- endmacro %}


{# Adjusted Wald for a net score (Rocks 2016): ¾ promoter and ¾ detractor more, so 3 answers more with the 1½ passives.
   Plain Wald has zero width when all promote. In points (−100…100). bound is 'low' or 'high'. #}
{% macro nps_interval(promoter_share, detractor_share, n, bound) -%}
    {%- set p = '((' ~ promoter_share ~ ') * (' ~ n ~ ') + 0.75) / ((' ~ n ~ ') + 3)' -%}
    {%- set d = '((' ~ detractor_share ~ ') * (' ~ n ~ ') + 0.75) / ((' ~ n ~ ') + 3)' -%}
    {%- set net = '(' ~ p ~ ' - ' ~ d ~ ')' -%}
    {%- set half = z_95() ~ ' * sqrt((' ~ p ~ ' + ' ~ d ~ ' - power(' ~ net ~ ', 2)) / ((' ~ n ~ ') + 3))' -%}
    case
        when ({{ n }}) > 0
            {%- if bound == 'low' %}
            then 100 * greatest({{ net }} - {{ half }}, -1)
            {%- else %}
            then 100 * least({{ net }} + {{ half }}, 1)
            {%- endif %}
    end
{%- endmacro %}


{# Wilson's interval of a share (0…1). #}
{% macro wilson_interval(share, n, bound) -%}
    {%- set z2 = 'power(' ~ z_95() ~ ', 2)' -%}
    {%- set sign = '-' if bound == 'low' else '+' -%}
    case
        when ({{ n }}) > 0
            then {{ 'greatest' if bound == 'low' else 'least' }}(
                (
                    ({{ share }}) + {{ z2 }} / (2 * ({{ n }}))
                    {{ sign }} {{ z_95() }} * sqrt(
                        (({{ share }}) * (1 - ({{ share }})) + {{ z2 }} / (4 * ({{ n }}))) / ({{ n }})
                    )
                ) / (1 + {{ z2 }} / ({{ n }})),
                {{ '0' if bound == 'low' else '1' }}
            )
    end
{%- endmacro %}


{# Student's t for 95 %, two-sided: from the seed up to 200 degrees of freedom, beyond it from Cornish–Fisher's
   expansion, which is exact there to nine digits (Abramowitz and Stegun 26.7.5). Null without a degree of freedom. #}
{% macro t_95(degrees, tabled) -%}
    {%- set z = z_95() -%}
    case
        when ({{ degrees }}) >= 1 and ({{ degrees }}) <= 200 then {{ tabled }}
        when ({{ degrees }}) > 200
            then {{ z }}
                + (power({{ z }}, 3) + {{ z }}) / (4 * ({{ degrees }}))
                + (5 * power({{ z }}, 5) + 16 * power({{ z }}, 3) + 3 * {{ z }}) / (96 * power({{ degrees }}, 2))
                + (3 * power({{ z }}, 7) + 19 * power({{ z }}, 5) + 17 * power({{ z }}, 3) - 15 * {{ z }})
                / (384 * power({{ degrees }}, 3))
    end
{%- endmacro %}
