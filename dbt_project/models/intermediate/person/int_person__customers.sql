{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='identity_key',
    indexes=[
        {'columns': ['identity_key'], 'unique': true}, {'columns': ['customer_key']}, {'columns': ['build_number']}
    ],
) }}

-- The rule for now: one normalised e-mail address is one customer. Links with evidence, caps and cuts come with
-- identity proper; it replaces this model and keeps its columns.
with recursive best_merges as (
    -- a winner that was merged away itself gives way to the one that stands
    select distinct on (loser_key)
        loser_key,
        winner_key
    from {{ ref('int_person__merges') }}
    order by loser_key asc, is_winner_deleted asc, known_at desc, winner_key asc
),

winners (identity_key, winner_key, depth) as (
    select
        loser_key,
        winner_key,
        1
    from best_merges
    union all
    select
        winner.identity_key,
        further.winner_key,
        winner.depth + 1
    from winners as winner
    inner join best_merges as further on winner.winner_key = further.loser_key
    where winner.depth < 20
),

last_winners as (
    select distinct on (identity_key)
        identity_key,
        winner_key
    from winners
    order by identity_key asc, depth desc
),

requesters as (
    select distinct requester_key
    from {{ ref('int_ticket__tickets') }}
    where not is_deleted
),

identities as (
    select
        identity.identity_key,
        identity.email,
        identity.kind,
        identity.leads_to_identity_key,
        identity.leads_to_ticket_key,
        coalesce(last_winner.winner_key, identity.identity_key) as winner_key,
        last_winner.winner_key is not null as is_merged_away
    from {{ ref('int_person__identities') }} as identity
    left join last_winners as last_winner on identity.identity_key = last_winner.identity_key
    left join requesters as requester on identity.identity_key = requester.requester_key
    -- an employee is a customer only as somebody who asked for help
    where not identity.is_agent or requester.requester_key is not null
),

-- a record that was merged away leads to the customer of the record it was merged into
records as (
    select
        identity.identity_key,
        coalesce(
            'email:' || case when winner.identity_key is null then identity.email else winner.email end,
            identity.winner_key
        ) as evidence
    from identities as identity
    left join identities as winner on identity.winner_key = winner.identity_key
    where identity.kind in ('crm_contact', 'helpdesk_user')
),

evidence as (
    select
        identity.identity_key,
        coalesce(
            record.evidence,
            'email:' || identity.email,
            contact.evidence,
            requester.evidence,
            identity.identity_key
        ) as evidence,
        case
            when identity.is_merged_away then 'merged'
            when identity.email is not null then 'email'
            when contact.evidence is not null then 'contact_id'
            when requester.evidence is not null then 'ticket_id'
            else 'alone'
        end as rule
    from identities as identity
    left join records as record on identity.identity_key = record.identity_key
    left join records as contact on identity.leads_to_identity_key = contact.identity_key
    left join {{ ref('int_ticket__tickets') }} as ticket on identity.leads_to_ticket_key = ticket.ticket_key
    left join records as requester on ticket.requester_key = requester.identity_key
)

select
    identity_key,
    {{ surrogate_key(['evidence']) }} as customer_key,
    rule,
    {{ build_number() }} as build_number
from evidence
