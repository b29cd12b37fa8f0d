{{ config(indexes=[{'columns': ['metric', 'topic', 'period', 'period_start']}]) }}

{%- set cell = ['metric', 'kind', 'scale', 'purpose', 'topic', 'channel', 'period', 'period_start'] %}
{%- set highest = ['highest.value', 'highest.ci_low', 'highest.ci_high'] %}
{%- set lowest = ['lowest.value', 'lowest.ci_low', 'lowest.ci_high'] %}

with measures (metric, measure, kind, unit) as (
    {{ score_measures() }}
),

points as (
    select
        measure.measure as metric,
        measure.kind,
        answer.scale,
        answer.purpose,
        answer.topic,
        answer.channel,
        period.period,
        period.period_start,
        answer.customer_key,
        answer.scale_min,
        answer.scale_max,
        {{ score_point('measure.measure', 'measure.kind', 'answer') }} as point
    from {{ ref('mart_voice__answers') }} as answer
    inner join measures as measure on answer.metric = measure.metric
    cross join lateral {{ period_rows('answer.answered_date') }}
    where
        measure.measure in ('csat', 'csat_helpdesk_latest', 'csat_helpdesk_survey', 'ces_mean')
        and answer.purpose = 'transactional'
        and answer.topic is not null
        and answer.channel is not null
        and period.period in ('all', 'month')
),

customers as (
    {{ score_customers('points', cell) }}
),

-- a ticket that waits counts as one that waited at least so long, as in mart_support__first_response
waits as (
    select
        ticket.topic,
        ticket.channel,
        period.period,
        period.period_start,
        coalesce(ticket.first_response_minutes, ticket.unanswered_minutes) as minutes,
        case when ticket.first_response_minutes is not null then 1 else 0 end as is_ended
    from {{ ref('mart_support__tickets') }} as ticket
    cross join lateral {{ period_rows('ticket.created_date') }}
    where
        (ticket.first_response_minutes is not null or ticket.is_unanswered)
        and ticket.topic is not null
        and ticket.channel is not null
        and period.period in ('all', 'month')
),

figures as (
    select
        metric,
        scale,
        purpose,
        topic,
        channel,
        period,
        period_start,
        n,
        value,
        ci_low,
        ci_high
    from {{ score_estimates('customers', cell, ref('t_critical_values')) }} as estimate
    union all
    select
        'first_response_median' as metric,
        'minutes' as scale,
        'transactional' as purpose,
        topic,
        channel,
        period,
        period_start,
        n,
        median_minutes as value,
        median_ci_low as ci_low,
        median_ci_high as ci_high
    from {{ survival_medians('waits', ['topic', 'channel', 'period', 'period_start']) }} as median
),

-- a channel whose figure has no interval says nothing of a difference
ranked as (
    select
        *,
        row_number() over (
            partition by metric, scale, purpose, topic, period, period_start
            order by value desc, channel asc
        ) as from_highest,
        count(*) over (partition by metric, scale, purpose, topic, period, period_start) as channels,
        min(n) over (partition by metric, scale, purpose, topic, period, period_start) as fewest
    from figures
    where value is not null and ci_low is not null and ci_high is not null
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
),

-- The highest and the lowest were picked from all pairs of channels, so the interval is as much wider as Bonferroni
-- asks for that many pairs.
spreads as (
    select
        highest.metric,
        highest.scale,
        highest.purpose,
        highest.topic,
        highest.period,
        highest.period_start,
        highest.channels,
        highest.fewest,
        highest.channel as highest_channel,
        highest.value as highest_value,
        highest.n as highest_n,
        lowest.channel as lowest_channel,
        lowest.value as lowest_value,
        lowest.n as lowest_n,
        highest.value - lowest.value as spread,
        critical.z_975 / {{ z_95() }} as widening,
        {{ difference_interval(highest, lowest, '0', 'low') }} as plain_low,
        {{ difference_interval(highest, lowest, '0', 'high') }} as plain_high
    from ranked as highest
    left join ranked as lowest
        on highest.metric = lowest.metric
        and highest.scale = lowest.scale
        and highest.purpose = lowest.purpose
        and highest.topic = lowest.topic
        and highest.period = lowest.period
        and highest.period_start is not distinct from lowest.period_start
        and lowest.from_highest = lowest.channels
        and lowest.channels > 1
    left join {{ ref('z_critical_values') }} as critical
        on highest.channels * (highest.channels - 1) / 2 = critical.comparisons
    where highest.from_highest = 1
)

select
    spread.metric,
    spread.scale,
    spread.topic,
    spread.period,
    spread.period_start,
    spread.channels,
    spread.highest_channel,
    {{ plain_number('spread.highest_value') }} as highest_value,
    spread.highest_n::bigint as highest_n,
    spread.lowest_channel,
    {{ plain_number('spread.lowest_value') }} as lowest_value,
    spread.lowest_n::bigint as lowest_n,
    {{ plain_number('spread.spread') }} as spread,
    {{ plain_number("round(greatest(
        spread.spread - (spread.spread - spread.plain_low) * spread.widening, 0 * spread.spread
    )::numeric, 12)") }} as ci_low,
    {{ plain_number("round((
        spread.spread + (spread.plain_high - spread.spread) * spread.widening
    )::numeric, 12)") }} as ci_high,
    spread.fewest < floor_setting.setting_value as is_small_sample
from spreads as spread
cross join floor_setting
