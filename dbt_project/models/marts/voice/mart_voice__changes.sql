{{ config(indexes=[{'columns': ['dimension', 'member', 'metric', 'period', 'period_start']}]) }}

{%- set present = ['pair.value', 'pair.ci_low', 'pair.ci_high'] %}
{%- set former = ['pair.former_value', 'pair.former_ci_low', 'pair.former_ci_high'] %}

-- What a period is compared with. A year of weeks and days is 364 days, so that weekdays meet their like.
with comparisons (comparison, period, compared_with) as (
    values
    ('previous', 'month', 'month'),
    ('previous', 'week', 'week'),
    ('previous', 'day', 'day'),
    ('like_weekdays', 'day', 'like_weekdays'),
    ('last_year', 'month', 'month'),
    ('last_year', 'week', 'week'),
    ('last_year', 'day', 'day')
),

estimates as (
    select
        estimate.*,
        {{ cell_key('estimate') }} as cell_key
    from {{ ref('mart_voice__estimates') }} as estimate
),

compared as (
    select
        present.*,
        comparison.comparison,
        comparison.compared_with,
        case
            when comparison.compared_with = 'like_weekdays' then present.period_start
            when comparison.comparison = 'previous'
                then (present.period_start - case present.period
                    when 'month' then interval '1 month' when 'week' then interval '7 days' else interval '1 day'
                end)::date
            when present.period = 'month' then (present.period_start - interval '1 year')::date
            else present.period_start - 364
        end as compared_start
    from estimates as present
    inner join comparisons as comparison on present.period = comparison.period
),

pairs as (
    select
        present.*,
        former.cell_key as former_key,
        former.value as former_value,
        former.n as former_n,
        former.ci_low as former_ci_low,
        former.ci_high as former_ci_high,
        former.clustered_spread as former_spread
    from (
        select
            compared.*,
            {{ cell_key('compared', 'compared_with', 'compared_start') }} as compared_key
        from compared
    ) as present
    inner join estimates as former on present.compared_key = former.cell_key
),

-- customers who answered in both periods: their answers go together, so the difference is surer than of strangers
shared as (
    select
        pair.cell_key,
        pair.former_key,
        sum((mine.total - pair.value * mine.n) * (before.total - pair.former_value * before.n)) as product
    from pairs as pair
    inner join {{ ref('mart_voice__customer_points') }} as mine on pair.cell_key = mine.cell_key
    inner join {{ ref('mart_voice__customer_points') }} as before
        on pair.former_key = before.cell_key and mine.customer_key = before.customer_key
    group by pair.cell_key, pair.former_key
),

correlated as (
    select
        pair.*,
        -- customers who differ by nothing but rounding have no correlation
        greatest(least(coalesce(
            shared.product / case
                when pair.clustered_spread > 0.000000001 and pair.former_spread > 0.000000001
                    then sqrt(pair.clustered_spread * pair.former_spread)
            end,
            0
        ), 1), -1) as correlation
    from pairs as pair
    left join shared on pair.cell_key = shared.cell_key and pair.former_key = shared.former_key
),

settings as (
    select
        max(setting_value) filter (where setting = 'small_sample_floor') as small_sample_floor,
        max(setting_value) filter (where setting = 'false_discovery_rate') as false_discovery_rate
    from {{ ref('metric_settings') }}
),

differences as (
    select
        pair.*,
        pair.value - pair.former_value as difference,
        {{ difference_interval(present, former, 'pair.correlation', 'low') }} as difference_low,
        {{ difference_interval(present, former, 'pair.correlation', 'high') }} as difference_high
    from correlated as pair
),

-- a few answers prove nothing, whatever their formula says
judged as (
    select
        difference.*,
        least(difference.n, difference.former_n) < settings.small_sample_floor as is_small_sample,
        {{ standard_errors_from_zero(
            'difference.difference', 'difference.difference_low', 'difference.difference_high'
        ) }} as standard_errors
    from differences as difference
    cross join settings
),

tested as (
    select
        *,
        case when not is_small_sample then {{ normal_two_sided('standard_errors') }} end as p_value
    from judged
)

select
    held.metric,
    held.scale,
    held.purpose,
    held.dimension,
    held.member,
    held.comparison,
    held.period,
    held.period_start,
    held.compared_start,
    held.value,
    held.former_value,
    {{ plain_number('held.difference') }} as difference,
    {{ plain_number('round(held.difference_low, 12)') }} as ci_low,
    {{ plain_number('round(held.difference_high, 12)') }} as ci_high,
    held.n,
    held.former_n,
    held.is_small_sample,
    {{ plain_number('round(held.p_value, 15)') }} as p_value,
    {{ plain_number('round(held.q_value, 15)') }} as q_value,
    held.q_value <= settings.false_discovery_rate as has_moved,
    case held.period
        when 'day' then held.period_start
        when 'week' then held.period_start + 6
        else (held.period_start + interval '1 month')::date - 1
    end < {{ company_date(as_of()) }} as is_period_over
-- over all cuts of one score in one period
from {{ held_p_values('tested', ['metric', 'scale', 'purpose', 'comparison', 'period', 'period_start']) }} as held
cross join settings
