{{ config(
    unique_key='deal_contact_key',
    indexes=[
        {'columns': ['deal_contact_key'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('hubspot', 'deal_contacts') }}
),

links as (
    select
        versions.key,
        versions.is_deleted,
        versions.changed_at,
        versions.sequence,
        field.from_id,
        field.association
    from versions
    cross join lateral jsonb_to_record(versions.record) as field (
        from_id text,
        association jsonb
    )
)

select
    link.key as deal_contact_key,
    link.from_id as deal_id,
    far_end."toObjectId" as contact_id,
    far_end."associationTypes" as association_types,
    link.is_deleted,
    link.changed_at as record_changed_at,
    link.sequence as record_sequence,
    {{ build_number() }} as build_number
from links as link
cross join lateral jsonb_to_record(link.association) as far_end (
    "toObjectId" text,
    "associationTypes" jsonb
)
