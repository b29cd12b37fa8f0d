"""What is expected of the marts that cut the voice of the customer: parts that add up, differences within their
intervals, nobody's answers shown who must not be; and answers as many as usual.

A score never stops a publish, nor does a change of one."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite, at_least, figure, none_of, rows, table, values


def suite() -> Suite:
    """Cuts, changes, response rates, gaps and staff."""
    return Suite(
        "marts.voice_cuts", (SCORES_BY, CHANGES, RESPONSES, RATES, REASONS, GAPS, BELIEFS, CHANNELS, COUNTS, VOLUMES)
    )


SCORES_BY = table(
    "mart_voice__scores_by",
    at_least("value", "ci_low", "the interval of a cut holds its value"),
    at_least("ci_high", "value", "the interval of a cut holds its value"),
    at_least("n", "n_customers", "no more customers answered in a cut than there are answers"),
)

CHANGES = table(
    "mart_voice__changes",
    at_least("difference", "ci_low", "the interval of a change holds the difference"),
    at_least("ci_high", "difference", "the interval of a change holds the difference"),
    at_least("q_value", "p_value", "among many cuts none is surer than alone"),
)

RESPONSES = table(
    "fct_survey_responses",
    at_least("answered_at", "invited_at", "nobody answered before being asked", severity="warning"),
    at_least("completed_at", "started_at", "no form was completed before it was opened", severity="warning"),
)

RATES = table(
    "mart_voice__response_rates",
    at_least("n_invited", "n_answered", "no more answered than were invited"),
    values("response_rate", "a response rate is a share", least=0, most=1),
)

REASONS = table(
    "mart_voice__rating_reasons",
    values("share_of_bad", "a share lies between none and all", least=0, most=1),
    at_least("n_bad", "n", "no more bad ratings have a reason than there are"),
)

BELIEFS = table(
    "mart_voice__belief_gap",
    at_least("gap_ci_high", "gap_ci_low", "an interval does not end before it begins"),
)

CHANNELS = table(
    "mart_voice__channel_consistency",
    at_least("highest_value", "lowest_value", "the highest channel is not below the lowest"),
    at_least("ci_high", "ci_low", "an interval does not end before it begins"),
)

GAPS = table(
    "mart_voice__operational_gap",
    at_least("n", "n_rated", "no more tickets were rated than there are"),
    at_least("n_success_rated", "n_success_rated_bad", "no more successes were rated bad than were rated"),
)

COUNTS = rows(
    "cuts counted",
    """select
            (select count(*) from {marts}.fct_survey_answers where answered_at <= {as_of})
                - (select count(*) from {marts}.mart_voice__answers) as answers_not_cut,
            (select count(*) from {marts}.mart_voice__scores as score
                full join (select * from {marts}.mart_voice__scores_by where dimension = 'all') as cut
                    on score.metric = cut.metric and score.scale = cut.scale and score.purpose = cut.purpose
                    and score.period = cut.period and score.period_start is not distinct from cut.period_start
                where coalesce(score.survey, 'all') = 'all' and coalesce(score.n, 0) <> coalesce(cut.n, 0)
                    -- the score of customers is cut by no single day
                    and (coalesce(score.metric, '') <> 'nps_customers_90d' or score.period <> 'day'))
                as totals_that_differ,
            (select count(*) from {marts}.fct_survey_responses)
                - (select count(*) from {intermediate}.int_survey__responses where audience = 'customer')
                as responses_lost,
            (select count(*) from {marts}.mart_voice__staff, {settings}.metric_settings
                where setting = 'staff_answers_floor' and n_staff_answers < setting_value and enps is not null)
                as staff_shown""",
    none_of("answers_not_cut", "every answer up to the night is in mart_voice__answers"),
    none_of("totals_that_differ", "a score over everybody counts the same answers in both marts of scores"),
    none_of("responses_lost", "every response of a customer is in fct_survey_responses"),
    none_of("staff_shown", "no score of a team with too few answers is shown"),
)

# Seven whole days beside the eight weeks before them. Surveys differ too much in size for a band on each.
VOLUMES = rows(
    "answers against the recent past",
    """select
            case when usual >= 30 then recent / usual end as answers_against_usual,
            case when usual_invited >= 30 then recent_invited / usual_invited end as invited_against_usual
        from (
            select
                count(*) filter (where age between 1 and 7) as recent,
                -- a week of those that there are
                7.0 * count(*) filter (where age between 8 and 63) / greatest(least(max(age), 63) - 7, 1) as usual
            from (select date({as_of}) - answered_date as age from {marts}.mart_voice__answers) as aged
        ) as answers
        cross join (
            select
                count(*) filter (where age between 1 and 7) as recent_invited,
                7.0 * count(*) filter (where age between 8 and 63) / greatest(least(max(age), 63) - 7, 1)
                    as usual_invited
            from (
                select date({as_of}) - asked_date as age
                from {marts}.fct_survey_responses
                where invited_at is not null
            ) as aged
        ) as invitations""",
    figure("answers_against_usual", "a week brings between 0.4 and 2.5 times as many answers as usual", least=0.4,
           most=2.5, severity="warning"),
    figure("invited_against_usual", "a week brings between 0.4 and 2.5 times as many invitations as usual", least=0.4,
           most=2.5, severity="warning"),
)  # fmt: skip
