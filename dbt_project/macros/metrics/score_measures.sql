{# Which scores an answer feeds: net of promoters and detractors (of all answers, or of each customer's latest), share
   of good answers, or mean. Rows for a CTE with the columns metric, measure, kind, unit. #}
{% macro score_measures() -%}
    values
    ('nps', 'nps_responses', 'net', 'points'),
    ('nps', 'nps_customers_90d', 'latest', 'points'),
    ('csat', 'csat', 'share', 'share'),
    ('ces', 'ces_mean', 'mean', 'score'),
    ('ces', 'ces_easy_share', 'share', 'share'),
    ('csat_helpdesk', 'csat_helpdesk_first', 'share', 'share'),
    ('csat_helpdesk', 'csat_helpdesk_latest', 'share', 'share'),
    ('csat_helpdesk_survey', 'csat_helpdesk_survey', 'share', 'share')
{%- endmacro %}


{# What one answer counts in a measure: 100, 0 or −100 of a net score, 1 or 0 of a share, the score of a mean. Null where
   a rating that was changed is not the one that counts. #}
{% macro score_point(measure, kind, answer) -%}
    case
        when {{ measure }} = 'csat_helpdesk_first' and not {{ answer }}.is_first_of_ticket then null
        when {{ measure }} = 'csat_helpdesk_latest' and not {{ answer }}.is_latest_of_ticket then null
        when {{ kind }} = 'mean' then {{ answer }}.score
        when {{ kind }} = 'share' then case when {{ answer }}.is_good then 1 else 0 end
        when {{ answer }}.nps_group = 'promoter' then 100
        when {{ answer }}.nps_group = 'detractor' then -100
        else 0
    end
{%- endmacro %}


{# The first CTE on the way from points to a score: `customers`, one row per cell and customer. `by` names the columns of
   a cell, kind among them. `points` is a relation with these columns, customer_key, point, scale_min and scale_max. #}
{% macro score_customers(points, by) -%}
    select
        {{ by | join(',\n        ') }},
        customer_key,
        count(point)::numeric as n,
        coalesce(sum(point), 0)::numeric as total,
        coalesce(sum(point * point), 0)::numeric as squares,
        count(*) filter (where point > 0)::numeric as positive,
        count(*) filter (where point < 0)::numeric as negative,
        min(point) as lowest,
        max(point) as highest,
        min(scale_min) as scale_min,
        max(scale_max) as scale_max
    from {{ points }}
    group by {{ by | join(', ') }}, customer_key
{%- endmacro %}


{#
    From `customers` (score_customers) to one row per cell: its columns `by`, value, n, n_customers, ci_low, ci_high
    (95 %) and clustered_spread. `critical` is t_critical_values. A subquery to select from.

    Several answers of one customer count as a cluster: n is divided by the design effect
    Σ_customers(Σ(x − mean))² / Σ(x − mean)², at least 1; where all answers agree, by Σn_c²/n. NPS: adjusted Wald;
    shares: Wilson; means: t, clipped to the scale. An interval is stretched to hold its value.
#}
{% macro score_estimates(customers, by, critical) -%}
    (
        with sums as (
            select
                {{ by | join(',\n                ') }},
                sum(n) as n,
                (count(*) filter (where n > 0))::numeric as n_customers,
                sum(total) / nullif(sum(n), 0) as value,
                sum(squares) - sum(total) * sum(total) / nullif(sum(n), 0) as spread,
                sum(positive) / nullif(sum(n), 0) as promoter_share,
                sum(negative) / nullif(sum(n), 0) as detractor_share,
                sum(n * n) as n_squares,
                -- the spread of the customers' sums about what they would be if all answered alike
                sum(total * total)
                - 2 * sum(total) / nullif(sum(n), 0) * sum(total * n)
                + power(sum(total) / nullif(sum(n), 0), 2) * sum(n * n) as clustered_spread,
                min(lowest) = max(highest) as is_unanimous,
                min(scale_min) as scale_min,
                max(scale_max) as scale_max
            from {{ customers }}
            group by {{ by | join(', ') }}
        ),

        scores as (
            select
                *,
                n / case
                    when is_unanimous then n_squares / nullif(n, 0)
                    else greatest(clustered_spread / spread, 1)
                end as n_effective
            from sums
        ),

        intervals as (
            select
                score.*,
                case score.kind
                    when 'share' then {{ wilson_interval('score.value', 'score.n_effective', 'low') }}
                    when 'mean'
                        then greatest(
                            score.value - sqrt(score.spread / nullif(score.n - 1, 0) / score.n_effective)
                            * {{ t_95('score.n_customers - 1', 'critical.t_975') }},
                            case when score.n_customers > 1 then score.scale_min end
                        )
                    else {{ nps_interval('score.promoter_share', 'score.detractor_share', 'score.n_effective', 'low') }}
                end as low,
                case score.kind
                    when 'share' then {{ wilson_interval('score.value', 'score.n_effective', 'high') }}
                    when 'mean'
                        then least(
                            score.value + sqrt(score.spread / nullif(score.n - 1, 0) / score.n_effective)
                            * {{ t_95('score.n_customers - 1', 'critical.t_975') }},
                            case when score.n_customers > 1 then score.scale_max end
                        )
                    else {{ nps_interval('score.promoter_share', 'score.detractor_share', 'score.n_effective', 'high') }}
                end as high
            from scores as score
            left join {{ critical }} as critical on score.n_customers - 1 = critical.degrees_of_freedom
        )

        select
            {{ by | join(',\n            ') }},
            value,
            n,
            n_customers,
            clustered_spread,
            -- the adjusted interval of one answer ends just short of it; one that leaves its value out helps nobody
            least(round(low, 12), value + 0 * low) as ci_low,
            greatest(round(high, 12), value + 0 * high) as ci_high
        from intervals
    )
{%- endmacro %}


{# The key of a cell of a score, that is, of the cut and period that customers' points and their estimates have in
   common. One column to join by: a planner that takes seven columns for independent of each other expects no rows. #}
{% macro cell_key(row, period='period', period_start='period_start') -%}
    {{ surrogate_key([
        row ~ '.metric', row ~ '.scale', row ~ '.purpose', row ~ '.dimension', row ~ '.member',
        row ~ '.' ~ period, row ~ '.' ~ period_start ~ '::text'
    ]) }}
{%- endmacro %}
