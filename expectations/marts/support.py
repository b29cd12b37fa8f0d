"""What is expected of the support marts: response times that can be, and no ticket lost on the way."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite, at_least, figure, none_of, one_of, rows, table, values

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")


def suite() -> Suite:
    """Support."""
    return Suite("marts.support", (TICKETS, FIRST_RESPONSE, COUNTS, TEAMS))


TICKETS = table(
    "mart_support__tickets",
    values("first_response_minutes", "no answer came before the question", least=0),
    values("first_response_zendesk_minutes", "no answer came before the question, as Zendesk counts", least=0),
    at_least("first_response_at", "first_customer_turn_at", "the first response is not before the first customer turn"),
    at_least("first_response_at", "created_at", "the first response is not before the ticket"),
    at_least("last_solved_at", "first_solved_at", "the last solution is not before the first"),
    one_of("status", STATUSES, "every status is one that the metrics know", severity="warning"),
)

FIRST_RESPONSE = table(
    "mart_support__first_response",
    at_least("p90_minutes", "median_minutes", "the 90th percentile is not below the median"),
    at_least("median_minutes", "median_ci_low", "the interval holds the median"),
    at_least("median_ci_high", "median_minutes", "the interval holds the median"),
    at_least("mean_answered_minutes", "mean_answered_ci_low", "the interval holds the mean"),
    at_least("mean_answered_ci_high", "mean_answered_minutes", "the interval holds the mean"),
    at_least("n", "n_answered", "no more are answered than there are"),
)

COUNTS = rows(
    "tickets counted",
    """select
            (select count(*) from {staging}.stg_zendesk__tickets where not is_deleted)
                - (select count(*) from {marts}.fct_tickets where source = 'zendesk') as tickets_lost,
            (select count(*) from {marts}.fct_tickets)
                - (select count(*) from {marts}.mart_support__tickets) as tickets_not_shown,
            (select count(*) from {marts}.mart_support__tickets where first_response_minutes is not null)
                - coalesce((select n_answered from {marts}.mart_support__first_response
                    where period = 'all' and channel = 'all'), 0) as answers_not_summed,
            (select count(*) from {marts}.mart_support__tickets
                where is_unanswered and first_response_minutes is not null) as both_answered_and_not,
            (select count(*) from {marts}.mart_support__tickets where created_at > {as_of}) as tickets_ahead,
            (select coalesce(avg((customer_key is null)::int), 0) from {marts}.fct_tickets)
                as without_customer_share""",
    none_of("tickets_lost", "every live ticket of the helpdesk is in fct_tickets, and no other"),
    none_of("tickets_not_shown", "every ticket is in mart_support__tickets"),
    none_of("answers_not_summed", "the summary counts the answers that the tickets show"),
    none_of("both_answered_and_not", "a ticket is answered or unanswered, not both"),
    none_of("tickets_ahead", "no ticket was created after the night's clock", severity="warning"),
    figure("without_customer_share", "at most one ticket in twenty belongs to no known customer", most=0.05,
           severity="warning"),
)  # fmt: skip

TEAMS = rows(
    "teams counted",
    """select count(distinct ticket.team_id) filter (where team.team_id is null) as teams_without_name
        from {marts}.mart_support__tickets as ticket
        left join {marts}.dim_teams as team on ticket.source = team.source and ticket.team_id = team.team_id""",
    none_of("teams_without_name", "every team that has tickets has a name (seed teams)", severity="warning"),
)
