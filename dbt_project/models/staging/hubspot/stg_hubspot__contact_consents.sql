{{ config(
    unique_key='contact_id',
    indexes=[
        {'columns': ['contact_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ all_versions('hubspot', 'contacts') }}
),

stated as (
    select
        versions.key as contact_id,
        versions.sequence,
        versions.changed_at,
        versions.is_deleted,
        (versions.record ->> 'createdAt')::timestamptz as created_at,
        min(versions.sequence) over (partition by versions.key) as first_sequence,
        nullif(property.hs_legal_basis, '') as legal_basis,
        case
            when property.hs_email_optout = 'true' then 'withdrawn'
            when property.hs_legal_basis ilike 'freely given consent%' then 'given'
            else 'unknown'
        end as state
    from versions
    cross join lateral jsonb_to_record(versions.record -> 'properties') as property (
        hs_email_optout text, hs_legal_basis text
    )
),

-- the run of versions up to the latest one that say the same as it
latest as (
    select distinct on (contact_id)
        contact_id,
        state,
        legal_basis,
        is_deleted,
        sequence
    from stated
    order by contact_id asc, sequence desc
),

changed as (
    select
        latest.contact_id,
        coalesce(max(stated.sequence), 0) as sequence
    from latest
    left join stated on latest.contact_id = stated.contact_id and latest.state <> stated.state
    group by latest.contact_id
)

select
    latest.contact_id,
    latest.state,
    latest.legal_basis,
    min(case when stated.sequence = stated.first_sequence then stated.created_at else stated.changed_at end)
        as stated_at,
    latest.is_deleted,
    latest.sequence as record_sequence,
    {{ build_number() }} as build_number
from latest
inner join changed on latest.contact_id = changed.contact_id
inner join stated on latest.contact_id = stated.contact_id and changed.sequence < stated.sequence
group by latest.contact_id, latest.state, latest.legal_basis, latest.is_deleted, latest.sequence
