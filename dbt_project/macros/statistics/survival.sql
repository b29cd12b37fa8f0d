{# Kaplan–Meier medians with 95 % intervals (log-log bands, Greenwood), one row per cell: its columns `by`, n,
   median_minutes, median_ci_low and median_ci_high, null where half never end. `waits` has the columns `by`, minutes and
   is_ended (1, or 0 for one that still waits and has waited so long). A subquery to select from. #}
{% macro survival_medians(waits, by) -%}
    {%- set cell = by | join(', ') -%}
    (
        with moments as (
            select
                {{ cell }},
                minutes,
                sum(is_ended)::double precision as ended,
                (sum(count(*)) over (partition by {{ cell }} order by minutes desc))::double precision as waiting
            from {{ waits }}
            group by {{ cell }}, minutes
        ),

        survival as (
            select
                *,
                case
                    when max(case when ended = waiting then 1 else 0 end) over so_far = 1 then 0
                    else exp(sum(case when ended < waiting then ln(1 - ended / waiting) else 0 end) over so_far)
                end as share_waiting,
                sum(case when ended < waiting then ended / (waiting * (waiting - ended)) else 0 end) over so_far
                    as greenwood
            from moments
            window so_far as (partition by {{ cell }} order by minutes)
        ),

        bands as (
            select
                *,
                case when share_waiting > 0 and share_waiting < 1 then ln(-ln(share_waiting)) end as log_log,
                case
                    when share_waiting > 0 and share_waiting < 1
                        then {{ z_95() }}::double precision * sqrt(greenwood) / abs(ln(share_waiting))
                end as half_width
            from survival
            where ended > 0
        ),

        -- a product of logarithms misses an exact half by a hair, so the borders give a billionth
        quantiles as (
            select
                {{ cell }},
                min(minutes) filter (where share_waiting <= 0.5 + 1e-9) as median_minutes,
                min(minutes) filter (
                    where coalesce(exp(-exp(log_log + half_width)), share_waiting) <= 0.5 + 1e-9
                ) as median_ci_low,
                min(minutes) filter (
                    where coalesce(exp(-exp(log_log - half_width)), share_waiting) <= 0.5 + 1e-9
                ) as median_ci_high
            from bands
            group by {{ cell }}
        ),

        totals as (
            select
                {{ cell }},
                count(*) as n
            from {{ waits }}
            group by {{ cell }}
        )

        select
            {% for column in by %}total.{{ column }},
            {% endfor -%}
            total.n,
            quantile.median_minutes,
            quantile.median_ci_low,
            quantile.median_ci_high
        from totals as total
        left join quantiles as quantile
            on {% for column in by %}total.{{ column }} is not distinct from quantile.{{ column }}
            {{ 'and ' if not loop.last }}{% endfor %}
    )
{%- endmacro %}


{# Which of n waits, in order of their length, give the Kaplan–Meier figures when none of them is censored before: one row per
   n of the relation `counts`, with median_rank, median_low_rank and median_high_rank (95 %, log-log bands, Greenwood) and
   p90_rank. After i of n endings (n − i)/n still wait, and Greenwood's sum is i/(n(n − i)). Bounds grow with i, and leave one
   half within 1.3 √n of the middle, so only ranks that near are tried. A subquery to select from. #}
{% macro uncensored_ranks(counts) -%}
    {%- set waiting = '((one.n - trial.rank)::double precision / one.n)' -%}
    {%- set log_log = 'ln(-ln(' ~ waiting ~ '))' -%}
    {%- set half_width -%}
        {{ z_95() }}::double precision
        * sqrt(trial.rank / (one.n::double precision * (one.n - trial.rank))) / abs(ln({{ waiting }}))
    {%- endset -%}
    (
        select
            one.n,
            (one.n + 1) / 2 as median_rank,
            (9 * one.n + 9) / 10 as p90_rank,
            {%- for bound, sign in {'low': '+', 'high': '-'}.items() %}
            min(trial.rank) filter (
                where case
                    when trial.rank = one.n then true
                    else exp(-exp({{ log_log }} {{ sign }} {{ half_width }})) <= 0.5 + 1e-9
                end
            ) as median_{{ bound }}_rank{{ ',' if not loop.last }}
            {%- endfor %}
        from (select distinct n from {{ counts }}) as one
        cross join lateral {{ numbers_between(
            'greatest(one.n / 2 - 2 * ceil(sqrt(one.n))::bigint - 1, 1)',
            'least(one.n / 2 + 2 * ceil(sqrt(one.n))::bigint + 2, one.n)'
        ) }} as trial (rank)
        group by one.n
    )
{%- endmacro %}
