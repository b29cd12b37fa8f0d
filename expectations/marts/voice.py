"""What is expected of the voice marts: scores within their scale and their interval, and every answer accounted for."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite, at_least, figure, none_of, rows, table


def suite() -> Suite:
    """Voice of the customer."""
    return Suite("marts.voice", (ANSWERS, SCORES, COUNTS))


ANSWERS = table(
    "fct_survey_answers",
    at_least("score", "scale_min", "no score is below its scale"),
    at_least("scale_max", "score", "no score is above its scale"),
)

SCORES = rows(
    "mart_voice__scores",
    """select
            value,
            ci_low,
            ci_high,
            n,
            n_customers,
            case unit
                when 'points' then -100 when 'share' then 0 else cast(substring(scale from '^([0-9]+)-') as numeric)
            end as lowest_possible,
            case unit
                when 'points' then 100 when 'share' then 1 else cast(substring(scale from '-([0-9]+)') as numeric)
            end as highest_possible
        from {marts}.mart_voice__scores""",
    at_least("value", "lowest_possible", "no value is below what its unit allows"),
    at_least("highest_possible", "value", "no value is above what its unit allows"),
    at_least("value", "ci_low", "the interval holds the value"),
    at_least("ci_high", "value", "the interval holds the value"),
    at_least("ci_low", "lowest_possible", "no interval reaches below what its unit allows"),
    at_least("highest_possible", "ci_high", "no interval reaches above what its unit allows"),
    at_least("n", "n_customers", "no more customers answered than there are answers"),
)

COUNTS = rows(
    "answers counted",
    """select
            (select count(*) from {marts}.mart_voice__scores where n = 0 and value is not null)
                as values_of_nothing,
            (select count(*) from {marts}.mart_voice__scores where n > 0 and value is null) as answers_without_value,
            (select count(*) from {intermediate}.int_survey__scored as answer
                left join {intermediate}.int_ticket__tickets as ticket on answer.ticket_key = ticket.ticket_key
                -- what the helpdesk asked about a ticket goes with the ticket
                where (answer.rejected_because is not null or ticket.is_deleted is not true
                        or not starts_with(answer.metric, 'csat_helpdesk'))
                    -- what employees say is kept apart
                    and (answer.rejected_because is not null or answer.audience is distinct from 'internal'))
                - (select count(*) from {marts}.fct_survey_answers)
                - (select count(*) from {intermediate}.int_survey__rejected) as answers_lost,
            (select count(*) from {marts}.fct_survey_answers
                where metric = 'nps' and audience = 'customer' and answered_at <= {as_of})
                - (select coalesce(sum(n), 0) from {marts}.mart_voice__scores
                    where metric = 'nps_responses' and survey = 'all' and period = 'all') as nps_answers_not_summed,
            (select count(*) from {marts}.fct_survey_answers where answered_at > {as_of}) as answers_ahead,
            (select coalesce(max(n_rejected::numeric / (n + n_rejected)), 0) from {marts}.mart_voice__scores
                where period = 'all' and survey <> 'all' and n + n_rejected >= 20) as rejected_share""",
    none_of("values_of_nothing", "a score without answers has no value"),
    none_of("answers_without_value", "a score with answers has a value"),
    none_of("answers_lost", "every scored answer is in fct_survey_answers or among the rejected"),
    none_of("nps_answers_not_summed", "NPS over all surveys counts each answer once"),
    none_of("answers_ahead", "nobody answered after the night's clock", severity="warning"),
    figure("rejected_share", "at most one answer in twenty of a survey is out of its scale", most=0.05,
           severity="warning"),
)  # fmt: skip
