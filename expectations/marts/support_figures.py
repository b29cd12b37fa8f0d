"""What is expected of the support figures: durations, shares, promises and backlogs that can be, and add up."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite, at_least, figure, none_of, rows, table, values


def suite() -> Suite:
    """Turns, promises, and what is summed from them."""
    return Suite("marts.support_figures", (REPLIES, PROMISES, DURATIONS, SHARES, BACKLOG, CONTACTS, COUNTS))


REPLIES = table(
    "fct_ticket_replies",
    at_least("answered_at", "asked_at", "no answer came before the question"),
    at_least("reply_minutes", "reply_business_minutes", "no more business minutes than minutes passed"),
)

PROMISES = table(
    "fct_sla_targets",
    at_least("stopped_at", "started_at", "no clock stopped before it started"),
    values("elapsed_minutes", "no clock runs backwards", least=0),
)

DURATIONS = table(
    "mart_support__durations",
    at_least("p90_minutes", "median_minutes", "the 90th percentile is not below the median"),
    at_least("median_minutes", "median_ci_low", "the interval holds the median"),
    at_least("median_ci_high", "median_minutes", "the interval holds the median"),
    at_least("mean_done_minutes", "mean_done_ci_low", "the interval holds the mean"),
    at_least("mean_done_ci_high", "mean_done_minutes", "the interval holds the mean"),
    at_least("n", "n_done", "no more are over than there are"),
)

SHARES = table(
    "mart_support__shares",
    values("value", "a share lies between none and all", least=0, most=1),
    at_least("value", "ci_low", "the interval holds the share"),
    at_least("ci_high", "value", "the interval holds the share"),
)

BACKLOG = table(
    "mart_support__backlog_daily",
    values("open_tickets", "no fewer tickets lie open than none", least=0),
)

CONTACTS = table(
    "mart_support__contact_rate",
    values("contacts", "a row has at least one contact", least=1),
    values("contacts_per_active_customer", "whoever asks is active, so the rate is above nothing", least=0),
)

COUNTS = rows(
    "support figures counted",
    """select
            (select count(*) from {marts}.fct_tickets as ticket
                left join {marts}.fct_ticket_replies as reply
                    on ticket.ticket_key = reply.ticket_key and reply.turn_number = 1
                where not ticket.is_merged and ticket.first_response_minutes is distinct from reply.reply_minutes)
                as first_responses_told_otherwise,
            (select count(*) from {marts}.fct_tickets
                where not is_merged and first_customer_turn_at is not null)
                - (select coalesce(sum(n), 0) from {marts}.mart_support__durations
                    where metric = 'first_response' and dimension = 'all' and period = 'month') as waits_not_summed,
            (select count(*) from {marts}.fct_sla_targets)
                - (select coalesce(sum(sla_targets), 0) from {marts}.mart_support__tickets) as promises_not_shown,
            (select coalesce(sum(contacts), 0) from {marts}.mart_support__contact_rate
                where period = 'month' and channel = 'all' and topic = 'all')
                - (select count(*) from {marts}.fct_tickets where not is_opened_by_agent) as contacts_lost,
            (select coalesce(sum(open_tickets), 0) from {marts}.mart_support__backlog_daily
                where day = (select max(day) from {marts}.mart_support__backlog_daily))
                - (select count(*) from {marts}.fct_tickets where is_open) as open_tickets_by_history,
            (select count(*) from {marts}.mart_support__parity where explanation = 'unexplained')
                as figures_unexplained,
            coalesce((
                select last_day.opened / usual.opened
                from (
                    select sum(opened) as opened from {marts}.mart_support__backlog_daily
                    where day = (select max(day) - 1 from {marts}.mart_support__backlog_daily)
                ) as last_day
                cross join (
                    -- like weekdays: a helpdesk sleeps on Sundays
                    select count(*) as days, percentile_cont(0.5) within group (order by opened)::numeric as opened
                    from (
                        select day, sum(opened) as opened from {marts}.mart_support__backlog_daily
                        where day between (select max(day) - 57 from {marts}.mart_support__backlog_daily)
                                and (select max(day) - 8 from {marts}.mart_support__backlog_daily)
                            and mod((select max(day) - 1 from {marts}.mart_support__backlog_daily) - day, 7) = 0
                        group by day
                    ) as like_day
                ) as usual
                where usual.days >= 4 and usual.opened >= 20
            ), 1) as last_day_against_usual""",
    none_of("first_responses_told_otherwise", "the first turn's reply is the ticket's first response"),
    none_of("waits_not_summed", "the summary counts every ticket in which a customer wrote"),
    none_of("promises_not_shown", "the tickets count the promises that were made on them"),
    none_of("contacts_lost", "the contact rates count every ticket that a customer opened"),
    none_of("open_tickets_by_history", "as many tickets are open by their history as by their status",
            severity="warning"),
    none_of("figures_unexplained", "a rule explains each difference to the helpdesk's own figures",
            severity="warning"),
    figure("last_day_against_usual", "yesterday brought a fifth to five times the tickets of like weekdays",
           least=0.2, most=5, severity="warning"),
)  # fmt: skip
