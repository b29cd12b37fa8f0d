{#
    Differences of two figures that have 95 % intervals, and how sure they are.
#}

{# The end of the 95 % interval of `value − other`, from the intervals of both: their distances to the values are added
   as the sides of a triangle ("square and add": Newcombe 1998, method 10; Zou and Donner 2008). `correlation` is that of
   the two figures, 0 where different customers gave them. bound is 'low' or 'high'; rows are aliases with the columns
   value, ci_low and ci_high. #}
{% macro difference_interval(row, other, correlation, bound) -%}
    {%- if bound == 'low' -%}
        {%- set mine = '(' ~ row ~ '.value - ' ~ row ~ '.ci_low)' -%}
        {%- set its = '(' ~ other ~ '.ci_high - ' ~ other ~ '.value)' -%}
        {%- set sign = '-' -%}
    {%- else -%}
        {%- set mine = '(' ~ row ~ '.ci_high - ' ~ row ~ '.value)' -%}
        {%- set its = '(' ~ other ~ '.value - ' ~ other ~ '.ci_low)' -%}
        {%- set sign = '+' -%}
    {%- endif -%}
    {{ row }}.value - {{ other }}.value {{ sign }} sqrt(greatest(
        power({{ mine }}, 2) + power({{ its }}, 2) - 2 * ({{ correlation }}) * {{ mine }} * {{ its }}, 0
    ))
{%- endmacro %}


{# The two-sided p-value that a 95 % interval of a difference implies: how many standard errors 0 lies from it, on the
   side where 0 is (Altman and Bland, BMJ 2011;343:d2304). Below 0.05 exactly where the interval leaves 0 out. #}
{% macro implied_p(difference, ci_low, ci_high) -%}
    case
        when ({{ difference }}) = 0 and ({{ ci_low }}) is not null then 1
        when ({{ difference }}) > 0
            then coalesce(
                {{ normal_two_sided(z_95() ~ ' * (' ~ difference ~ ') / nullif((' ~ difference ~ ') - (' ~ ci_low ~ '), 0)') }},
                case when ({{ ci_low }}) is not null then 0 end
            )
        when ({{ difference }}) < 0
            then coalesce(
                {{ normal_two_sided(z_95() ~ ' * (' ~ difference ~ ') / nullif((' ~ difference ~ ') - (' ~ ci_high ~ '), 0)') }},
                case when ({{ ci_high }}) is not null then 0 end
            )
    end
{%- endmacro %}


{# P(|Z| > z) of the standard normal distribution, for any z ≥ 0: Hart's algorithm 5666 as in West, "Better
   approximations to cumulative normal functions" (Wilmott 2005), right to fourteen digits. #}
{% macro normal_two_sided(z) -%}
    (
        select
            case
                when tail.x > 37 then 0::double precision
                when tail.x < 7.07106781186547
                    then 2 * exp(-tail.x * tail.x / 2) * (
                        ((((((3.52624965998911e-02 * tail.x + 0.700383064443688) * tail.x + 6.37396220353165) * tail.x
                        + 33.912866078383) * tail.x + 112.079291497871) * tail.x + 221.213596169931) * tail.x
                        + 220.206867912376)
                    ) / (
                        (((((((8.83883476483184e-02 * tail.x + 1.75566716318264) * tail.x + 16.064177579207) * tail.x
                        + 86.7807322029461) * tail.x + 296.564248779674) * tail.x + 637.333633378831) * tail.x
                        + 793.826512519948) * tail.x + 440.413735824752)
                    )
                else 2 * exp(-tail.x * tail.x / 2)
                    / (tail.x + 1 / (tail.x + 2 / (tail.x + 3 / (tail.x + 4 / (tail.x + 0.65)))))
                    / 2.506628274631000502
            end::numeric
        from (select abs({{ z }})::double precision as x) as tail
    )
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
