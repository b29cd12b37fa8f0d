{{ config(materialized='table', indexes=[{'columns': ['loser_key'], 'unique': true}]) }}

with hubspot as (
    select
        'hubspot:' || merged.contact_id as loser_key,
        'hubspot:' || contact.contact_id as winner_key,
        contact.is_deleted,
        contact.source_updated_at as known_at
    from {{ ref('stg_hubspot__contacts') }} as contact
    cross join lateral unnest(contact.merged_contact_ids) as merged (contact_id)
    where merged.contact_id <> contact.contact_id
),

-- a record that lists a loser and was merged away itself gives way to the one that lists both
merges as (
    select
        loser_key,
        winner_key,
        row_number() over (partition by loser_key order by is_deleted, known_at desc, winner_key) as best_first
    from hubspot
)

select
    loser_key,
    winner_key
from merges
where best_first = 1
