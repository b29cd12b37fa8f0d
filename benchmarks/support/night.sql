-- A day's changes of one ticket in a hundred, of those that are not closed, the latest first: the customer writes again,
-- so what was solved or pending is open; one in ten of them goes to another team.
create temp table changed as
select ticket_id, status, group_id, requester_id, row_number() over (order by created_at desc) as place
from candidate_staging.stg_zendesk__tickets
where status <> 'closed'
order by created_at desc
limit ({tickets} / 100);

insert into candidate_staging.stg_zendesk__ticket_events
    (event_id, ticket_id, updater_id, via, child_events, occurred_at, is_deleted, record_sequence, build_number)
select
    'night' || ticket_id, ticket_id, requester_id, 'web',
    jsonb_build_array(jsonb_build_object(
        'id', -10 * ticket_id::bigint - 1, 'event_type', 'Comment', 'public', true, 'author_id', requester_id))
    || case when status in ('solved', 'pending') then jsonb_build_array(jsonb_build_object(
        'id', -10 * ticket_id::bigint - 2, 'event_type', 'Change', 'status', 'open', 'previous_value', status))
        else '[]' end
    || case when place % 10 = 0 then jsonb_build_array(jsonb_build_object(
        'id', -10 * ticket_id::bigint - 3, 'event_type', 'Change', 'group_id', '705', 'previous_value', group_id))
        else '[]' end,
    timestamptz '{as_of}' + interval '6 hours', false, 0, {build}
from changed;

update candidate_staging.stg_zendesk__tickets as ticket
set build_number = {build},
    status = case when ticket.status in ('solved', 'pending') then 'open' else ticket.status end,
    group_id = case when changed.place % 10 = 0 then '705' else ticket.group_id end,
    updated_at = timestamptz '{as_of}' + interval '6 hours'
from changed
where changed.ticket_id = ticket.ticket_id;
drop table changed;
