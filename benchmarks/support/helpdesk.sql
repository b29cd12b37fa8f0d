-- A helpdesk of three years: per ticket six comments and some ten changes of fields in ten audits. What would lie after
-- the night has not happened, so the latest tickets are open; one in two hundred is never solved.
create function pg_temp.dice(n bigint, salt bigint) returns double precision language sql immutable parallel safe
    as $$ select (hashint8(n * 1009 + salt) & 2147483647) / 2147483648.0 $$;

-- What happens in turn: hours until it does (on average), who writes and whether all see it, and which field becomes what.
create temp table step (k, hours, writer, is_public, field, before, after) as values
    (0, 0.0, 'customer', true, 'status', null, 'new'),
    (1, 5.0, 'agent', true, 'status', 'new', 'pending'),
    (2, 20.0, 'customer', true, 'status', 'pending', 'open'),
    (3, 2.0, 'agent', false, 'priority', 'normal', 'high'),
    (4, 3.0, 'agent', true, 'status', 'open', 'hold'),
    (5, 1.0, null, null, 'group_id', null, null),
    (6, 30.0, null, null, 'status', 'hold', 'open'),
    (7, 6.0, 'agent', true, 'status', 'open', 'solved'),
    (8, 40.0, null, null, 'status', 'solved', 'open'),
    (9, 12.0, null, null, 'status', 'open', 'solved'),
    (10, 480.0, null, null, 'status', 'solved', 'closed');  -- helpdesks close after up to 28 days

create temp table ticket as
select
    n,
    timestamptz '{as_of}' - (1096.0 * ({tickets} - n + 1) / {tickets}) * interval '1 day' as created_at,
    1000000 + floor(pg_temp.dice(n, 1) * {tickets} * 0.3)::bigint as requester,
    1 + floor(pg_temp.dice(n, 2) * 40)::int as agent,
    floor(pg_temp.dice(n, 3) * 8)::int as team,
    floor(pg_temp.dice(n, 4) * 8)::int as second_team,
    pg_temp.dice(n, 5) < 0.005 as is_never_solved,
    pg_temp.dice(n, 6) < 0.5 as is_reopened,
    pg_temp.dice(n, 7) < 0.7 as is_transferred,
    pg_temp.dice(n, 8) < 0.3 as is_raised
from generate_series(1, {tickets}) as n;
create temp table team (team, group_id) as
select n, case n when 0 then '360700073939' when 1 then '360700274762' else (700 + n)::text end
from generate_series(0, 7) as n;

create temp table happening as
select
    ticket.n, step.k, step.writer, step.is_public, step.field, step.before, step.after,
    ticket.created_at + sum(step.hours * -ln(1 - pg_temp.dice(ticket.n, 100 + step.k))) over (
        partition by ticket.n order by step.k) * interval '1 hour' as occurred_at
from ticket cross join step
where not (ticket.is_never_solved and step.k >= 7)
    and (ticket.is_reopened or step.k not in (8, 9))
    and (ticket.is_transferred or step.k <> 5);
delete from happening where occurred_at > timestamptz '{as_of}';

insert into candidate_staging.stg_zendesk__ticket_events
    (event_id, ticket_id, updater_id, via, child_events, occurred_at, is_deleted, record_sequence, build_number)
select
    (happening.n * 100 + happening.k)::text,
    happening.n::text,
    case happening.writer when 'customer' then ticket.requester else ticket.agent end::text,
    'web',
    case when happening.writer is null then '[]'::jsonb else jsonb_build_array(jsonb_build_object(
        'id', (happening.n * 100 + happening.k) * 10, 'event_type', 'Comment', 'public', happening.is_public,
        'author_id', case happening.writer when 'customer' then ticket.requester else ticket.agent end)) end
    || case
        when happening.k = 0 then jsonb_build_array(
            jsonb_build_object('id', happening.n * 1000 + 1, 'event_type', 'Create', 'status', 'new'),
            jsonb_build_object('id', happening.n * 1000 + 2, 'event_type', 'Create', 'priority', 'normal'),
            jsonb_build_object('id', happening.n * 1000 + 3, 'event_type', 'Create', 'group_id', team.group_id))
        when happening.k = 5 then jsonb_build_array(jsonb_build_object(
            'id', (happening.n * 100 + 5) * 10 + 1, 'event_type', 'Change', 'group_id', second_team.group_id,
            'previous_value', team.group_id))
        when happening.k = 3 and not ticket.is_raised then '[]'
        when happening.k = 1 then jsonb_build_array(
            jsonb_build_object('id', (happening.n * 100 + 1) * 10 + 1, 'event_type', 'Change', 'status', 'pending',
                'previous_value', 'new'),
            jsonb_build_object('id', (happening.n * 100 + 1) * 10 + 2, 'event_type', 'Change',
                'assignee_id', ticket.agent::text, 'previous_value', null))
        else jsonb_build_array(jsonb_build_object(
            'id', (happening.n * 100 + happening.k) * 10 + 1, 'event_type', 'Change', happening.field, happening.after,
            'previous_value', happening.before))
    end,
    happening.occurred_at, false, happening.n * 100 + happening.k, {build}
from happening
join ticket using (n)
join team using (team)
join team as second_team on second_team.team = ticket.second_team;

insert into candidate_staging.stg_zendesk__tickets
    (ticket_id, requester_id, submitter_id, assignee_id, group_id, channel, topic, status, priority, tags, is_public,
     created_at, updated_at, is_deleted, record_sequence, build_number)
select
    ticket.n::text, ticket.requester::text, ticket.requester::text,
    case when last.k >= 1 then ticket.agent::text end,
    case when last.k >= 5 and ticket.is_transferred then second_team.group_id else team.group_id end,
    (array['email', 'web', 'chat', 'voice', 'api'])[1 + floor(pg_temp.dice(ticket.n, 9) * 5)::int],
    (array['billing', 'delivery', 'returns', 'login', 'product', 'other'])[1 + floor(pg_temp.dice(ticket.n, 10) * 6)::int],
    last.status,
    case when ticket.is_raised and last.k >= 3 then 'high' else 'normal' end,
    '[]'::jsonb, true, ticket.created_at, last.occurred_at, false, ticket.n, {build}
from ticket
join team using (team)
join team as second_team on second_team.team = ticket.second_team
join (
    select n, max(k) as k, max(occurred_at) as occurred_at,
        (array_agg(after order by k desc) filter (where field = 'status'))[1] as status
    from happening group by n
) as last using (n);

insert into candidate_staging.stg_zendesk__users
    (user_id, name, email, role, is_suspended, created_at, updated_at, is_deleted, record_sequence, build_number)
select n::text, 'Agent ' || n, 'agent' || n || '@desk.example', 'agent', false, '2023-01-01Z', '2023-01-01Z', false, n,
    {build}
from generate_series(1, 40) as n;

insert into candidate_staging.stg_zendesk__schedules
    (schedule_id, name, time_zone, intervals, created_at, updated_at, is_deleted, record_sequence, build_number)
select (360800000000 + n)::text, 'Schedule ' || n, zone, (
        select jsonb_agg(jsonb_build_object('start_time', day * 1440 + 540, 'end_time', day * 1440 + 1020))
        from generate_series(1, 5) as day),
    timestamptz '2023-01-01Z' + n * interval '1 minute', '2023-01-01Z', false, n, {build}
from (values (1, 'Warsaw'), (2, 'London'), (3, 'Eastern Time (US & Canada)')) as made (n, zone);

insert into candidate_staging.stg_zendesk__sla_policies
    (policy_id, title, match_order, conditions, targets, created_at, updated_at, is_deleted, record_sequence, build_number)
select n::text, 'Policy ' || n, n, jsonb_build_object('all', wanted, 'any', '[]'::jsonb), (
        select jsonb_agg(jsonb_build_object('priority', priority, 'metric', metric, 'target', minutes * n,
            'business_hours', n < 3))
        from (values ('normal', 1), ('high', 2)) as priority (priority, faster),
            (values ('first_reply_time', 240), ('next_reply_time', 480), ('requester_wait_time', 2400),
                ('pausable_update_time', 1440), ('agent_work_time', 1200)) as metric (metric, minutes)),
    '2023-01-01Z', '2023-01-01Z', false, n, {build}
from (values
    (1, '[{"field": "group_id", "operator": "is", "value": "360700073939"}]'::jsonb),
    (2, '[{"field": "priority", "operator": "is", "value": "high"}]'),
    (3, '[{"field": "status", "operator": "less_than", "value": ["solved"]}]')
) as made (n, wanted);

insert into candidate_intermediate.int_person__identities
    (identity_key, source, identity_id, kind, is_agent, is_deleted, created_at, changed_at, build_number)
select 'zendesk:' || n, 'zendesk', n::text, 'helpdesk_user', false, false, '2023-01-01Z', '2023-01-01Z', {build}
from generate_series(1000000, 1000000 + floor({tickets} * 0.3)::bigint) as n;
insert into candidate_identity.membership
    (identity_key, customer_key, component, rule, confidence, linked_at, is_thin, is_test, build_number)
select identity_key, md5(identity_key), identity_key, 'alone', 1, created_at, false, false, {build}
from candidate_intermediate.int_person__identities;
create index if not exists membership_0 on candidate_identity.membership (identity_key);
create index if not exists membership_2 on candidate_identity.membership (customer_key);
create index if not exists membership_3 on candidate_identity.membership (build_number);
-- four customers of ten are an account's, of which there is one to 500 tickets
insert into candidate.dim_customers
    (customer_key, account_key, is_email_known, is_active, is_test, crm_contacts, helpdesk_users, survey_responses, web_users,
     browsers, build_number)
select
    md5('zendesk:' || n),
    case when pg_temp.dice(n, 12) < 0.4 then md5('account ' || floor(pg_temp.dice(n, 13) * {tickets} * 0.002)) end,
    true, true, false, 0, 1, 0, 0, 0, {build}
from generate_series(1000000, 1000000 + floor({tickets} * 0.3)::bigint) as n;
insert into candidate.dim_accounts
    (account_key, account_name, is_active, crm_companies, helpdesk_organizations, customers, build_number)
select account_key, account_key, true, 1, 0, count(*), {build}
from candidate.dim_customers where account_key is not null group by account_key;
insert into candidate.fct_orders
    (order_key, source, order_id, customer_key, ordered_at, order_date, original_amount, currency_code, amount, is_refund,
     build_number)
select 'hubspot:' || n, 'hubspot', n::text, md5('zendesk:' || 1000000 + n), at, at::date, 100, 'EUR', 100, false, {build}
from generate_series(1, floor({tickets} * 0.25)::bigint) as n,
    lateral (select timestamptz '{as_of}' - pg_temp.dice(n, 11) * interval '1096 days' as at) as ordered;
analyze candidate_staging.stg_zendesk__tickets, candidate_staging.stg_zendesk__ticket_events,
    candidate_intermediate.int_person__identities, candidate_identity.membership, candidate.dim_customers,
    candidate.dim_accounts, candidate.fct_orders;
drop table ticket, team, step, happening;
drop function pg_temp.dice;
