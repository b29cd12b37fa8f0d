{#
    Differences of two figures that have 95 % intervals, and how sure they are.
#}

{# The end of the 95 % interval of `one − other`, from the intervals of both: their distances to the values are added as
   the sides of a triangle ("square and add": Newcombe 1998, method 10; Zou and Donner 2008). Each is named by three
   expressions: value, lower and upper end. `correlation` is that of the two figures, 0 where different customers gave
   them. bound is 'low' or 'high'. A figure without an interval has no difference with one. #}
{% macro difference_interval(one, other, correlation, bound) -%}
    {%- set down = '(' ~ one[0] ~ ' - ' ~ one[1] ~ ')' -%}
    {%- set up = '(' ~ one[2] ~ ' - ' ~ one[0] ~ ')' -%}
    {%- set other_down = '(' ~ other[0] ~ ' - ' ~ other[1] ~ ')' -%}
    {%- set other_up = '(' ~ other[2] ~ ' - ' ~ other[0] ~ ')' -%}
    {%- set mine, its, sign = (down, other_up, '-') if bound == 'low' else (up, other_down, '+') -%}
    {#- rounded: where the same customers give the same answers twice, nothing is left but the last digit's noise -#}
    {{ one[0] }} - {{ other[0] }} {{ sign }} sqrt(round((greatest(
        power({{ mine }}, 2) + power({{ its }}, 2) - 2 * ({{ correlation }}) * {{ mine }} * {{ its }},
        0 * {{ mine }} * {{ its }}
    ))::numeric, 14))
{%- endmacro %}


{# How many standard errors 0 lies from a difference, as its 95 % interval has it on the side where 0 is (Altman and
   Bland, BMJ 2011;343:d2304). normal_two_sided makes a p-value of it, which is below 0.05 exactly where the interval
   leaves 0 out. Null without an interval; 100 where an interval without width leaves 0 out. #}
{% macro standard_errors_from_zero(difference, ci_low, ci_high) -%}
    case
        when ({{ difference }}) = 0 then 0 * ({{ ci_low }})
        when ({{ difference }}) > 0 and ({{ ci_low }}) < ({{ difference }})
            then {{ z_95() }} * ({{ difference }}) / (({{ difference }}) - ({{ ci_low }}))
        when ({{ difference }}) < 0 and ({{ ci_high }}) > ({{ difference }})
            then {{ z_95() }} * ({{ difference }}) / (({{ difference }}) - ({{ ci_high }}))
        when ({{ ci_low }}) is not null then 100
    end
{%- endmacro %}


{# P(|Z| > x) of the standard normal distribution, x ≥ 0: Hart's algorithm 5666 as in West, "Better approximations to
   cumulative normal functions" (Wilmott 2005), right to fourteen digits; beyond seven standard errors the first terms of
   the continued fraction. All coefficients are positive, so the sums lose no digits. #}
{% macro normal_two_sided(x) -%}
    {%- set above = [
        220.206867912376, 221.213596169931, 112.079291497871, 33.912866078383, 6.37396220353165, 0.700383064443688,
        0.0352624965998911
    ] -%}
    {%- set below = [
        440.413735824752, 793.826512519948, 637.333633378831, 296.564248779674, 86.7807322029461, 16.064177579207,
        1.75566716318264, 0.0883883476483184
    ] -%}
    {%- set x = '(' ~ x ~ ')::double precision' -%}
    (case
        when {{ x }} > 37 then 0::double precision
        when {{ x }} < 7.07106781186547
            then 2 * exp(-{{ x }} * {{ x }} / 2)
                * ({% for factor in above %}{{ factor }} * power({{ x }}, {{ loop.index0 }}){{ ' + ' if not loop.last }}{% endfor %})
                / ({% for factor in below %}{{ factor }} * power({{ x }}, {{ loop.index0 }}){{ ' + ' if not loop.last }}{% endfor %})
        else 2 * exp(-{{ x }} * {{ x }} / 2)
            / ({{ x }} + 1 / ({{ x }} + 2 / ({{ x }} + 3 / ({{ x }} + 4 / ({{ x }} + 0.65)))))
            / 2.506628274631000502
    end)::numeric
{%- endmacro %}


{# The rows of a relation with q_value: the false-discovery rate at which each one's p_value would be among the
   discoveries of its family (Benjamini and Hochberg 1995). `family` names the columns that rows of a family share. Rows
   without a p_value are not tested and count for nothing. A subquery to select from. #}
{% macro held_p_values(relation, family) -%}
    {%- set family = family | join(', ') -%}
    (
        select
            ranked.*,
            case
                when ranked.p_value is not null
                    then least(min(ranked.scaled_p) over (
                        partition by {{ family }}
                        order by ranked.p_value desc nulls first
                    ), 1)
            end as q_value
        from (
            select
                tested.*,
                tested.p_value * count(tested.p_value) over (partition by {{ family }})
                / row_number() over (partition by {{ family }} order by tested.p_value nulls last) as scaled_p
            from {{ relation }} as tested
        ) as ranked
    )
{%- endmacro %}
