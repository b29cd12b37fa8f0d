{{ config(indexes=[{'columns': ['theme', 'survey', 'period', 'period_start']}]) }}

with comments as (
    select *
    from {{ ref('fct_comment_scores') }}
    where audience is distinct from 'internal' and answered_at <= {{ as_of() }}
),

-- every comment also counts in all, and one in which no theme was found in none
themes as (
    select
        comment_key,
        theme
    from {{ ref('fct_comment_themes') }}
    union all
    select
        comment_key,
        'all' as theme
    from comments
    union all
    select
        comments.comment_key,
        'none' as theme
    from comments
    where not exists (
        select 1
        from {{ ref('fct_comment_themes') }} as spoken
        where comments.comment_key = spoken.comment_key
    )
),

customers as (
    select
        spoken.theme,
        survey.survey,
        period.period,
        period.period_start,
        count(*)::numeric as comments,
        count(comment.sentiment)::numeric as n,
        coalesce(sum(comment.sentiment), 0) as total,
        coalesce(sum(comment.sentiment * comment.sentiment), 0) as squares,
        min(comment.sentiment) as lowest,
        max(comment.sentiment) as highest,
        count(*) filter (where comment.nps_group = 'promoter') as promoters,
        count(*) filter (where comment.nps_group = 'detractor') as detractors
    from comments as comment
    inner join themes as spoken on comment.comment_key = spoken.comment_key
    cross join lateral (values (comment.survey), ('all')) as survey (survey)
    cross join lateral {{ period_rows('comment.answered_date') }}
    group by spoken.theme, survey.survey, period.period, period.period_start, comment.customer_key
),

sums as (
    select
        theme,
        survey,
        period,
        period_start,
        sum(comments) as comments,
        sum(n) as n,
        (count(*) filter (where n > 0))::numeric as n_customers,
        sum(total) / nullif(sum(n), 0) as mean,
        sum(squares) - sum(total) * sum(total) / nullif(sum(n), 0) as spread,
        sum(n * n) as n_squares,
        -- the spread of the customers' sums about what they would be if all felt alike
        sum(total * total)
        - 2 * sum(total) / nullif(sum(n), 0) * sum(total * n)
        + power(sum(total) / nullif(sum(n), 0), 2) * sum(n * n) as clustered_spread,
        min(lowest) = max(highest) as is_unanimous,
        sum(promoters) as promoters,
        sum(detractors) as detractors
    from customers
    group by theme, survey, period, period_start
),

means as (
    select
        sums.*,
        sqrt(
            greatest(sums.spread, 0) / nullif(sums.n - 1, 0)
            / (nullif(sums.n, 0) / case
                when sums.is_unanimous then sums.n_squares / nullif(sums.n, 0)
                else greatest(sums.clustered_spread / nullif(sums.spread, 0), 1)
            end)
        ) * {{ t_95('sums.n_customers - 1', 'critical.t_975') }} as half_width
    from sums
    left join {{ ref('t_critical_values') }} as critical on sums.n_customers - 1 = critical.degrees_of_freedom
),

labels as (
    select
        survey,
        min(survey_label) as survey_label
    from {{ ref('survey_scales') }}
    group by survey
),

floor_setting as (
    select setting_value
    from {{ ref('metric_settings') }}
    where setting = 'small_sample_floor'
)

select
    mean.theme,
    mean.survey,
    case when mean.survey = 'all' then 'All surveys' else label.survey_label end as survey_label,
    mean.period,
    mean.period_start,
    mean.comments::bigint as n_comments,
    {{ plain_number('round(mean.comments / everything.comments, 12)') }} as comment_share,
    mean.n::bigint as n,
    mean.n_customers::bigint as n_customers,
    {{ plain_number('round(mean.mean, 12)') }} as mean_sentiment,
    case
        when mean.half_width is not null then {{ plain_number('round(greatest(mean.mean - mean.half_width, -1), 12)') }}
    end as ci_low,
    case
        when mean.half_width is not null then {{ plain_number('round(least(mean.mean + mean.half_width, 1), 12)') }}
    end as ci_high,
    everything.detractors::bigint as n_detractors,
    everything.promoters::bigint as n_promoters,
    {{ plain_number('round(mean.detractors::numeric / nullif(everything.detractors, 0), 12)') }} as detractor_share,
    {{ plain_number('round(mean.promoters::numeric / nullif(everything.promoters, 0), 12)') }} as promoter_share,
    mean.n < floor_setting.setting_value as is_small_sample
from means as mean
inner join sums as everything
    on everything.theme = 'all'
    and mean.survey = everything.survey
    and mean.period = everything.period
    and mean.period_start is not distinct from everything.period_start
left join labels as label on mean.survey = label.survey
cross join floor_setting
