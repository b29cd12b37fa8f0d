"""What is expected of the web marts: sessions that add up to what was reported, no visit lost, and days that look like
days."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite, at_least, figure, none_of, rows, table


def suite() -> Suite:
    """Web analytics."""
    return Suite("marts.web", (SESSIONS, COUNTS))


SESSIONS = table(
    "mart_web__sessions_daily",
    at_least("sessions", "engaged_sessions", "no more sessions are engaged than there are"),
)

COUNTS = rows(
    "sessions counted",
    """select
            (select coalesce(sum(sessions), 0) from {staging}.stg_ga4__daily_traffic where not is_deleted)
                - (select coalesce(sum(sessions), 0) from {marts}.mart_web__sessions_daily where source = 'ga4')
                as sessions_lost,
            (select count(*) from {staging}.stg_matomo__visits where not is_deleted)
                - (select count(*) from {marts}.fct_visits where source = 'matomo') as visits_lost,
            (select count(*) from {marts}.mart_web__sessions_daily
                where visit_date > cast({as_of} at time zone 'UTC' as date) + 1) as days_ahead,
            coalesce((
                select last_day.sessions / nullif(usual.sessions, 0)
                from (
                    select sum(sessions) as sessions from {marts}.mart_web__sessions_daily
                    where visit_date = (select max(visit_date) - 1 from {marts}.mart_web__sessions_daily)
                ) as last_day
                cross join (
                    select count(*) as days, percentile_cont(0.5) within group (order by sessions)::numeric as sessions
                    from (
                        select visit_date, sum(sessions) as sessions from {marts}.mart_web__sessions_daily
                        where visit_date between (select max(visit_date) - 29 from {marts}.mart_web__sessions_daily)
                            and (select max(visit_date) - 2 from {marts}.mart_web__sessions_daily)
                        group by visit_date
                    ) as day
                ) as usual
                where usual.days >= 7 and usual.sessions >= 50
            ), 1) as last_day_against_usual""",
    none_of("sessions_lost", "the sessions are those that were reported"),
    none_of("visits_lost", "every live visit of Matomo is in fct_visits, and no other"),
    none_of("days_ahead", "no day is later than the night's clock", severity="warning"),
    figure("last_day_against_usual", "the last whole day has between a fifth and five times the usual sessions",
           least=0.2, most=5, severity="warning"),
)  # fmt: skip
