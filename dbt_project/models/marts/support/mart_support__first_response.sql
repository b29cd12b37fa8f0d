-- Kaplan–Meier: a ticket that waits still counts as one that waited at least so long, so a slow team cannot look fast
-- by not answering.
with waits as (
    select
        channel,
        created_date,
        coalesce(first_response_minutes, unanswered_minutes) as minutes,
        case when first_response_minutes is not null then 1 else 0 end as is_answered
    from {{ ref('mart_support__tickets') }}
    where first_response_minutes is not null or is_unanswered
),

cohorts as (
    select
        period.period,
        period.period_start,
        channel.channel,
        wait.minutes,
        wait.is_answered
    from waits as wait
    cross join lateral {{ period_rows('wait.created_date') }}
    cross join lateral (values ('all'), (wait.channel)) as channel (channel)
),

moments as (
    select
        period,
        period_start,
        channel,
        minutes,
        sum(is_answered)::double precision as answered,
        (sum(count(*)) over (
            partition by period, period_start, channel
            order by minutes desc
        ))::double precision as waiting
    from cohorts
    group by period, period_start, channel, minutes
),

-- the share still waiting after each moment, as a product over the answers so far, and Greenwood's sum for its variance
survival as (
    select
        *,
        case
            when max(case when answered = waiting then 1 else 0 end) over so_far = 1 then 0
            else exp(sum(case when answered < waiting then ln(1 - answered / waiting) else 0 end) over so_far)
        end as share_waiting,
        sum(case when answered < waiting then answered / (waiting * (waiting - answered)) else 0 end) over so_far
            as greenwood
    from moments
    window so_far as (partition by period, period_start, channel order by minutes)
),

-- the interval of the share on the log-log scale, as survival packages draw it
bands as (
    select
        *,
        case
            when share_waiting > 0 and share_waiting < 1
                then ln(-ln(share_waiting))
        end as log_log,
        case
            when share_waiting > 0 and share_waiting < 1
                then {{ z_95() }}::double precision * sqrt(greenwood) / abs(ln(share_waiting))
        end as half_width
    from survival
    where answered > 0
),

-- a product of logarithms misses an exact half by a hair, so the borders give a billionth
quantiles as (
    select
        period,
        period_start,
        channel,
        min(minutes) filter (where share_waiting <= 0.5 + 1e-9) as median_minutes,
        min(minutes) filter (
            where coalesce(exp(-exp(log_log + half_width)), share_waiting) <= 0.5 + 1e-9
        ) as median_ci_low,
        min(minutes) filter (
            where coalesce(exp(-exp(log_log - half_width)), share_waiting) <= 0.5 + 1e-9
        ) as median_ci_high,
        min(minutes) filter (where share_waiting <= 0.1 + 1e-9) as p90_minutes
    from bands
    group by period, period_start, channel
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
),

totals as (
    select
        period,
        period_start,
        channel,
        count(*) as n,
        sum(is_answered)::numeric as n_answered,
        count(*) - sum(is_answered) as n_unanswered,
        avg(minutes) filter (where is_answered = 1) as mean_answered_minutes,
        stddev_samp(minutes) filter (where is_answered = 1) as deviation
    from cohorts
    group by period, period_start, channel
)

select
    total.period,
    total.period_start,
    total.channel,
    total.n,
    total.n_answered::bigint as n_answered,
    total.n_unanswered,
    quantile.median_minutes,
    quantile.median_ci_low,
    quantile.median_ci_high,
    quantile.p90_minutes,
    total.mean_answered_minutes,
    case
        when total.n_answered > 1
            then greatest(
                total.mean_answered_minutes
                - total.deviation / sqrt(total.n_answered) * {{ t_95('total.n_answered - 1', 'critical.t_975') }},
                0
            )
    end as mean_answered_ci_low,
    total.mean_answered_minutes
    + total.deviation / sqrt(total.n_answered) * {{ t_95('total.n_answered - 1', 'critical.t_975') }}
        as mean_answered_ci_high,
    total.n < floor_setting.setting_value as is_small_sample,
    target.target as median_target_minutes
from totals as total
left join quantiles as quantile
    on total.period = quantile.period
    and total.period_start is not distinct from quantile.period_start
    and total.channel = quantile.channel
left join {{ ref('t_critical_values') }} as critical on total.n_answered - 1 = critical.degrees_of_freedom
cross join floor_setting
left join {{ ref('metric_targets') }} as target
    on total.channel = target.segment
    and total.period = target.period
    and target.metric = 'first_response_median'
