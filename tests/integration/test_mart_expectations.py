"""Every expectation on the marts can be broken: a small good night passes whole, and each way to spoil it is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from cx_warehouse.database import bootstrap
from cx_warehouse.publishing import prepare_candidate
from cx_warehouse.quality import Verdict, run_border
from expectations.catalog import suites_of
from tests.conftest import Warehouse

AS_OF = datetime(2026, 3, 1, 2, tzinfo=UTC)

# The columns that the expectations look at, with values that hang together.
GOOD_NIGHT = """
set timezone = 'UTC';
create table candidate_staging.stg_zendesk__tickets as
    select n as ticket_id, n > 30 as is_deleted from generate_series(1, 32) as n;
create table candidate.fct_tickets as
    select 'zendesk:' || n as ticket_key, 'zendesk' as source, case when n > 1 then 'c' || n % 3 end as customer_key,
        false as is_merged, n < 4 as is_open, n = 2 as is_opened_by_agent,
        case when n < 30 then n::numeric end as first_response_minutes,
        timestamptz '2026-02-01' as first_customer_turn_at
    from generate_series(1, 30) as n;
create table candidate.mart_support__tickets as
    select 'zendesk:' || n as ticket_key, case when n < 30 then n::numeric end as first_response_minutes,
        n::numeric as first_response_zendesk_minutes, timestamptz '2026-02-01' as created_at,
        timestamptz '2026-02-01' as first_customer_turn_at,
        case when n < 30 then timestamptz '2026-02-01' + n * interval '1 minute' end as first_response_at,
        timestamptz '2026-02-02' as first_solved_at, timestamptz '2026-02-03' as last_solved_at,
        'solved' as status, n = 30 as is_unanswered, n % 2 as sla_targets,
        'zendesk' as source, case when n > 1 then '36' || n % 2 end as team_id
    from generate_series(1, 30) as n;
create table candidate.dim_teams as
    select 'zendesk' as source, '36' || n as team_id, 'Team ' || n as team from generate_series(0, 1) as n;
create table candidate.mart_support__first_response as
    select 'all' as period, 'all' as channel, 30 as n, 29 as n_answered, 15.0 as median_minutes, 12.0 as median_ci_low,
        18.0 as median_ci_high, 27.0 as p90_minutes, 15.0 as mean_answered_minutes, 11.0 as mean_answered_ci_low,
        19.0 as mean_answered_ci_high;
create table candidate.fct_ticket_replies as
    select ticket_key, 1 as turn_number, first_response_minutes as reply_minutes,
        first_response_minutes / 2 as reply_business_minutes, timestamptz '2026-02-01' as asked_at,
        case when first_response_minutes is not null then timestamptz '2026-02-02' end as answered_at
    from candidate.fct_tickets;
create table candidate.fct_sla_targets as
    select ticket_key, timestamptz '2026-02-01' as started_at, timestamptz '2026-02-02' as stopped_at,
        60.0 as elapsed_minutes
    from candidate.mart_support__tickets where sla_targets = 1;
create table candidate.mart_support__durations as
    select 'first_response' as metric, 'all' as dimension, 'all' as period, 30 as n, 29 as n_done,
        15.0 as median_minutes, 12.0 as median_ci_low, 18.0 as median_ci_high, 27.0 as p90_minutes,
        15.0 as mean_done_minutes, 11.0 as mean_done_ci_low, 19.0 as mean_done_ci_high;
create table candidate.mart_support__shares as select 0.5 as value, 0.4 as ci_low, 0.6 as ci_high;
create table candidate.mart_support__backlog_daily as
    select date '2026-03-01' - n as day, case when n = 0 then 3 else 9 end as open_tickets, 40 as opened
    from generate_series(0, 60) as n;
create table candidate.mart_support__contact_rate as
    select 'month' as period, 'all' as channel, 'all' as topic, 29 as contacts, 1.5 as contacts_per_active_customer;
create table candidate.mart_support__parity as select 'equal' as explanation;
create table candidate_intermediate.int_ticket__tickets as
    select 'zendesk:' || n as ticket_key, n > 30 as is_deleted from generate_series(1, 32) as n;

create table candidate_intermediate.int_survey__scored as
    select 'a' || n as answer_key, case when n = 23 then 'csat_helpdesk' else 'nps' end as metric,
        case when n = 23 then 'zendesk:31' end as ticket_key,
        case when n = 22 then 'out of scale' end as rejected_because,
        case when n = 24 then 'internal' else 'customer' end as audience
    from generate_series(1, 24) as n;
create view candidate_intermediate.int_survey__rejected as
    select * from candidate_intermediate.int_survey__scored where rejected_because is not null;
create table candidate.fct_survey_answers as
    select 'a' || n as answer_key, 'nps' as metric, 'customer' as audience, 9::numeric as score,
        0::numeric as scale_min,
        10::numeric as scale_max, timestamptz '2026-02-01' as answered_at
    from generate_series(1, 21) as n;
create table candidate.mart_voice__scores as
    select * from (values
        ('nps_responses', 'all', 'all', 'points', '0-10', 21, 20, 1, 100.0, 85.0, 100.0),
        ('nps_responses', 'f1', 'all', 'points', '0-10', 21, 20, 1, 100.0, 85.0, 100.0),
        ('csat', 'f2', 'all', 'share', '1-5', 0, 0, 0, null, null, null),
        ('ces_mean', 'f2', 'week', 'score', '1-5 reversed', 3, 3, 0, 4.0, 3.0, 5.0)
    ) as row (metric, survey, period, unit, scale, n, n_customers, n_rejected, value, ci_low, ci_high);
alter table candidate.mart_voice__scores add column purpose text default 'relationship', add column period_start date;
-- as many answers on each of 63 days
insert into candidate_intermediate.int_survey__scored
    select 'b' || n, 'csat', null, null, 'customer' from generate_series(1, 399) as n;
insert into candidate.fct_survey_answers
    select 'b' || n, 'csat', 'customer', 4, 1, 5, timestamptz '2026-02-01' from generate_series(1, 399) as n;
create table candidate.mart_voice__answers as
    select answer_key, date '2026-02-28' - (row_number() over ())::int % 63 as answered_date
    from candidate.fct_survey_answers;
create table candidate.mart_voice__scores_by as
    select metric, scale, purpose, 'all' as dimension, 'all' as member, period, period_start, value, n, n_customers,
        ci_low, ci_high
    from candidate.mart_voice__scores where survey = 'all';
create table candidate.mart_voice__changes as
    select 1.0 as difference, -1.0 as ci_low, 3.0 as ci_high, 0.3 as p_value, 0.4 as q_value;
create table candidate_settings.metric_settings as select 'staff_answers_floor' as setting, 10 as setting_value;
create table candidate_intermediate.int_survey__responses as
    select 'r' || n as response_key, 'customer' as audience from generate_series(1, 420) as n;
create table candidate.fct_survey_responses as
    select 'r' || n as response_key, timestamptz '2026-01-01' as invited_at, timestamptz '2026-01-01' as started_at,
        timestamptz '2026-01-02' as answered_at, timestamptz '2026-01-02' as completed_at,
        date '2026-02-28' - n % 63 as asked_date
    from generate_series(1, 420) as n;
create table candidate.mart_voice__response_rates as select 10 as n_invited, 5 as n_answered, 0.5 as response_rate;
create table candidate.mart_voice__operational_gap as
    select 10 as n, 5 as n_rated, 4 as n_success_rated, 1 as n_success_rated_bad;
create table candidate.mart_voice__staff as
    select * from (values ('a', 9, null), ('b', 10, 20.0)) as row (team, n_staff_answers, enps);

create table candidate.mart_voice__rating_reasons as select 5 as n_bad, 2 as n, 0.4 as share_of_bad;
create table candidate.mart_voice__belief_gap as select 5.0 as gap_ci_low, 15.0 as gap_ci_high;
create table candidate.mart_voice__channel_consistency as
    select 0.9 as highest_value, 0.7 as lowest_value, 0.1 as ci_low, 0.3 as ci_high;

-- the third comment was made on a ticket that is deleted
create table candidate_intermediate.int_survey__comments as
    select 'k' || n as comment_key, case when n = 3 then 'zendesk:31' end as ticket_key from generate_series(1, 3) as n;
create table candidate.fct_comment_scores as
    select * from (values ('k1', 0.5), ('k2', null)) as row (comment_key, sentiment);
create table candidate.fct_comments_personal as select comment_key from candidate.fct_comment_scores;
create table candidate.fct_comment_themes as select 'k1' as comment_key, 'waiting' as theme;
create table candidate.mart_voice__themes as
    select 2 as n_comments, 1 as n, 0.5 as comment_share, 0.1 as ci_low, 0.5 as mean_sentiment, 0.9 as ci_high;

create table candidate_settings.sources as
    select * from (values ('hubspot', true), ('zendesk', false), ('matomo', false))
        as row (source, is_one_record_per_person);
create table candidate_settings.identity_rules as
    select * from (values ('email', true), ('override_link', true), ('phone_and_name', false)) as row (rule, is_on);
-- three customers of a contact, a helpdesk user and a browser each; a browser of nobody, and an agent who never asked
create table candidate_intermediate.int_person__identities as
    select 'i' || n as identity_key, case when n <= 3 then 'crm_contact' when n <= 6 or n = 11 then 'helpdesk_user'
        else 'browser' end as kind, n = 11 as is_agent
    from generate_series(1, 11) as n;
create table candidate_intermediate.int_person__customers as
    select 'i' || n as identity_key, 'c' || n % 3 as customer_key from generate_series(1, 9) as n;
create table candidate_intermediate.int_person__merges as
    select * from (values ('i99', 'i1')) as row (loser_key, winner_key);
create table candidate_intermediate.int_person__reviews as
    select 'shared_email' as review_kind, 'email' as evidence, 'i1' as left_identity, 'i5' as right_identity;
create table candidate.mart_customer__identity_review as
    select review_kind, evidence, left_identity as left_identity_key from candidate_intermediate.int_person__reviews;
create table candidate.bridge_customer_identities as
    select customer.identity_key, customer.customer_key, identity.kind, false as is_deleted,
        case identity.kind when 'crm_contact' then 'hubspot' when 'browser' then 'matomo' else 'zendesk' end as source,
        case identity.kind when 'crm_contact' then 'oldest' else 'email' end as rule, 'as it is' as evidence,
        case when identity.kind <> 'crm_contact' then 'i' || 1 + (substring(identity.identity_key, 2)::int - 1) % 3 end
            as linked_to_identity_key
    from candidate_intermediate.int_person__customers as customer
    join candidate_intermediate.int_person__identities as identity using (identity_key);
create table candidate.customer_identity_history as
    select identity_key, customer_key, null::timestamptz as valid_to from candidate.bridge_customer_identities
    union all select 'i5', 'c7', '2026-02-01';
create table candidate.customer_key_redirects as
    select * from (values ('c7', 'c2'), ('c8', 'c0'), ('c9', null)) as row (old_customer_key, customer_key);
create table candidate_staging.stg_matomo__visits as
    select n as visit_id, n > 8 as is_deleted from generate_series(1, 9) as n;
create table candidate.fct_visits as
    select 'matomo:' || n as visit_key, 'matomo' as source, n < 7 as is_before_known from generate_series(1, 8) as n;
create table candidate_intermediate.int_account__accounts as select 'k1' as account_key;
create table candidate.dim_accounts as select 'k1' as account_key;
create table candidate.dim_customers as
    select 'c' || n as customer_key, 2 as crm_contacts, 1 as helpdesk_users from generate_series(0, 2) as n;
create table candidate.dim_customers_personal as select customer_key from candidate.dim_customers;
create table candidate.fct_orders as
    select 'o' || n as order_key, 'c' || n % 3 as customer_key, 10.0 as amount, false as is_refund,
        timestamptz '2026-02-01' as ordered_at
    from generate_series(1, 30) as n;
create table candidate_intermediate.int_order__candidates as
    select order_key, null as rejected_because from candidate.fct_orders
    union all select 'o31', 'no currency';
create view candidate_intermediate.int_order__rejected as
    select * from candidate_intermediate.int_order__candidates where rejected_because is not null;
create table candidate.mart_customer__360 as
    select customer_key, (select count(*) from candidate.fct_tickets as t where t.customer_key = c.customer_key)
            as tickets,
        1 as open_tickets, 2 as tickets_90d, 2 as visits_before_known, 100.0 as revenue_amount,
        date '2026-01-01' as first_order_date, date '2026-02-01' as last_order_date
    from candidate.dim_customers as c;

create table candidate.mart_customer__accounts as
    select account_key, 3 as customers, 2 as active_customers, 30 as tickets, 3 as open_tickets,
        date '2026-01-01' as first_order_date, date '2026-02-01' as last_order_date
    from candidate.dim_accounts;

create table candidate_staging.stg_ga4__daily_traffic as
    select date '2026-02-01' + n as visit_date, 100 as sessions, false as is_deleted from generate_series(0, 28) as n;
create table candidate.mart_web__sessions_daily as
    select 'ga4' as source, visit_date, sessions, 60 as engaged_sessions from candidate_staging.stg_ga4__daily_traffic;

create table candidate.source_freshness as
    select 'zendesk' as source, 1.5 as age_hours, false as is_stale, 'succeeded' as last_status;
"""

# What is done to the night → the column that is named, and how grave it is.
SPOILT = [
    ("update {c}.mart_support__tickets set first_response_minutes = -1 where ticket_key = 'zendesk:7'",
     "first_response_minutes", "critical"),
    ("update {c}.mart_support__tickets set first_response_zendesk_minutes = -1 where ticket_key = 'zendesk:7'",
     "first_response_zendesk_minutes", "critical"),
    ("update {c}.mart_support__tickets set first_customer_turn_at = '2026-02-05' where ticket_key = 'zendesk:7'",
     "first_response_at", "critical"),
    ("update {c}.mart_support__tickets set created_at = '2026-02-05' where ticket_key = 'zendesk:7'",
     "first_response_at", "critical"),
    ("update {c}.mart_support__tickets set last_solved_at = '2026-02-01'", "last_solved_at", "critical"),
    ("update {c}.mart_support__tickets set status = 'odd'", "status", "warning"),
    ("update {c}.mart_support__tickets set is_unanswered = true where ticket_key = 'zendesk:7'",
     "both_answered_and_not", "critical"),
    ("update {c}.mart_support__tickets set created_at = '2999-01-01' where first_response_at is null",
     "tickets_ahead", "warning"),
    ("delete from {c}.dim_teams where team = 'Team 1'", "teams_without_name", "warning"),
    ("update {c}.fct_tickets set customer_key = null where ticket_key in ('zendesk:4', 'zendesk:7')",
     "without_customer_share", "warning"),
    ("delete from {c}_staging.stg_zendesk__tickets where ticket_id = 1", "tickets_lost", "critical"),
    ("delete from {c}.mart_support__tickets where is_unanswered", "tickets_not_shown", "critical"),
    ("update {c}.mart_support__first_response set n_answered = 28", "answers_not_summed", "critical"),
    ("update {c}.mart_support__first_response set n = 28", "n", "critical"),
    ("update {c}.mart_support__first_response set p90_minutes = 14", "p90_minutes", "critical"),
    ("update {c}.mart_support__first_response set median_ci_low = 16", "median_minutes", "critical"),
    ("update {c}.mart_support__first_response set median_ci_high = 14", "median_ci_high", "critical"),
    ("update {c}.mart_support__first_response set mean_answered_ci_low = 16", "mean_answered_minutes", "critical"),
    ("update {c}.mart_support__first_response set mean_answered_ci_high = 14", "mean_answered_ci_high", "critical"),
    ("update {c}.fct_ticket_replies set asked_at = '2026-02-03'", "answered_at", "critical"),
    ("update {c}.fct_ticket_replies set reply_business_minutes = 40 where ticket_key = 'zendesk:7'", "reply_minutes",
     "critical"),
    ("update {c}.fct_sla_targets set started_at = '2026-02-03'", "stopped_at", "critical"),
    ("update {c}.fct_sla_targets set elapsed_minutes = -1", "elapsed_minutes", "critical"),
    ("update {c}.mart_support__durations set p90_minutes = 14", "p90_minutes", "critical"),
    ("update {c}.mart_support__durations set median_ci_low = 16", "median_minutes", "critical"),
    ("update {c}.mart_support__durations set median_ci_high = 14", "median_ci_high", "critical"),
    ("update {c}.mart_support__durations set mean_done_ci_low = 16", "mean_done_minutes", "critical"),
    ("update {c}.mart_support__durations set mean_done_ci_high = 14", "mean_done_ci_high", "critical"),
    ("update {c}.mart_support__durations set n_done = 31", "n", "critical"),
    ("update {c}.mart_support__shares set value = 1.1, ci_high = 1.2", "value", "critical"),
    ("update {c}.mart_support__shares set ci_low = 0.55", "value", "critical"),
    ("update {c}.mart_support__shares set ci_high = 0.45", "ci_high", "critical"),
    ("update {c}.mart_support__backlog_daily set open_tickets = -1 where day = '2026-02-05'", "open_tickets",
     "critical"),
    ("insert into {c}.mart_support__contact_rate values ('week', 'all', 'all', 0, 0)", "contacts", "critical"),
    ("update {c}.mart_support__contact_rate set contacts_per_active_customer = -1", "contacts_per_active_customer",
     "critical"),
    ("update {c}.fct_ticket_replies set reply_minutes = 9 where ticket_key = 'zendesk:7'",
     "first_responses_told_otherwise", "critical"),
    ("update {c}.mart_support__durations set n = 29", "waits_not_summed", "critical"),
    ("delete from {c}.fct_sla_targets where ticket_key = 'zendesk:7'", "promises_not_shown", "critical"),
    ("update {c}.mart_support__contact_rate set contacts = 30", "contacts_lost", "critical"),
    ("update {c}.mart_support__backlog_daily set open_tickets = 4 where day = '2026-03-01'",
     "open_tickets_by_history", "warning"),
    ("update {c}.mart_support__parity set explanation = 'unexplained'", "figures_unexplained", "warning"),
    ("update {c}.mart_support__backlog_daily set opened = 7 where day = '2026-02-28'", "last_day_against_usual",
     "warning"),
    ("update {c}.fct_survey_answers set score = 11 where answer_key = 'a1'", "scale_max", "critical"),
    ("update {c}.fct_survey_answers set score = -1 where answer_key = 'a1'", "score", "critical"),
    ("update {c}.mart_voice__scores set value = 101, ci_high = 101 where survey = 'f1'", "highest_possible",
     "critical"),
    ("update {c}.mart_voice__scores set value = 0.5, ci_low = 0.5 where metric = 'ces_mean'", "value", "critical"),
    ("update {c}.mart_voice__scores set value = 5.5, ci_high = 5.5 where metric = 'ces_mean'", "highest_possible",
     "critical"),
    ("update {c}.mart_voice__scores set ci_low = 4.5 where metric = 'ces_mean'", "value", "critical"),
    ("update {c}.mart_voice__scores set ci_high = 3.5 where metric = 'ces_mean'", "ci_high", "critical"),
    ("update {c}.mart_voice__scores set ci_low = -101 where survey = 'f1'", "ci_low", "critical"),
    ("update {c}.mart_voice__scores set n_customers = 22 where survey = 'f1'", "n", "critical"),
    ("update {c}.mart_voice__scores set value = 0 where n = 0", "values_of_nothing", "critical"),
    ("update {c}.mart_voice__scores set value = null where n = 3", "answers_without_value", "critical"),
    ("update {c}.mart_voice__scores set n = 22 where survey = 'all'", "nps_answers_not_summed", "critical"),
    ("update {c}.mart_voice__scores set n_rejected = 3 where survey = 'f1'", "rejected_share", "warning"),
    ("insert into {c}_intermediate.int_survey__scored values ('a99', 'nps', null, null, 'customer')",
     "answers_lost", "critical"),
    ("update {c}.fct_survey_answers set answered_at = '2999-01-01', metric = 'csat' where answer_key = 'a1'; "
     "update {c}.mart_voice__scores set n = 20 where survey = 'all'", "answers_ahead", "warning"),
    ("update {c}.mart_voice__scores_by set ci_low = 101", "value", "critical"),
    ("update {c}.mart_voice__scores_by set ci_high = 99", "ci_high", "critical"),
    ("update {c}.mart_voice__scores_by set n_customers = 22", "n", "critical"),
    ("update {c}.mart_voice__changes set ci_low = 2", "difference", "critical"),
    ("update {c}.mart_voice__changes set ci_high = 0", "ci_high", "critical"),
    ("update {c}.mart_voice__changes set q_value = 0.2", "q_value", "critical"),
    ("update {c}.fct_survey_responses set invited_at = '2026-01-03' where response_key = 'r1'", "answered_at",
     "warning"),
    ("update {c}.fct_survey_responses set started_at = '2026-01-03' where response_key = 'r1'", "completed_at",
     "warning"),
    ("update {c}.mart_voice__response_rates set n_answered = 11", "n_invited", "critical"),
    ("update {c}.mart_voice__response_rates set response_rate = 1.1", "response_rate", "critical"),
    ("update {c}.mart_voice__operational_gap set n_rated = 11", "n", "critical"),
    ("update {c}.mart_voice__operational_gap set n_success_rated_bad = 5", "n_success_rated", "critical"),
    ("delete from {c}.mart_voice__answers where answer_key = 'a1'", "answers_not_cut", "critical"),
    ("update {c}.mart_voice__scores_by set n = 20", "totals_that_differ", "critical"),
    ("delete from {c}.mart_voice__scores_by", "totals_that_differ", "critical"),
    ("delete from {c}.fct_survey_responses where response_key = 'r1'", "responses_lost", "critical"),
    ("update {c}.mart_voice__staff set enps = 0 where team = 'a'", "staff_shown", "critical"),
    ("update {c}.mart_voice__answers set answered_date = '2026-02-25' where answered_date < '2026-02-10'",
     "answers_against_usual", "warning"),
    ("update {c}.fct_survey_responses set asked_date = '2026-01-25' where asked_date > '2026-02-10'",
     "invited_against_usual", "warning"),
    ("update {c}.mart_voice__rating_reasons set share_of_bad = 1.4", "share_of_bad", "critical"),
    ("update {c}.mart_voice__rating_reasons set n = 6", "n_bad", "critical"),
    ("update {c}.mart_voice__belief_gap set gap_ci_high = 4", "gap_ci_high", "critical"),
    ("update {c}.mart_voice__channel_consistency set lowest_value = 0.95", "highest_value", "critical"),
    ("update {c}.mart_voice__channel_consistency set ci_high = 0.05", "ci_high", "critical"),
    ("update {c}.fct_comment_scores set sentiment = 1.5 where comment_key = 'k1'", "sentiment", "critical"),
    ("update {c}.mart_voice__themes set comment_share = 1.5", "comment_share", "critical"),
    ("update {c}.mart_voice__themes set n = 3", "n_comments", "critical"),
    ("update {c}.mart_voice__themes set ci_low = 0.6", "mean_sentiment", "critical"),
    ("update {c}.mart_voice__themes set ci_high = 0.4", "ci_high", "critical"),
    ("delete from {c}.fct_comment_scores where comment_key = 'k2'; "
     "delete from {c}.fct_comments_personal where comment_key = 'k2'", "comments_lost", "critical"),
    ("delete from {c}.fct_comments_personal where comment_key = 'k2'", "comments_without_text", "critical"),
    ("insert into {c}.fct_comment_themes values ('k9', 'waiting')", "themes_of_nothing", "critical"),
    ("update {c}.mart_customer__360 set open_tickets = 20", "tickets", "critical"),
    ("update {c}.mart_customer__360 set tickets_90d = 20", "tickets", "critical"),
    ("update {c}.mart_customer__360 set last_order_date = '2025-01-01'", "last_order_date", "critical"),
    ("update {c}.mart_customer__360 set revenue_amount = 99.99", "revenue_lost", "critical"),
    ("update {c}.mart_customer__360 set tickets = tickets + 1", "tickets_lost", "critical"),
    ("delete from {c}.mart_customer__360 where customer_key = 'c0'; "
     "update {c}.mart_customer__360 set revenue_amount = 150, tickets = 14.5", "customers_not_shown", "critical"),
    ("update {c}.mart_customer__360 set visits_before_known = 3", "visits_lost", "critical"),
    ("update {c}.mart_customer__accounts set active_customers = 4", "customers", "critical"),
    ("update {c}.mart_customer__accounts set open_tickets = 31", "tickets", "critical"),
    ("update {c}.mart_customer__accounts set last_order_date = '2025-01-01'", "last_order_date", "critical"),
    ("delete from {c}.mart_customer__accounts", "accounts_not_shown", "critical"),
    ("insert into {c}_intermediate.int_person__identities values ('i12', 'survey_respondent', false)",
     "identities_lost", "critical"),
    ("insert into {c}_intermediate.int_person__customers values ('i10', 'c0')", "identities_not_shown", "critical"),
    ("insert into {c}.bridge_customer_identities values ('i10', 'c4', 'browser', false, 'matomo', 'alone', 'x', null)",
     "customers_of_browsers", "critical"),
    ("update {c}.customer_identity_history set customer_key = 'c1' where identity_key = 'i3'",
     "identities_told_otherwise", "critical"),
    ("delete from {c}.mart_customer__identity_review", "cases_lost", "critical"),
    ("insert into {c}.bridge_customer_identities "
     "select 'i' || n, 'c0', 'survey_respondent', false, 'typeform', 'email', 'x', 'i3' "
     "from generate_series(100, 300) as n", "identities_of_largest_customer", "warning"),
    ("update {c}.bridge_customer_identities set evidence = null where identity_key = 'i4'", "links_unexplained",
     "critical"),
    ("update {c}.bridge_customer_identities set rule = null where identity_key = 'i4'", "links_unexplained",
     "critical"),
    ("update {c}.bridge_customer_identities set rule = 'phone_and_name' where identity_key = 'i4'", "links_by_no_rule",
     "critical"),
    ("update {c}.bridge_customer_identities set linked_to_identity_key = 'i2' where identity_key = 'i4'",
     "links_astray", "critical"),
    ("update {c}.bridge_customer_identities set linked_to_identity_key = null where identity_key = 'i4'",
     "links_astray", "critical"),
    ("update {c}.bridge_customer_identities set customer_key = 'c1', rule = 'email', linked_to_identity_key = 'i1' "
     "where identity_key = 'i2'", "contacts_glued", "critical"),
    ("insert into {c}.customer_key_redirects values ('c1', 'c2')", "redirects_of_customers", "critical"),
    ("insert into {c}.customer_key_redirects values ('c6', 'c5')", "redirects_to_nobody", "critical"),
    ("insert into {c}.customer_key_redirects values ('c6', 'c7')", "redirects_chained", "critical"),
    ("insert into {c}.customer_key_redirects values ('c6', 'c6')", "redirects_chained", "critical"),
    ("insert into {c}_intermediate.int_person__customers values ('i99', 'c99')", "customers_lost", "critical"),
    ("delete from {c}.dim_customers_personal where customer_key = 'c0'", "customers_without_personal_row", "critical"),
    ("update {c}.dim_customers set crm_contacts = 25 where customer_key = 'c0'", "records_of_largest_customer",
     "warning"),
    ("insert into {c}_intermediate.int_account__accounts values ('k2')", "accounts_lost", "critical"),
    ("insert into {c}_intermediate.int_order__candidates values ('o99', null)", "orders_lost", "critical"),
    ("update {c}.fct_orders set is_refund = true where order_key = 'o1'", "refunds_mistaken", "critical"),
    ("update {c}.fct_orders set ordered_at = '2999-01-01' where order_key = 'o1'", "orders_ahead", "warning"),
    ("insert into {c}_intermediate.int_order__candidates values ('o98', 'no amount')", "rejected_share", "warning"),
    ("update {c}.mart_web__sessions_daily set engaged_sessions = 101", "sessions", "critical"),
    ("update {c}_staging.stg_ga4__daily_traffic set is_deleted = true where visit_date = '2026-02-05'",
     "sessions_lost", "critical"),
    ("delete from {c}.fct_visits where visit_key = 'matomo:8'", "visits_lost", "critical"),
    ("update {c}.mart_web__sessions_daily set visit_date = '2026-03-03' where visit_date = '2026-02-27'",
     "days_ahead", "warning"),
    ("update {c}.mart_web__sessions_daily set sessions = 600 where visit_date = '2026-02-28'; "
     "update {c}_staging.stg_ga4__daily_traffic set sessions = 600 where visit_date = '2026-02-28'",
     "last_day_against_usual", "warning"),
    ("update {c}.source_freshness set is_stale = true", "is_fresh", "warning"),
    ("update {c}.source_freshness set last_status = 'failed'", "last_status", "warning"),
    ("update {c}.source_freshness set age_hours = -1", "age_hours", "warning"),
    ("insert into {c}.source_freshness values ('ghost', 1, false, 'succeeded')", "sources_unknown", "critical"),
]  # fmt: skip


class Night:
    """The good night, on which a spoilt copy is checked at a time."""

    def __init__(self, warehouse: Warehouse, docs: Path) -> None:
        self.dsn, self.docs = warehouse.dsn(), docs
        bootstrap(self.dsn)  # a copied database has not the template's own grants
        with psycopg.connect(warehouse.dsn("cx_publisher"), autocommit=True) as publisher:
            prepare_candidate(publisher, False)
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(GOOD_NIGHT)
            row = connection.execute(
                "insert into ops.builds (as_of, kind) values (%s, 'full') returning build_number", [AS_OF]
            ).fetchone()
            assert row
            self.build = int(row[0])
            connection.execute(
                "insert into ops.nights (as_of, sources, deadline_at) values (%s, '{zendesk}', now())", [AS_OF]
            )
            connection.execute(
                """insert into ops.build_high_water (build_number, source, stream, sequence)
                   values (%s, 'zendesk', 'x', 1)""",
                [self.build],
            )

    def check(self, column: str | None = None) -> Verdict:
        """All expectations, or those on the datasets of which a column is looked at."""
        suites = suites_of("marts")
        if column is not None:
            suites = [
                replace(suite, datasets=tuple(
                    dataset for dataset in suite.datasets if column in {check.column for check in dataset.checks}))
                for suite in suites
            ]  # fmt: skip
        return run_border("marts", self.dsn, self.build, as_of=AS_OF, docs_dir=self.docs, suites=suites)

    def rows(self, statement: str) -> list[tuple]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def night(warehouse: Warehouse, tmp_path: Path) -> Iterator[Night]:
    yield Night(warehouse, tmp_path)


def test_good_night_passes_whole(night: Night) -> None:
    verdict = night.check()
    assert [str(found) for found in verdict.outcomes if not found.success] == []


@pytest.mark.parametrize(
    "excuse",
    [
        "update {b} set rule = 'override_link'",  # somebody decided it
        "update {b} set is_deleted = true",  # the CRM no longer has it
        "insert into candidate_intermediate.int_person__merges values ('i2', 'i1')",  # merged, not gone yet
        "update candidate_settings.sources set is_one_record_per_person = false",
    ],
)
def test_two_contacts_may_be_one_customer_for_a_reason(night: Night, excuse: str) -> None:
    bridge = "candidate.bridge_customer_identities"
    night.rows(
        f"update {bridge} set customer_key = 'c1', rule = 'email', linked_to_identity_key = 'i1' "
        "where identity_key = 'i2'"
    )
    assert "contacts_glued" in {found.check.column for found in night.check("contacts_glued").critical}
    night.rows(excuse.replace("{b}", bridge) + (" where identity_key = 'i2'" if "{b}" in excuse else ""))
    assert "contacts_glued" not in {found.check.column for found in night.check("contacts_glued").critical}


def test_every_expectation_on_the_marts_can_be_broken(night: Night) -> None:
    """Each change is made on the good night, found, and taken back."""
    copy = [
        row[0]
        for row in night.rows(
            "select format('%I.%I', relnamespace::regnamespace::text, relname) from pg_class "
            "where relnamespace::regnamespace::text ~ '^candidate' and relkind = 'r'",
        )
    ]
    for table in copy:
        night.rows(f'create table public."{table}" as table {table}')
    broken = set()
    for change, column, severity in SPOILT:
        night.rows(change.replace("{c}", "candidate"))
        verdict = night.check(column)
        assert [found.error for found in verdict.outcomes if found.error] == [], change
        failed = {(str(found.check.column), found.check.severity) for found in verdict.outcomes if not found.success}
        assert (column, severity) in failed, f"{change}: {failed}"
        broken |= {(found.dataset, found.check.says) for found in verdict.outcomes if not found.success}
        spoilt = set(re.findall(r"{c}\w*\.(\w+)", change))
        for table in copy:
            if table.partition(".")[2].strip('"') in spoilt:
                night.rows(f'truncate {table}; insert into {table} table public."{table}"')
    never = [
        f"{dataset.name}: {check.says}"
        for suite in suites_of("marts")
        for dataset in suite.datasets
        for check in dataset.checks
        if (dataset.name, check.says) not in broken
    ]
    assert never == []
