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
    {%- set greenwood = 'trial.rank / (one.n::double precision * (one.n - trial.rank))' -%}
    (
        select
            one.n,
            (one.n + 1) / 2 as median_rank,
            (9 * one.n + 9) / 10 as p90_rank,
            {%- for bound, sign in {'low': '+', 'high': '-'}.items() %}
            min(trial.rank) filter (where {{ is_bound_passed(waiting, greenwood, sign) }})
                as median_{{ bound }}_rank{{ ',' if not loop.last }}
            {%- endfor %}
        from (select distinct n from {{ counts }}) as one
        cross join lateral {{ numbers_between(
            'greatest(one.n / 2 - 2 * ceil(sqrt(one.n))::bigint - 1, 1)',
            'least(one.n / 2 + 2 * ceil(sqrt(one.n))::bigint + 2, one.n)'
        ) }} as trial (rank)
        group by one.n
    )
{%- endmacro %}


{# Which of the waits that are over, in order of their length, give the Kaplan–Meier figures where some are censored before: one
   row per cell of the relation `cells` (cell, n, n_done, and the sorted lists done and running), with median_rank,
   median_low_rank, median_high_rank and p90_rank; null where the share never comes down so far. A name to select from.

   Between two endings it does not matter when a wait is censored, and between two such places the share falls by equal steps:
   after k of the endings there, of r at risk, it is (r − k)/r of what it was, and Greenwood's sum has grown by
   1/(r − k) − 1/r. So a stretch between is one row. The median and the p90 lie at a known step of it. A bound that is below a
   half stays so (tried for every order of up to 15 endings and censorings), so its steps are tried one by one in the first
   stretch at whose end it is. #}
{% macro censored_ranks(cells) -%}
    {%- set half = '(0.5 + 1e-9)' -%}
    {%- set step = {'low': '+', 'high': '-'} -%}
    (
        with stretches as (
            select
                one.cell,
                place.ended_before,
                lead(place.ended_before, 1, one.n_done) over in_time - place.ended_before as endings,
                (one.n - place.ended_before - sum(place.censored) over in_time)::double precision as at_risk
            from {{ cells }} as one
            cross join
                lateral (
                    select
                        moment.ended_before,
                        count(moment.minutes) as censored
                    from (
                        select
                            0::bigint as ended_before,
                            null::double precision as minutes
                        union all
                        -- what ends in the moment of a censoring has ended before it
                        select
                            {{ values_up_to('one.done', 'running.minutes') }} as ended_before,
                            running.minutes
                        from {{ listed_values('one.running') }} as running (minutes)
                    ) as moment
                    group by moment.ended_before
                ) as place
            window in_time as (partition by one.cell order by place.ended_before)
        ),

        falls as (
            select
                *,
                exp(coalesce(sum(case when endings < at_risk then ln((at_risk - endings) / at_risk) end) over before, 0))
                    as share_before,
                coalesce(sum(case when endings < at_risk then 1 / (at_risk - endings) - 1 / at_risk end) over before, 0)
                    as greenwood_before
            from stretches
            where endings > 0
            window before as (
                partition by cell order by ended_before rows between unbounded preceding and 1 preceding
            )
        ),

        ends as (
            select
                *,
                share_before * (at_risk - endings) / at_risk as share_after,
                case when endings < at_risk then greenwood_before + 1 / (at_risk - endings) - 1 / at_risk end
                    as greenwood_after
            from falls
        ),

        passed as (
            select
                *,
                {%- for bound, sign in step.items() %}
                    {{ is_bound_passed('share_after', 'greenwood_after', sign) }} as is_{{ bound }}{{ ',' if not loop.last }}
                {%- endfor %}
            from ends
        ),

        first_passed as (
            select
                *,
                coalesce(bool_or(is_low) over before, false) as was_low,
                coalesce(bool_or(is_high) over before, false) as was_high
            from passed
            window before as (
                partition by cell order by ended_before rows between unbounded preceding and 1 preceding
            )
        ),

        tried as (
            select
                stretch.cell,
                stretch.ended_before + trial.step as rank,
                stretch.share_before * (stretch.at_risk - trial.step) / stretch.at_risk as share,
                case
                    when trial.step < stretch.at_risk
                        then stretch.greenwood_before + 1 / (stretch.at_risk - trial.step) - 1 / stretch.at_risk
                end as greenwood
            from first_passed as stretch
            cross join lateral {{ numbers_between('1', 'stretch.endings') }} as trial (step)
            where
                (stretch.is_low and not stretch.was_low)
                or (stretch.is_high and not stretch.was_high)
        ),

        bounds as (
            select
                cell,
                {%- for bound, sign in step.items() %}
                    min(rank) filter (where {{ is_bound_passed('share', 'greenwood', sign) }})
                        as median_{{ bound }}_rank{{ ',' if not loop.last }}
                {%- endfor %}
            from tried
            group by cell
        ),

        quantiles as (
            select
                cell,
                {%- for figure, share in {'median_rank': half, 'p90_rank': '(0.1 + 1e-9)'}.items() %}
                min(
                    ended_before + greatest(least(ceil(at_risk * (1 - {{ share }} / share_before))::bigint, endings), 1)
                ) filter (where share_after <= {{ share }}) as {{ figure }}{{ ',' if not loop.last }}
                {%- endfor %}
            from ends
            group by cell
        )

        select
            quantile.cell,
            quantile.median_rank,
            bound.median_low_rank,
            bound.median_high_rank,
            quantile.p90_rank
        from quantiles as quantile
        left join bounds as bound on quantile.cell = bound.cell
    )
{%- endmacro %}


{# Whether a bound of the share is at or below a half (log-log bands, Greenwood): the lower one with the sign +, the upper one
   with -. Nothing that waits is below every bound. #}
{% macro is_bound_passed(share, greenwood, sign) -%}
    case
        when {{ share }} > 0
            then
                exp(-exp(
                    ln(-ln({{ share }}))
                    {{ sign }} {{ z_95() }}::double precision * sqrt({{ greenwood }}) / -ln({{ share }})
                )) <= 0.5 + 1e-9
        else true
    end
{%- endmacro %}
